"""What the built-in signals give on untouched photos, as it ships: ``signals/pristine/NAME.json``."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray


@cache
def untouched_values(name: str) -> NDArray[np.float64] | None:
    """The reference of a signal; None if none ships.

    Returns:
        Of a score, its raw anchors (see :func:`signals.rarity.anchors`); of a feature, evenly spaced quantiles of
        its drawing from the smallest to the largest. Ascending.
    """
    try:
        fields = json.loads((files("signals") / "pristine" / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return np.asarray(fields.get("anchors", fields.get("quantiles")), dtype=np.float64)
