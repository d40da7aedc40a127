"""What an XMP packet names. Looked up as text: no XML parser means no entity can be expanded."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from signals.facts.texts import shown

_MAX_PACKET = 256 * 1024
_MAX_VALUES = 20


@dataclass(frozen=True)
class XmpFacts:
    """Fields as the file gives them, unchecked; None where there is none.

    Attributes:
        creator_tool: Program that made the file first.
        history: Programs of the editing history, each once, in its order.
        source_type: What the file declares its picture to be, in the terms of IPTC, such as
            ``digitalCapture`` or ``trainedAlgorithmicMedia``.
        created: Date and time of the first version.
        modified: Date and time of the last change.
    """

    creator_tool: str | None = None
    history: tuple[str, ...] = ()
    source_type: str | None = None
    created: str | None = None
    modified: str | None = None


def read_xmp(packet: bytes) -> XmpFacts:
    """Reads the fields of a packet, which may be empty or damaged."""
    text = packet[:_MAX_PACKET].decode("utf-8", "replace")
    agents = dict.fromkeys(value for _, value in zip(range(_MAX_VALUES), _values(text, "softwareAgent"), strict=False))
    source = next(_values(text, "DigitalSourceType"), None)
    return XmpFacts(
        creator_tool=next(_values(text, "CreatorTool"), None),
        history=tuple(agents),
        source_type=source.rstrip("/").rpartition("/")[2] or None if source else None,
        created=next(_values(text, "CreateDate"), None),
        modified=next(_values(text, "ModifyDate"), None),
    )


def _values(text: str, name: str) -> Iterator[str]:
    """Values of a property, written as an attribute or as an element."""
    attribute = rf"{name}[ \t\r\n]{{0,9}}=[ \t\r\n]{{0,9}}[\"']([^\"'<>]{{1,1000}})"
    element = rf"{name}[^<>=]{{0,99}}>([^<>]{{1,1000}})</"
    resource = rf"{name} rdf:resource=[\"']([^\"'<>]{{1,1000}})"
    for found in re.finditer(rf":(?:{attribute}|{element}|{resource})", text):
        value = shown(html.unescape(found[1] or found[2] or found[3]))
        if value:
            yield value
