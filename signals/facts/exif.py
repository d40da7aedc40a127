"""What an EXIF block names: device, software, dates, and the small preview it holds."""

from __future__ import annotations

from dataclasses import dataclass

from signals.facts.texts import shown
from signals.reading.tiff_tags import read_directory

_EXIF_DIRECTORY = 34665
_PREVIEW_START, _PREVIEW_LENGTH = 513, 514
_FIRST = {"make": 271, "model": 272, "software": 305, "modified": 306}
_SECOND = {"taken": 36867, "digitized": 36868, "lens": 42036}
_MAX_PREVIEW = 1024 * 1024


@dataclass(frozen=True)
class ExifFacts:
    """Fields as the file gives them, unchecked; None where there is none.

    Attributes:
        make: Maker of the device.
        model: The device.
        lens: The lens.
        software: Program that wrote the file last, or the device's firmware.
        taken: Date and time of the exposure.
        digitized: Date and time of the first file.
        modified: Date and time of the last change.
    """

    make: str | None = None
    model: str | None = None
    lens: str | None = None
    software: str | None = None
    taken: str | None = None
    digitized: str | None = None
    modified: str | None = None


def read_exif(data: bytes) -> tuple[ExifFacts, bytes]:
    """Reads the fields and the preview.

    Args:
        data: An EXIF block or TIFF file from its byte-order mark on; may be empty or damaged.

    Returns:
        The fields, and the bytes of the JPEG preview; no bytes if there is none.
    """
    first = read_directory(data)
    fields = {name: shown(first.raw(tag, 1000)) for name, tag in _FIRST.items()}
    place = first.numbers(_EXIF_DIRECTORY)
    if place:
        second = read_directory(data, place[0])
        fields |= {name: shown(second.raw(tag, 1000)) for name, tag in _SECOND.items()}
    preview = b""
    if first.following:
        small = read_directory(data, first.following)
        start, length = small.numbers(_PREVIEW_START), small.numbers(_PREVIEW_LENGTH)
        if start and length and length[0] <= _MAX_PREVIEW:
            preview = data[start[0] : start[0] + length[0]]
    return ExifFacts(**fields), preview if preview[:3] == b"\xff\xd8\xff" else b""
