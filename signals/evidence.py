"""Everything that can be read from one picture, decoded once, lazily, in stored orientation."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signals.errors import UnreadableImage, UnsupportedImage
from signals.jpeg import MAX_SCANS, CoefficientsError, JpegData, bare_stream, read_jpeg
from signals.names import printable
from signals.reading.containers import Header, read_header
from signals.reading.jpeg_damage import ends_early
from signals.reading.jpeg_warnings import jpeg_warnings
from signals.reading.truncation import count_decoded_rows

if TYPE_CHECKING:
    from signals.reading.jpeg_structure import JpegStructure
    from signals.reading.pixels import Decoded

MAX_BYTES = 256 * 1024 * 1024
MAX_PIXELS = 120_000_000
_SEND_ANOTHER = "use another copy of the picture"
_CONVERT = "convert it to an 8-bit RGB JPEG, PNG, WebP, TIFF or BMP"


@dataclass(frozen=True, eq=False)
class Evidence:
    """One picture as evidence. Made by :meth:`open`, :meth:`from_pixels` or :meth:`load`.

    Opening reads the header and refuses what cannot be analyzed; pixels and coefficients are decoded when first
    asked for. Everything is in stored orientation: nothing is ever rotated by EXIF.

    Attributes:
        name: File name without its folder, or None.
        data: The bytes; None for an array.
        type: ``jpeg``, ``png``, ``webp``, ``tiff``, ``bmp``, ``gif`` by magic bytes, or ``array``.
        width: Columns of pixels as stored.
        height: Rows of pixels as stored.
        orientation: EXIF orientation 1..8; 1 if there is none.
    """

    name: str | None
    data: bytes | None = field(repr=False)
    type: str
    width: int
    height: int
    orientation: int = 1
    _header: Header | None = field(default=None, repr=False)
    _given: Decoded | None = field(default=None, repr=False)

    @classmethod
    def open(
        cls, source: str | os.PathLike[str] | bytes | bytearray | memoryview, *, name: str | None = None
    ) -> Evidence:
        """Opens a file or the bytes of one.

        Args:
            source: A path, or the bytes of a JPEG, PNG, WebP, TIFF, BMP or GIF (first picture) file.
            name: Name to use in messages and reports; by default the file's own.

        Raises:
            UnreadableImage: No such file, not a picture, cut short, damaged, or above 256 MB or 120 megapixels.
            UnsupportedImage: Floating-point samples, lossless or 12-bit JPEG, or another kind that is refused
                on purpose. Samples of 16 bits are scaled to 8, and CMYK is turned into RGB, with a warning.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
        else:
            name = name or printable(Path(source).name)
            data = _read_file(Path(source), name)
        label = name or "picture"
        header = _check_header(data, label)
        evidence = cls(name, data, header.type, header.width, header.height, header.orientation, header)
        if header.jpeg is not None and not header.jpeg.ended:
            evidence._check_rows()
        return evidence

    @classmethod
    def from_pixels(cls, pixels: NDArray[np.uint8], *, name: str | None = None) -> Evidence:
        """Evidence without a file.

        Args:
            pixels: uint8 ``[H, W, 3]`` RGB; copied.
            name: Name to use in messages and reports.

        Raises:
            UnsupportedImage: Another type or shape.
            UnreadableImage: No pixels, or above 120 megapixels.
        """
        from signals.reading.pixels import Decoded

        label = name or "array"
        pixels = np.asarray(pixels)
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            what = f"an array of type {pixels.dtype} and shape {pixels.shape}"
            raise UnsupportedImage(f"{label}: {what}; pictures are uint8 [height, width, 3] RGB; convert it first.")
        height, width = pixels.shape[:2]
        _check_size(label, width, height)
        pixels = pixels.copy()
        pixels.setflags(write=False)
        return cls(name, None, "array", width, height, _given=Decoded(pixels))

    @classmethod
    def load(cls, source: Any, *, name: str | None = None) -> Evidence:
        """Evidence from whatever holds a picture: a path, bytes, an image of Pillow, or an array.

        Raises:
            UnreadableImage: As :meth:`open`; also for a source of another kind.
        """
        if isinstance(source, Evidence):
            return source
        if isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)):
            return cls.open(source, name=name)
        if isinstance(source, np.ndarray):
            return cls.from_pixels(source, name=name)
        if hasattr(source, "convert") and hasattr(source, "getexif"):
            return cls._from_image(source, name)
        what = f"a {type(source).__name__} is not a picture"
        raise UnreadableImage(f"{name or 'picture'}: {what}; nothing can be read from it; give a path, bytes or array.")

    @classmethod
    def _from_image(cls, image: Any, name: str | None) -> Evidence:
        from signals.reading.pixels import ModeError, decode_image

        label = name or "picture"
        _check_size(label, *image.size)
        try:
            decoded = decode_image(image.copy())
            orientation = image.getexif().get(274, 1)
        except ModeError as error:
            raise UnsupportedImage(f"{label}: {error}; its signals would be read wrongly; {_CONVERT}.") from error
        except Exception as error:
            raise UnreadableImage(
                f"{label}: the picture cannot be decoded; {_line(error)}; {_SEND_ANOTHER}."
            ) from error
        orientation = orientation if orientation in range(1, 9) else 1
        width, height = image.size
        return cls(name, None, "array", width, height, orientation, _given=decoded)

    @cached_property
    def sha256(self) -> str:
        """Digest of the bytes, or, for an array, of its shape and pixels."""
        if self.data is not None:
            return hashlib.sha256(self.data).hexdigest()
        digest = hashlib.sha256(repr(self.pixels.shape).encode())
        digest.update(np.ascontiguousarray(self.pixels).data)
        return digest.hexdigest()

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 ``[H, W, 3]`` RGB in stored orientation, read-only.

        Raises:
            UnreadableImage: The bytes are damaged.
            UnsupportedImage: A kind of pixel that only shows on decoding.
        """
        self._check_rows()
        return self._decoded.pixels

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file or left out of it, one sentence each. Decodes the pixels."""
        return (*self._file_warnings, *self._decoded.warnings)

    @property
    def structure(self) -> JpegStructure | None:
        """The markers of a JPEG file, read without decoding; None for any other picture."""
        return self._header.jpeg if self._header else None

    @cached_property
    def jpeg(self) -> JpegData | None:
        """Coefficients, tables and markers; None if this is no JPEG or they cannot be read."""
        if self.structure is None or self.data is None:
            return None
        try:
            return read_jpeg(self.data, self.structure, decode=lambda: self._decoded.pixels)
        except (CoefficientsError, UnreadableImage):
            return None

    @cached_property
    def decoded_rows(self) -> int:
        """Rows of pixels that the file really holds: the height, or fewer for a JPEG that was cut short."""
        structure = self.structure
        if structure is None or not self._cut:
            return self.height
        return count_decoded_rows(self.jpeg, structure)

    @property
    def coarse(self) -> bool:
        """Whether a progressive JPEG was cut short: what is there of it lacks its last details everywhere."""
        return self.structure is not None and self.structure.progressive and self._cut

    def _check_rows(self) -> None:
        """Refuses a JPEG of which less than a quarter is there."""
        if self.decoded_rows * 4 < self.height:
            what = f"only {self.decoded_rows} of {self.height} rows of pixels are there"
            raise UnreadableImage(f"{self.name or 'picture'}: {what}; the file was cut short; {_SEND_ANOTHER}.")

    @cached_property
    def _cut(self) -> bool:
        """Whether this is a JPEG whose data runs out before the picture is complete."""
        structure = self.structure
        if structure is None or self.data is None:
            return False
        return not structure.ended or ends_early(self.data, structure, self.jpeg)

    @cached_property
    def _file_warnings(self) -> tuple[str, ...]:
        structure = self.structure
        if self.data is None:
            return ("Given as pixels, not as a file: what the file's own compression tells could not be read.",)
        if structure is None:
            return ()
        return jpeg_warnings(self.data, structure, self.jpeg, self._cut, self.decoded_rows)

    @cached_property
    def _decoded(self) -> Decoded:
        if self._given is not None:
            return self._given
        from signals.reading.pixels import ModeError, decode_bytes

        assert self.data is not None
        assert self._header is not None
        label = self.name or "picture"
        data = self.data
        if self._header.jpeg is not None:
            data = bare_stream(self.data, self._header.jpeg)
        try:
            decoded: Decoded = decode_bytes(data, self.type, self._header.bits)
        except ModeError as error:
            raise UnsupportedImage(f"{label}: {error}; its signals would be read wrongly; {_CONVERT}.") from error
        except Exception as error:  # Pillow raises almost anything on damaged bytes
            what = f"the {self.type} file is damaged or cut short"
            raise UnreadableImage(f"{label}: {what}; {_line(error)}; {_SEND_ANOTHER}.") from error
        if decoded.pixels.shape[:2] != (self.height, self.width):
            what = f"the header says {self.width} x {self.height} pixels and the picture has another size"
            raise UnreadableImage(f"{label}: {what}; the file is damaged; {_SEND_ANOTHER}.")
        return decoded


