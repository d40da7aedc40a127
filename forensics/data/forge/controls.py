"""Matched controls: pairs of pictures that differ in one thing alone, so that a score shows what it reads.

Each control is a plan beside that of its twin, drawn and rendered by the same code as every forgery:

- ``null_edit``: a region is replaced by itself, through the whole compositing code: hard and feathered pastes change no
  pixel, seamless cloning rounds some by one level. Nothing can be found.
- ``trace_only``: a region is replaced by the same content with another history. Only traces can be found.
- ``content_only``: a region is replaced by other content with the same history. No trace can be found but the seam.

And what ordinary people do to whole pictures: see ``innocent/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np

from forensics.data.forge.draw import choice, draw_seed, integer, uniform
from forensics.data.forge.edits.affine import IDENTITY
from forensics.data.forge.edits.blend import Blend, BlendKind
from forensics.data.forge.edits.splice import Splice
from forensics.data.forge.innocent.processing import Innocent, draw_innocent
from forensics.data.forge.plan import PicturePlan
from forensics.data.forge.planner import draw_plan
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import draw_shape
from forensics.data.forge.sources import SourcePlan, draw_same_scene
from forensics.data.photos import UNKNOWN_CAMERA, Photo
from signals.errors import WrongUsage

ControlKind = Literal["null_edit", "trace_only", "content_only"]
CONTROL_KINDS: tuple[ControlKind, ...] = get_args(ControlKind)

SIDE = 384
AREA = (0.02, 0.25)
# Histories that can be given to any content: made here, not by the photo's own camera.
RECIPE = Recipe(
    name="controls",
    sides=(SIDE,),
    odd_side=0,
    native=0,
    enlarge=0,
    camera=0.7,
    camera_resize=0,
    jpeg_cases={"png": 0.25, "single": 0.25, "aligned": 0.5},
)
INNOCENT_RECIPE = replace(RECIPE, name="innocent", native=0.5, camera=0.3, jpeg_cases={"png": 0.25, "aligned": 0.75})

_ATTEMPTS = 20
_FAR = 1_000_003  # pairs of other numbers, for another try
# A blurred seam is a trace of its own: it would not be a null edit.
_BLENDS = {"null_edit": {"hard": 0.3, "feather": 0.4, "poisson": 0.3}}
_OTHER_BLENDS = {"hard": 0.4, "feather": 0.6}


@dataclass(frozen=True)
class ControlPlan:
    """A control and its twin.

    Attributes:
        edited: The picture with the region replaced.
        twin: The same without.
    """

    edited: PicturePlan
    twin: PicturePlan


@dataclass(frozen=True)
class InnocentPlan:
    """A picture that was processed as a whole by ordinary means.

    Attributes:
        step: What was done, before the last save.
        twin: The same picture without.
    """

    step: Innocent
    twin: PicturePlan


def draw_control(kind: ControlKind, photos: Sequence[Photo], seed: int, number: int, side: int = SIDE) -> ControlPlan:
    """Draws a control; no pixel is read.

    Args:
        photos: In a fixed order; of two cameras or more.
        seed: 0 or more.
        number: 0 or more, one a pair.
        side: Of the pictures, in pixels.

    Raises:
        WrongUsage: No photo of another camera has the room for the same history.
    """
    random = np.random.default_rng([seed, number, CONTROL_KINDS.index(kind)])
    for attempt in range(_ATTEMPTS):
        # The odd index is the pristine twin.
        index = 2 * (number + attempt * _FAR) + 1
        twin = replace(draw_plan(RECIPE, photos, seed, index, (side, side)), index=2 * number + 1, pair=number)
        donor = _draw_donor(random, kind, photos, twin.host)
        if donor is not None:
            break
    else:
        raise WrongUsage(
            f"no photo of another camera has the room for pictures of {side} pixels with the same history; "
            "give more or larger photos"
        )
    shape = draw_shape(random, RECIPE, AREA)
    blend = Blend(cast(BlendKind, choice(random, _BLENDS.get(kind, _OTHER_BLENDS))), uniform(random, RECIPE.feather))
    edit = Splice(0, shape, IDENTITY, (), 0.0, None, 0.0, blend)
    edited = replace(twin, index=2 * number, label=1, donors=(donor,), edits=(edit,))
    return ControlPlan(edited, twin)


def draw_innocent_plan(kind: str, photos: Sequence[Photo], seed: int, number: int, side: int = SIDE) -> InnocentPlan:
    """Draws a picture and what is done to it as a whole.

    Raises:
        WrongUsage: There is no such kind; see :func:`forensics.data.forge.innocent.processing.list_innocents`.
    """
    random = np.random.default_rng([seed, number, len(CONTROL_KINDS)])
    twin = draw_plan(INNOCENT_RECIPE, photos, seed, 2 * number + 1, (side, side))
    return InnocentPlan(draw_innocent(random, kind, twin.host.size), twin)


def _draw_donor(
    random: np.random.Generator, kind: ControlKind, photos: Sequence[Photo], host: SourcePlan
) -> SourcePlan | None:
    if kind == "null_edit":
        return host
    if kind == "trace_only":
        photo = next(photo for photo in photos if photo.id == host.photo)
        donor = draw_same_scene(random, RECIPE, photo, host)
        return donor if donor != host else None
    return _with_other_content(random, photos, host)


def _with_other_content(random: np.random.Generator, photos: Sequence[Photo], host: SourcePlan) -> SourcePlan | None:
    """A window of another camera's photo, taken by the same simulated camera and compressed the same way.

    None without room, or where the host keeps traces of its own camera: those cannot be given to other content.
    """
    if host.simulation is None:
        return None
    _, _, height, width = host.window
    # Where no manifest tells, any other photo counts as one of another camera.
    others = [
        photo
        for photo in photos
        if photo.id != host.photo and (photo.camera != host.camera or photo.camera == UNKNOWN_CAMERA)
    ]
    large = [photo for photo in others if photo.height >= height and photo.width >= width]
    if not large:
        return None
    photo = large[integer(random, 0, len(large) - 1)]
    window = (integer(random, 0, photo.height - height), integer(random, 0, photo.width - width), height, width)
    simulation = replace(host.simulation, seed=draw_seed(random))
    return replace(host, photo=photo.id, sha256=photo.sha256, camera=photo.camera, window=window, simulation=simulation)
