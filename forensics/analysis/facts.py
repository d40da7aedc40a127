"""Plain facts on a file, none of which is evidence by itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from signals import Evidence
from signals.facts import FileFacts, read_facts
from signals.orientation import upright_size


def picture_facts(evidence: Evidence) -> dict[str, Any]:
    """The ``picture`` part of the report: JSON values, null where unknown.

    ``width`` and ``height`` are as stored; the map has the upright size.
    """
    wide, high = upright_size(evidence.width, evidence.height, evidence.orientation)
    facts = read_facts(evidence)
    return {
        "file": evidence.name,
        "sha256": evidence.sha256,
        "type": evidence.type,
        "width": evidence.width,
        "height": evidence.height,
        "exif_orientation": evidence.orientation,
        "upright_width": wide,
        "upright_height": high,
        "bytes": None if evidence.data is None else len(evidence.data),
        "decoded_rows": int(evidence.decoded_rows),
        "jpeg": _jpeg_facts(evidence, facts),
        "metadata": _metadata(facts),
    }


def _jpeg_facts(evidence: Evidence, facts: FileFacts) -> dict[str, Any] | None:
    structure, jpeg = evidence.structure, facts.jpeg
    if structure is None or jpeg is None or not jpeg.tables:
        return None
    first = jpeg.tables[0].nearest
    return {
        "markers": list(facts.parts),
        "sampling": [f"{horizontal}x{vertical}" for horizontal, vertical in structure.samplings],
        "nearest_quality": first.quality,
        "standard_table": first.standard,
        "subsampling": jpeg.sampling,
        "progressive": jpeg.progressive,
        "scans": jpeg.scans,
        "color": jpeg.color,
        "bytes_behind": jpeg.bytes_behind,
        "tables": [
            {
                "components": list(table.components),
                "kind": table.nearest.kind,
                "nearest_quality": table.nearest.quality,
                "distance": round(table.nearest.distance, 3),
                "standard": table.nearest.standard,
            }
            for table in jpeg.tables
        ],
    }


def _metadata(facts: FileFacts) -> dict[str, Any]:
    return {
        "exif": asdict(facts.exif),
        "xmp": {**asdict(facts.xmp), "history": list(facts.xmp.history)},
        "software": facts.software,
        "profile": facts.profile,
        "preview": None if facts.preview is None else asdict(facts.preview),
        "content_credentials": None if facts.credentials is None else asdict(facts.credentials),
        "parts": list(facts.parts),
    }
