"""What somebody scores who never looks at the picture: a disc in the middle, the nearness to it, or everything marked.

Every measure of localization stands beside two of them. The prior of what is taken at a threshold is a centered disc,
that of what is taken over all thresholds the closeness to the center; a map that marks everything stands beside both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.metrics import MapArray
from forensics.evaluation.picture import Picture
from forensics.evaluation.prior import DISC_RADII, centered_disc, closeness
from forensics.evaluation.value_counts import FINE_LEVELS, fine_levels

DISCS: Mapping[str, float] = {f"disc{radius:g}": radius for radius in DISC_RADII}
CLOSENESS = "closeness"
ALL_ONE = "all_one"
# In words, for the notes.
PRIORS: Mapping[str, str] = {
    **{name: f"centered disc of {radius:g} of the short side" for name, radius in DISCS.items()},
    CLOSENESS: "closeness to the center",
}
# For the definitions of protocols that know no blind maps by themselves.
ADDED = (
    "Added here: beside what is taken at a threshold a centered disc, the best radius for the set; beside what is "
    "taken over all thresholds the closeness to the center, in 16 bits; beside both a map of ones"
)


def closeness_map(height: int, width: int) -> NDArray[np.float32]:
    """The closeness to the center as a map, float32 ``[H, W]`` in 0..1, of 16 bits: these are counted, not sorted."""
    return np.asarray(fine_levels(1 + closeness(height, width) / 2) / np.float32(FINE_LEVELS - 1))


def everything_marked(height: int, width: int) -> NDArray[np.uint8]:
    """The map of ones, uint8 ``[H, W]``."""
    return np.full((height, width), 255, np.uint8)


def blind_columns(at_threshold: Sequence[str], ranked: Sequence[str]) -> tuple[str, ...]:
    """Names of the numbers of :func:`blind_values`.

    Args:
        at_threshold: Quantities that are taken at a threshold.
        ranked: Quantities that are taken over all thresholds.

    >>> [name for name in blind_columns(["f1"], ["auc"]) if "disc" not in name]
    ['closeness/auc', 'all_one/f1', 'all_one/auc']
    """
    discs = [f"{disc}/{quantity}" for disc in DISCS for quantity in at_threshold]
    near = [f"{CLOSENESS}/{quantity}" for quantity in ranked]
    return (*discs, *near, *(f"{ALL_ONE}/{quantity}" for quantity in (*at_threshold, *ranked)))


def blind_values(
    picture: Picture,
    at_threshold: Callable[[NDArray[np.bool_]], Mapping[str, float]],
    ranked: Callable[[MapArray], Mapping[str, float]] = lambda values: {},
) -> dict[str, float]:
    """What each blind map measures on a picture, under ``<map>/<quantity>``.

    Args:
        picture: The picture; its own map is not looked at.
        at_threshold: From what a map marks, bool ``[H, W]``, to the numbers that are taken at a threshold.
        ranked: From a map to the numbers that are taken over all thresholds.
    """
    height, width = picture.height, picture.width
    found = {name: at_threshold(centered_disc(height, width, radius) > 0) for name, radius in DISCS.items()}
    found[CLOSENESS] = ranked(closeness_map(height, width))
    found[ALL_ONE] = {**at_threshold(np.ones((height, width), bool)), **ranked(everything_marked(height, width))}
    return {f"{name}/{quantity}": value for name, values in found.items() for quantity, value in values.items()}