def _line(error: BaseException) -> str:
    """What a library said, as part of one line."""
    said = " ".join(str(error).split()) or type(error).__name__
    return f"the decoder says '{said[:120].rstrip('.')}'"


def _read_file(path: Path, name: str) -> bytes:
    """Reads a regular file within the bound."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImage(f"{name}: not a file; a folder or device holds no picture itself; give a file.")
        if status.st_size > MAX_BYTES:
            raise UnreadableImage(_too_many_bytes(name, status.st_size))
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnreadableImage(f"{name}: the file cannot be opened; {why}; check the path and the rights.") from error


def _too_many_bytes(label: str, size: int) -> str:
    what = f"the file has {size / 2**20:.0f} MB"
    return f"{label}: {what}; the bound is {MAX_BYTES // 2**20} MB; use a smaller copy of the picture."


def _check_size(label: str, width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise UnreadableImage(f"{label}: the picture has no pixels; its size cannot be read; {_SEND_ANOTHER}.")
    if width * height > MAX_PIXELS:
        what = f"{width} x {height} pixels"
        raise UnreadableImage(f"{label}: {what}; the bound is {MAX_PIXELS // 10**6} megapixels; use a smaller copy.")


def _check_header(data: bytes, label: str) -> Header:
    """The header of bytes that can be analyzed."""
    if not data:
        raise UnreadableImage(f"{label}: the file is empty; there is nothing to read; {_SEND_ANOTHER}.")
    if len(data) > MAX_BYTES:
        raise UnreadableImage(_too_many_bytes(label, len(data)))
    header = read_header(data)
    if header is None:
        kinds = "JPEG, PNG, WebP, TIFF, BMP or GIF"
        raise UnreadableImage(f"{label}: not a picture; the bytes are not those of a {kinds} file; give one of these.")
    if header.excess:
        raise UnreadableImage(f"{label}: {header.excess}; reading it could take forever; save the picture anew.")
    _check_size(label, header.width, header.height)
    refused = _refusal(header)
    if refused:
        raise UnsupportedImage(f"{label}: {refused}; its signals would be read wrongly; {_CONVERT}.")
    if header.jpeg is not None and header.jpeg.scans == 0:
        raise UnreadableImage(f"{label}: the file holds no picture data; it was cut short; {_SEND_ANOTHER}.")
    if header.jpeg is not None and header.jpeg.scans > MAX_SCANS:
        what = f"the file has {header.jpeg.scans} scans"
        raise UnreadableImage(f"{label}: {what}; more than {MAX_SCANS} are not read; save the picture anew.")
    return header


def _refusal(header: Header) -> str | None:
    """Why a readable kind of picture is refused, or None."""
    if header.bits > 8 and (header.type not in ("png", "tiff") or header.bits != 16):
        return f"{header.bits} bits a channel are not supported"
    if header.jpeg is None:
        return None
    if not header.jpeg.lossy:
        return "lossless JPEG files are not supported"
    if header.jpeg.color == "unknown":
        return f"JPEG files of {len(header.jpeg.component_ids)} components are not supported"
    return None
