"""Where the configs and checkpoints that ship with TraceFuse lie: one look-up for checkout and wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def configs_dir() -> Path:
    """Folder of the shipped configurations."""
    return _shipped("configs")


def checkpoints_dir() -> Path:
    """Folder of the shipped checkpoints."""
    return _shipped("checkpoints")


def _shipped(name: str) -> Path:
    # The wheel packs both folders inside the package; a checkout has them beside it.
    packed = _PACKAGE / "shipped" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name
