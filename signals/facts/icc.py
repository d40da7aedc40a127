"""The name of a color profile. ICC.1:2022, clauses 7.3, 9.2.41 and 10.15."""

from __future__ import annotations

from signals.facts.texts import shown

_MAX_TAGS = 100


def profile_name(profile: bytes) -> str | None:
    """The profile's description; None if it has none or the bytes are no profile."""
    if profile[36:40] != b"acsp":
        return None
    for number in range(min(_big(profile[128:132]), _MAX_TAGS)):
        entry = profile[132 + 12 * number : 144 + 12 * number]
        if entry[:4] == b"desc" and len(entry) == 12:
            start = _big(entry[4:8])
            return _description(profile[start : start + min(_big(entry[8:]), 10_000)])
    return None


def _description(value: bytes) -> str | None:
    if value[:4] == b"desc":
        return shown(value[12 : 12 + _big(value[8:12])])
    if value[:4] == b"mluc" and _big(value[8:12]) > 0:
        length, start = _big(value[20:24]), _big(value[24:28])
        return shown(value[start : start + length].decode("utf-16-be", "replace").replace("\0", " "))
    return None


def _big(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
