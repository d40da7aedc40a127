"""Draws the plan of a picture from a recipe and the headers of the photos; no pixel is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np

from forensics.data.forge.camera import CameraSimulation, draw_camera
from forensics.data.forge.chains.chain import Trace, draw_chain, draw_outline
from forensics.data.forge.chains.geometry import Size
from forensics.data.forge.draw import chance, choice, draw_seed, integer, log_uniform
from forensics.data.forge.edits.affine import IDENTITY
from forensics.data.forge.edits.blend import Blend
from forensics.data.forge.edits.copy_move import CopyMove, draw_copy_move
from forensics.data.forge.edits.inpainting import draw_inpainting
from forensics.data.forge.edits.local_change import draw_local_change
from forensics.data.forge.edits.other_history import OtherHistory, draw_other_history
from forensics.data.forge.edits.overlay import draw_overlay
from forensics.data.forge.edits.regeneration import draw_regeneration
from forensics.data.forge.edits.removal import draw_removal
from forensics.data.forge.edits.splice import Splice, draw_place, draw_splice
from forensics.data.forge.innocent.processing import Innocent, draw_innocent
from forensics.data.forge.plan import AnyEdit, PicturePlan
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import Shape
from forensics.data.forge.sources import SourcePlan, draw_same_scene, draw_source
from forensics.data.photos import Photo

# Each part of a plan has random numbers of its own, so that a change of one leaves the others as they were.
_PARTS = ("scene", "host", "chain", "edits", "donors", "innocent")
_PLAIN_AREA = (0.02, 0.08)
_DRAW: Mapping[str, Callable[[np.random.Generator, Recipe], AnyEdit]] = {
    "copy_move": draw_copy_move,
    "removal": draw_removal,
    "local_change": draw_local_change,
    "overlay": draw_overlay,
    "inpainting": draw_inpainting,
    "regeneration": draw_regeneration,
}


def draw_plan(
    recipe: Recipe,
    photos: Sequence[Photo],
    seed: int,
    index: int,
    size: Size | None = None,
    damaged: Set[str] = frozenset(),
) -> PicturePlan:
    """Draws one picture.

    Args:
        photos: In a fixed order. Host, donors and whatever photo lends its tables are of one split.
        seed: 0 or more.
        index: 0 or more; even: forged, odd: the pristine twin of the one before, which differs in its edits alone.
        size: Height and width; None draws them.
        damaged: Ids of photos that cannot be decoded, to be passed over; at least one other is left.
    """
    pair, twin = divmod(index, 2)
    dice = _Dice(seed, pair)
    scene, sources, chains = dice["scene"], dice["host"], dice["chain"]
    size = size or (_draw_side(scene, recipe), _draw_side(scene, recipe))
    outline = draw_outline(scene, recipe, size)
    canvas = outline.canvas(size)
    photo = next(photo for photo in _shuffled(sources, photos) if photo.id not in damaged)
    host = _draw_source(sources, recipe, photo, canvas, outline.trace)
    # what one split lends to another would show up in both
    photos = [other for other in photos if other.split == photo.split]
    lender = photos[integer(chains, 0, len(photos) - 1)]
    chain = draw_chain(chains, recipe, host.first_quality, lender, size, outline)
    innocent = _draw_innocent(dice["innocent"], recipe, canvas)
    donors = _Donors(dice["donors"], recipe, photos, host, damaged)
    edits, spares = ((), ()) if twin else _draw_edits(dice["edits"], recipe, donors)
    drawn = tuple(donors.drawn)
    return PicturePlan(recipe.name, seed, index, pair, 1 - twin, size, host, drawn, edits, spares, innocent, chain)


class _Dice:
    """Random numbers of each part of a pair."""

    def __init__(self, seed: int, pair: int) -> None:
        self._entropy = (seed, pair)

    def __getitem__(self, part: str) -> np.random.Generator:
        sequence = np.random.SeedSequence([*self._entropy, _PARTS.index(part)])
        return np.random.Generator(np.random.PCG64(sequence))


@dataclass(frozen=True, eq=False)
class _Donors:
    """Draws sources for splices into a host and keeps them for the plan."""

    random: np.random.Generator
    recipe: Recipe
    photos: Sequence[Photo]
    host: SourcePlan
    damaged: Set[str]
    drawn: list[SourcePlan] = field(default_factory=list)

    def draw(self) -> int | None:
        """Adds a window of another photo, of another camera if there is one; None where there is no other photo.

        Returns:
            Its place among the plan's donors.
        """
        unfit = {*self.damaged, self.host.photo}
        others = [photo for photo in _shuffled(self.random, self.photos) if photo.id not in unfit]
        # Other cameras first. One photo may lie there under two names.
        ranked = sorted(others, key=lambda photo: photo.camera == self.host.camera)
        photo = next((photo for photo in ranked if photo.sha256 != self.host.sha256), None)
        if photo is None:
            return None
        shared = None
        if self.host.simulation and chance(self.random, self.recipe.shared_camera):
            shared = replace(self.host.simulation, seed=draw_seed(self.random))
        return self._add(_draw_source(self.random, self.recipe, photo, self.host.size, "free", shared))

    def draw_same_scene(self) -> int:
        """Adds what the host shows, with another history."""
        photo = next(photo for photo in self.photos if photo.id == self.host.photo)
        return self._add(draw_same_scene(self.random, self.recipe, photo, self.host))

    def _add(self, source: SourcePlan) -> int:
        self.drawn.append(source)
        return len(self.drawn) - 1


def _draw_source(
    random: np.random.Generator,
    recipe: Recipe,
    photo: Photo,
    size: Size,
    trace: Trace,
    simulation: CameraSimulation | None = None,
) -> SourcePlan:
    if simulation is None and chance(random, recipe.camera):
        simulation = draw_camera(random)
    return draw_source(random, recipe, photo, size, trace, simulation)


def _draw_edits(
    random: np.random.Generator, recipe: Recipe, donors: _Donors
) -> tuple[tuple[AnyEdit, ...], tuple[AnyEdit, ...]]:
    """The edits of a forgery, and what is done if none of them finds a region."""
    names = [choice(random, recipe.edits) for _ in range(int(choice(random, recipe.regions)))]
    edits = tuple(_draw_edit(random, recipe, name, _draw_donor(donors, name)) for name in names)
    first = edits[0]
    donor = first.donor if isinstance(first, Splice | OtherHistory) else None
    again = _draw_edit(random, recipe, first.name, donor)
    plain = _draw_plain(random, recipe, first.donor if isinstance(first, Splice) else None)
    # A mark can be put on anything, on flat ground too.
    return edits, (again, plain, draw_overlay(random, recipe))


def _draw_donor(donors: _Donors, name: str) -> int | None:
    """Adds what an edit takes its region from; None if from nowhere else."""
    if name == "other_history":
        return donors.draw_same_scene()
    return donors.draw() if name == "splice" else None


def _draw_edit(random: np.random.Generator, recipe: Recipe, name: str, donor: int | None) -> AnyEdit:
    """An edit by name; a splice without any donor becomes a copy-move."""
    if name == "splice":
        return draw_copy_move(random, recipe) if donor is None else draw_splice(random, recipe, donor)
    if name == "other_history" and donor is not None:
        return draw_other_history(random, recipe, donor)
    return _DRAW[name](random, recipe)


def _draw_plain(random: np.random.Generator, recipe: Recipe, donor: int | None) -> AnyEdit:
    """An edit without the choices that can fail."""
    shape = Shape("ellipse", log_uniform(random, _PLAIN_AREA), draw_seed(random), recipe.minimum_detail, 6)
    blend = Blend("hard", 1.0)
    if donor is None:
        return CopyMove(shape, IDENTITY, False, recipe.copy_move_overlap, blend, draw_seed(random))
    return Splice(donor, shape, IDENTITY, (), 0.0, draw_place(random), 0.0, blend)


def _draw_innocent(random: np.random.Generator, recipe: Recipe, size: Size) -> tuple[Innocent, ...]:
    if not chance(random, recipe.innocent):
        return ()
    return (draw_innocent(random, choice(random, recipe.innocents), size),)


def _draw_side(random: np.random.Generator, recipe: Recipe) -> int:
    side = recipe.sides[integer(random, 0, len(recipe.sides) - 1)]
    return side - integer(random, 1, 15) if chance(random, recipe.odd_side) else side


def _shuffled(random: np.random.Generator, photos: Sequence[Photo]) -> Iterator[Photo]:
    return (photos[int(place)] for place in random.permutation(len(photos)))
