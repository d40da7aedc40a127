"""Files that are either whole or as they were before, whoever else reads or writes them at the same time."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file, over an earlier one of that name.

    The bytes go into a sibling of a name of its own, which then takes the file's place in one step. The file is as
    readable as any that the user makes.

    Args:
        path: Where it goes; parents are made.
        content: What goes into it.

    Raises:
        OSError: It cannot be done; then what was there before is there still.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}.partial")
    try:
        with staging.open("xb") as file:
            file.write(content)
        staging.replace(path)
    except BaseException:
        with suppress(OSError):
            staging.unlink(missing_ok=True)
        raise
