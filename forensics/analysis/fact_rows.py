"""What a file says about itself, as lines of a page: facts in plain words, never a finding."""

from __future__ import annotations

from collections.abc import Iterator

from signals.facts import FileFacts
from signals.facts.credentials import Credentials
from signals.facts.file_facts import JpegFacts, TableFacts
from signals.facts.preview import Preview

NOTE = (
    "These are facts about the file, not findings. Metadata can be edited, copied from another file or stripped "
    "without a trace, and most programs and services change it; the model does not read it."
)


def fact_rows(facts: FileFacts) -> tuple[tuple[str, str], ...]:
    """Label and text of each fact there is, in the order of the page."""
    return (*_device(facts), *_programs(facts), *_contents(facts), *_jpeg(facts.jpeg), *_parts(facts))


def _device(facts: FileFacts) -> Iterator[tuple[str, str]]:
    exif = facts.exif
    device = " ".join(part for part in (exif.make, exif.model) if part)
    if device:
        yield "Device named", device
    if exif.lens:
        yield "Lens named", exif.lens
    exif_dates = {"taken": exif.taken, "digitized": exif.digitized, "modified": exif.modified}
    xmp_dates = {"created": facts.xmp.created, "modified": facts.xmp.modified}
    for label, dates in (("EXIF dates", exif_dates), ("XMP dates", xmp_dates)):
        named = [f"{what} {date}" for what, date in dates.items() if date]
        if named:
            yield label, ", ".join(named)


def _programs(facts: FileFacts) -> Iterator[tuple[str, str]]:
    named = (facts.exif.software, facts.software, facts.xmp.creator_tool)
    programs = list(dict.fromkeys(name for name in named if name))
    if programs:
        yield "Programs named", "; ".join(programs)
    if facts.xmp.history:
        yield "Editing history", "names " + "; ".join(facts.xmp.history)
    if facts.xmp.source_type:
        yield "Declared source", f"the file declares its picture to be “{facts.xmp.source_type}”"
    if facts.credentials:
        yield "Content Credentials", _credentials(facts.credentials)


def _credentials(credentials: Credentials) -> str:
    if credentials.generator is None:
        return "Content Credentials (C2PA) are present; they were not checked"
    return f"Content Credentials (C2PA) name {credentials.generator}; their signature was not checked"


def _contents(facts: FileFacts) -> Iterator[tuple[str, str]]:
    if facts.profile:
        yield "Color profile", facts.profile
    if facts.preview:
        yield "Preview", _preview(facts.preview)


def _preview(preview: Preview) -> str:
    size = f"a preview of {preview.width} x {preview.height} pixels is stored in the file"
    if not preview.same_shape:
        return f"{size}; its shape differs from the picture's"
    if preview.mean_difference is None:
        return f"{size}; it was not compared with the picture"
    return f"{size}; mean difference to the picture {preview.mean_difference:.0f} of 255"


def _jpeg(jpeg: JpegFacts | None) -> Iterator[tuple[str, str]]:
    if jpeg is None:
        return
    for number, table in enumerate(jpeg.tables, start=1):
        yield "JPEG table" if len(jpeg.tables) == 1 else f"JPEG table {number}", _table(table)
    mode = f"progressive, {jpeg.scans} scans" if jpeg.progressive else "sequential"
    yield "JPEG coding", f"{jpeg.color}, sampling {jpeg.sampling}, {mode}"
    if jpeg.bytes_behind:
        yield "Behind the picture", f"{jpeg.bytes_behind:,} bytes follow the end of the picture"


def _table(table: TableFacts) -> str:
    nearest = table.nearest
    if nearest.standard:
        return f"the standard {nearest.kind} table of libjpeg quality {nearest.quality}"
    return (
        f"not a standard table; nearest is the {nearest.kind} table of libjpeg quality {nearest.quality}, "
        f"mean difference {nearest.distance:.2g}"
    )


def _parts(facts: FileFacts) -> Iterator[tuple[str, str]]:
    if facts.parts:
        yield "Markers" if facts.jpeg else "Parts", " ".join(facts.parts)
