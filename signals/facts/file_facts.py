"""All that a file says about itself, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from signals.evidence import Evidence
from signals.facts.blocks import find_blocks
from signals.facts.credentials import Credentials, read_credentials
from signals.facts.exif import ExifFacts, read_exif
from signals.facts.icc import profile_name
from signals.facts.preview import Preview, read_preview
from signals.facts.texts import shown
from signals.facts.xmp import XmpFacts, read_xmp
from signals.jpeg_quality import Kind, NearestQuality, nearest_quality
from signals.memo import once_per_picture
from signals.reading.jpeg_structure import JpegStructure

MAX_PARTS = 200
# Of libjpeg's factors of luma, where both chromas have 1 x 1.
_SAMPLING_NAMES = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}


@dataclass(frozen=True)
class TableFacts:
    """One quantization table of a JPEG file.

    Attributes:
        components: Numbers of the components that use it, from 0.
        nearest: The standard table nearest to it.
    """

    components: tuple[int, ...]
    nearest: NearestQuality


@dataclass(frozen=True)
class JpegFacts:
    """How a JPEG file was written.

    Attributes:
        tables: Its quantization tables in the order of use.
        sampling: ``4:2:0`` and the like, ``grey``, or the factors of every component: ``2x2, 1x1, 1x1, 2x2``.
        progressive: Whether it is progressive.
        scans: Number of its scans.
        color: ``grey``, ``ycbcr``, ``rgb``, ``cmyk`` or ``ycck``.
        bytes_behind: Bytes behind the end of the picture: a second picture, a video, or anything else.
    """

    tables: tuple[TableFacts, ...]
    sampling: str
    progressive: bool
    scans: int
    color: str
    bytes_behind: int


@dataclass(frozen=True)
class FileFacts:
    """What a file says about itself. Metadata can be edited and stripped: none of this is a finding.

    Attributes:
        parts: JPEG markers or PNG or WebP chunks in the order of the file, at most 200; the last then tells how
            many more there are.
        jpeg: How it was written; None if it is no JPEG.
        exif: Fields of its EXIF block.
        xmp: Fields of its XMP packet.
        software: What a text chunk of a PNG file names.
        profile: Name of its color profile.
        preview: Its preview beside the picture.
        credentials: Its Content Credentials; None if it has none.
    """

    parts: tuple[str, ...] = ()
    jpeg: JpegFacts | None = None
    exif: ExifFacts = field(default_factory=ExifFacts)
    xmp: XmpFacts = field(default_factory=XmpFacts)
    software: str | None = None
    profile: str | None = None
    preview: Preview | None = None
    credentials: Credentials | None = None


@once_per_picture
def read_facts(evidence: Evidence) -> FileFacts:
    """Reads the facts of a file; what is damaged or missing is left out. Decodes the pixels if there is a preview.

    Args:
        evidence: The picture; one made from pixels says nothing.
    """
    if evidence.data is None:
        return FileFacts()
    blocks = find_blocks(evidence.data, evidence.type)
    exif, preview = read_exif(blocks.exif)
    structure = evidence.structure
    return FileFacts(
        parts=_bounded(blocks.parts if structure is None else list(structure.markers)),
        jpeg=None if structure is None else _jpeg_facts(structure, len(evidence.data)),
        exif=exif,
        xmp=read_xmp(blocks.xmp),
        software=shown(blocks.software),
        profile=profile_name(blocks.icc),
        preview=read_preview(preview, evidence),
        credentials=read_credentials(evidence.data, evidence.type) if blocks.credentials else None,
    )


def _bounded(parts: list[str]) -> tuple[str, ...]:
    if len(parts) <= MAX_PARTS:
        return tuple(parts)
    return (*parts[: MAX_PARTS - 1], f"and {len(parts) - MAX_PARTS + 1} more")


def _jpeg_facts(structure: JpegStructure, size: int) -> JpegFacts:
    users: dict[int, list[int]] = {}
    for number, slot in enumerate(structure.table_slots):
        if slot in structure.tables:
            users.setdefault(slot, []).append(number)
    has_chroma = structure.color in ("ycbcr", "ycck")
    tables = []
    for slot, numbers in users.items():
        kind: Kind = "chrominance" if has_chroma and not {0, 3} & set(numbers) else "luminance"
        tables.append(TableFacts(tuple(numbers), nearest_quality(structure.tables[slot], kind)))
    return JpegFacts(
        tables=tuple(tables),
        sampling=_sampling(structure),
        progressive=structure.progressive,
        scans=structure.scans,
        color=structure.color,
        bytes_behind=size - structure.end - 2 if structure.ended else 0,
    )


def _sampling(structure: JpegStructure) -> str:
    factors = structure.samplings
    if structure.color == "grey":
        return "grey"
    if len(factors) == 3 and factors[1] == factors[2] == (1, 1) and factors[0] in _SAMPLING_NAMES:
        return _SAMPLING_NAMES[factors[0]]
    return ", ".join(f"{horizontal}x{vertical}" for horizontal, vertical in factors)
