"""Text that strangers put into a file, as one bounded line that can be shown."""

from __future__ import annotations

from signals.names import printable

LONGEST = 200


def shown(raw: bytes | str) -> str | None:
    """One line of at most 200 printable characters, ended by ``...`` where it was longer; None if nothing is left.

    Args:
        raw: Text, or UTF-8 bytes of text up to the first zero.
    """
    if isinstance(raw, bytes):
        raw = raw[: 4 * LONGEST].split(b"\0", 1)[0].decode("utf-8", "replace")
    line = printable(" ".join(raw[: 4 * LONGEST].split()))
    return (line if len(line) <= LONGEST else line[: LONGEST - 3] + "...") or None
