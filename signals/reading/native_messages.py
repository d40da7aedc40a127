"""What a C library prints on the error stream while it reads: its only way to tell of damage."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# How libtiff, in Pillow or in OpenCV, and OpenCV itself begin what they print of damaged files.
TIFF_MESSAGES = (
    "tempfile.tif", "TIFF", "_TIFF", "CCITT", "Dump", "Fax", "JPEG", "LERC", "LZMA", "LZW", "Log", "NeXT", "OJPEG",
    "Old-style", "PackBits", "Pixar", "Thunder", "WEBP", "WebP", "ZIP", "ZSTD",
)  # fmt: skip
OPENCV_MESSAGES = ("[ WARN", "[ERROR", "libpng", "OpenCV", *TIFF_MESSAGES)

# The error stream belongs to the whole process.
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def native_messages(beginnings: tuple[str, ...]) -> Iterator[list[str]]:
    """Collects the lines that begin so; what anybody else prints meanwhile goes on to the error stream.

    Args:
        beginnings: How the library's lines begin.

    Yields:
        A list that holds the lines once the block is left; empty in a process without an error stream.
    """
    found: list[str] = []
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as file:
        try:
            stream = os.dup(2)
        except OSError:
            yield found
            return
        os.dup2(file.fileno(), 2)
        try:
            yield found
        finally:
            os.dup2(stream, 2)
            os.close(stream)
            file.seek(0)
            for line in file.read().splitlines(keepends=True):
                text = line.decode("utf-8", "replace").strip()
                if text.startswith(beginnings):
                    found.append(text)
                else:
                    os.write(2, line)
