"""Every probability and range of the forge, in one frozen, JSON-able place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from signals.errors import WrongUsage, did_you_mean

Range = tuple[float, float]
Weights = Mapping[str, float]

_EDITS = {
    "splice": 0.35,
    "copy_move": 0.2,
    "removal": 0.15,
    "local_change": 0.09,
    "overlay": 0.06,
    "inpainting": 0.08,
    "regeneration": 0.07,
    "other_history": 0.0,
}
_JPEG_CASES = {
    "png": 0.12,
    "single": 0.22,
    "aligned": 0.28,
    "shifted": 0.14,
    "triple": 0.08,
    "platform": 0.08,
    "webp": 0.04,
    "screenshot": 0.04,
}

# What ordinary people and their cameras do to whole pictures.
_ORDINARY = {"enhance": 0.25, "portrait_blur": 0.35, "logo": 0.2, "date_stamp": 0.2}


@dataclass(frozen=True)
class Recipe:
    """How forgeries are made; probabilities in 0..1, weights need not sum to one.

    The forge on the device reads the same recipe and leaves out what it does not know: it makes splices and copy-moves
    from ``png`` to ``triple`` only, without simulated cameras.

    Attributes:
        name: Written into every history.
        sides: Sides of the pictures in pixels; height and width are drawn independently.
        odd_side: Probability that a side loses 1..15 pixels, so that it is no multiple of 8.
        edits: Weights of the kinds of edit.
        regions: Weights of the number of edits in a picture, ``1`` to ``3``.
        jpeg_cases: Weights of the compression chains (see ``chains/chain.py``), the same for both classes.
        mask_kinds: Weights of the shapes.
        mask_area: Area of the edit as a share of the picture, drawn log-uniformly.
        copy_move_area: The same for copy-move; its source has to fit beside its target.
        inpainting_area: The same for regions that are generated: whole backgrounds are, too.
        minimum_detail: Least standard deviation (0..255) inside a region worth pasting; flatter regions are
            drawn again, ``detail_attempts`` times at most.
        native: Probability that a source that may keep the camera's own compression does.
        scale: Range of the resampling of a source, log-uniform; the strong downscales are web pictures.
        enlarge: Probability that a resampled source is enlarged rather than reduced.
        first_jpeg: Probability that a source whose history is free is compressed once.
        camera_tables: Probability that a first compression uses the tables of the photo's camera.
        other_tables: Probability that a last compression uses tables of some photo instead of the standard ones.
        other_tables_scale: Range by which those are made coarser, log-uniform: editors have tables of their own.
        first_quality: Range of the quality of a first compression with standard tables.
        last_quality_bands: ``(low, high, weight)`` of the quality of the last compression.
        platform_quality: Range of the quality of the platform at the end of a triple chain.
        platform_resize: Probability that the platform reduces the picture.
        platform_scale: Range of that reduction.
        subsampling: Weights of the chroma sampling of compressions made here.
        progressive: Probability of a progressive last file.
        platforms: Weights of the platforms of the chain ``platform`` (see ``chains/platforms.py``).
        crop_again: Probability that a triple chain without a reduction crops off the grid before its last save.
        webp_quality: Range of the quality of WebP in the chain ``webp``.
        webp_last: Probability that it is the last save there, not the first.
        screenshot_png: Probability that a screenshot is kept without loss.
        camera: Probability that host and donor are taken anew by a simulated camera.
        camera_reduction: How many times smaller a photo is made first, so that its own traces are gone.
        camera_resize: Probability that what a simulated camera took is resampled, where the photo is large enough.
        camera_scale: Range of that resampling, log-uniform.
        shared_camera: Probability that a donor is taken by the very camera of its host: other content, same history.
        innocent: Probability that both twins are processed as a whole, as ordinary people and their cameras do it.
        innocents: Weights of the kinds of that (see ``innocent/``) that keep the size. Stamps and logos are left
            out by default: as edits they are marked.
        global_edit: Probability of a whole-picture edit of a source before it is used.
        flip: Probability that a pasted region is mirrored.
        rotate: Probability that it is rotated, by +-45 degrees or, half the time, +-10.
        rescale: Probability that it is scaled by ``rescale_range``.
        wide_rescale: Probability that it is scaled by ``wide_rescale_range`` instead.
        perspective: Probability of a shear, the cheap cousin of a change of perspective.
        retouch: Probability that one to four photometric operations touch the pasted region alone.
        match_color: Probability that its color statistics are moved to those of the place.
        copy_move_transform: Probability that a copied region is transformed at all.
        copy_move_on_grid: Probability that a copied region moves by multiples of 8.
        copy_move_overlap: Largest share of a copied region that its target may cover.
        blends: Weights of the ways to paste.
        feather: Range of the sigma of a feathered edge in pixels.
        cut_by_border: Probability that a pasted region may stick out of the picture.
    """

    name: str = "default"
    sides: tuple[int, ...] = (256, 320, 384, 448, 512, 640, 768)
    odd_side: float = 0.3
    edits: Weights = field(default_factory=lambda: dict(_EDITS))
    regions: Weights = field(default_factory=lambda: {"1": 0.9, "2": 0.07, "3": 0.03})
    jpeg_cases: Weights = field(default_factory=lambda: dict(_JPEG_CASES))
    mask_kinds: Weights = field(
        default_factory=lambda: {
            "blob": 0.22,
            "segments": 0.22,
            "objects": 0.15,
            "cutout": 0.15,
            "ellipse": 0.08,
            "polygon": 0.08,
            "strokes": 0.06,
            "text": 0.04,
        }
    )
    mask_area: Range = (0.003, 0.4)
    copy_move_area: Range = (0.003, 0.2)
    inpainting_area: Range = (0.003, 0.6)
    minimum_detail: float = 8.0
    detail_attempts: int = 6
    native: float = 0.5
    scale: Range = (0.25, 1.5)
    enlarge: float = 0.15
    first_jpeg: float = 0.6
    camera_tables: float = 0.4
    other_tables: float = 0.3
    other_tables_scale: Range = (1.0, 6.0)
    first_quality: Range = (50, 100)
    last_quality_bands: tuple[tuple[int, int, float], ...] = ((30, 60, 0.15), (60, 90, 0.50), (90, 100, 0.35))
    platform_quality: Range = (70, 87)
    platform_resize: float = 0.5
    platform_scale: Range = (0.5, 0.95)
    platforms: Weights = field(
        default_factory=lambda: {
            "social_2048": 1.0,
            "social_1600": 1.0,
            "social_1280": 1.0,
            "messenger": 1.0,
            "messenger_hd": 0.5,
            "messenger_small": 0.5,
            "microblog": 1.0,
            "photo_feed": 1.0,
        }
    )
    crop_again: float = 0.3
    webp_quality: tuple[int, int] = (50, 95)
    webp_last: float = 0.5
    screenshot_png: float = 0.6
    camera: float = 0.4
    camera_reduction: Range = (2.5, 4.0)
    camera_resize: float = 0.4
    camera_scale: Range = (0.5, 1.5)
    shared_camera: float = 0.1
    innocent: float = 0.1
    innocents: Weights = field(default_factory=lambda: {"enhance": 0.6, "portrait_blur": 0.4})
    subsampling: Weights = field(default_factory=lambda: {"4:2:0": 0.6, "4:4:4": 0.3, "4:2:2": 0.1})
    progressive: float = 0.1
    global_edit: float = 0.25
    flip: float = 0.5
    rotate: float = 0.3
    rescale: float = 0.3
    rescale_range: Range = (0.75, 1.25)
    wide_rescale: float = 0.1
    wide_rescale_range: Range = (0.5, 2.0)
    perspective: float = 0.05
    retouch: float = 0.3
    match_color: float = 0.3
    copy_move_transform: float = 0.35
    copy_move_on_grid: float = 0.25
    copy_move_overlap: float = 0.1
    blends: Weights = field(default_factory=lambda: {"hard": 0.25, "feather": 0.5, "poisson": 0.15, "edge_blur": 0.1})
    feather: Range = (0.5, 3.0)
    cut_by_border: float = 0.15

    def __post_init__(self) -> None:
        """Refuses what cannot be drawn from.

        Raises:
            WrongUsage: An edit is unknown, a weight is negative or all of them are zero.
        """
        for edit in self.edits:
            if edit not in _EDITS:
                raise WrongUsage(f"recipe: edit {edit!r} is unknown{did_you_mean(edit, _EDITS)}")
        for name in self.__dataclass_fields__:
            weights = getattr(self, name)
            if isinstance(weights, Mapping) and (min(weights.values(), default=0) < 0 or not sum(weights.values())):
                raise WrongUsage(f"recipe: {name} has a negative weight or none at all; give some above 0")

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary of every field; ``Recipe.from_json`` reads it back, also after JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Recipe:
        """Reads a recipe; fields left out keep their default.

        Raises:
            WrongUsage: A field is unknown.
        """
        unknown = sorted(set(fields) - set(cls.__dataclass_fields__))
        if unknown:
            raise WrongUsage(f"recipe: no field {', '.join(unknown)}; see the fields of Recipe")
        return cls(**{name: _as_tuples(value) for name, value in fields.items()})


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list | tuple) else value


_DEFAULT = Recipe()

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "default": _DEFAULT,
        **{edit: replace(_DEFAULT, name=edit, edits={edit: 1.0}) for edit in _EDITS},
        "training": replace(
            _DEFAULT,
            name="training",
            edits={**_EDITS, "splice": 0.32, "copy_move": 0.2, "removal": 0.12, "overlay": 0.04, "other_history": 0.08},
            jpeg_cases={**_JPEG_CASES, "aligned": 0.24, "screenshot": 0.08},
            innocent=0.3,
            innocents=_ORDINARY,
        ),
        "copies": replace(
            _DEFAULT,
            name="copies",
            sides=(256, 320, 384, 448, 512),
            edits={
                "copy_move": 0.5,
                "splice": 0.18,
                "removal": 0.07,
                "local_change": 0.05,
                "overlay": 0.03,
                "inpainting": 0.05,
                "regeneration": 0.05,
                "other_history": 0.07,
            },
            # A weight, not a share: a quarter of the pictures.
            jpeg_cases={**_JPEG_CASES, "png": 0.3},
            innocent=0.2,
            innocents=_ORDINARY,
        ),
        "local": replace(_DEFAULT, name="local", edits={"local_change": 0.6, "overlay": 0.4}),
        "camera": replace(_DEFAULT, name="camera", camera=1.0),
        "no_camera": replace(_DEFAULT, name="no_camera", camera=0.0),
    }
)


def list_recipes() -> list[str]:
    """Names of the recipes that ship."""
    return sorted(RECIPES)


def get_recipe(name: str = "default") -> Recipe:
    """Recipe by name.

    Raises:
        WrongUsage: There is none of that name.
    """
    if name not in RECIPES:
        raise WrongUsage(f"recipe {name!r} is unknown{did_you_mean(name, list_recipes())}")
    return RECIPES[name]
