"""Processing histories: what happened to pixels between the light and the last saving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.camera import CameraSimulation, draw_camera
from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.draw import chance, choice, integer, log_uniform

Pixels = NDArray[np.uint8]
Kernel = Literal["linear", "cubic", "lanczos", "area"]

_KERNELS: Mapping[Kernel, int] = {
    "linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4, "area": cv2.INTER_AREA
}  # fmt: skip
SMALLEST_SCALE, LARGEST_SCALE = 0.6, 2.2


@dataclass(frozen=True)
class Resampling:
    """Another number of pixels.

    Attributes:
        scale: Factor of both sides, above 0.
        kernel: Interpolation, as OpenCV names it.
    """

    scale: float
    kernel: Kernel

    def apply(self, pixels: Pixels) -> Pixels:
        """uint8 ``[H, W, 3]`` to ``[round(scale H), round(scale W), 3]``."""
        height, width = (round(side * self.scale) for side in pixels.shape[:2])
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=_KERNELS[self.kernel]))


@dataclass(frozen=True)
class Filtering:
    """One change of all pixels that keeps their number.

    Attributes:
        kind: Gaussian blur, median of 3 x 3, unsharp masking, Gaussian noise, or a power law of the tones.
        amount: Deviation of the blur in pixels; share of the median 0..1; share of detail that is added; deviation of
            the noise in grey levels; exponent of the power law.
        seed: Of the noise.
    """

    kind: Literal["blur", "median", "sharpening", "noise", "tone"]
    amount: float
    seed: int = 0

    def apply(self, pixels: Pixels) -> Pixels:
        """uint8 ``[H, W, 3]`` to the same."""
        values = _FILTERS[self.kind](pixels.astype(np.float32), self)
        return np.asarray(np.round(np.clip(values, 0, 255)), dtype=np.uint8)


@dataclass(frozen=True)
class History:
    """What happened, in this order; None and (0, 0) stand for what did not.

    Attributes:
        camera: A camera; without one the pixels come as they are.
        first_save: The JPEG compression by the camera.
        resampling: A change of size.
        filtering: A filter over all pixels.
        second_save: A JPEG compression after that.
        shift: Rows and columns, 0..7, by which the grid of blocks is off in the end.
    """

    camera: CameraSimulation | None = None
    first_save: JpegSave | None = None
    resampling: Resampling | None = None
    filtering: Filtering | None = None
    second_save: JpegSave | None = None
    shift: tuple[int, int] = (0, 0)

    def apply(self, pixels: Pixels) -> Pixels:
        """Everything but the shift, which is where the result is cut: uint8 ``[H, W, 3]``, scaled by :attr:`scale`."""
        for step in (self.camera, self.first_save, self.resampling, self.filtering, self.second_save):
            if step is not None:
                pixels = step.apply(pixels)
        return pixels

    @property
    def scale(self) -> float:
        """Factor by which both sides grow."""
        return 1.0 if self.resampling is None else self.resampling.scale


STEPS = tuple(field.name for field in fields(History))
"""Names of the steps, in their order."""


def draw_history(random: np.random.Generator, camera: bool = True) -> History:
    """Any history; hardly two of them are alike.

    Args:
        random: Decides.
        camera: Whether a camera may be simulated; not for pixels that bring the traces of a real one.
    """
    return History(**{step: _DRAW[step](random) for step in STEPS if camera or step not in ("camera", "first_save")})


def vary(history: History, random: np.random.Generator, steps: tuple[str, ...] = STEPS) -> History:
    """The history with one or two of the steps drawn anew: a near neighbor, hard to tell from it."""
    for step in random.choice(steps, 1 + chance(random, 0.25), replace=False):
        changed = replace(history, **{step: _DRAW[str(step)](random)})
        # a step that did not take place before must now, or nothing would differ
        while changed == history:
            changed = replace(history, **{step: _DRAW[str(step)](random)})
        history = changed
    return history


def _maybe(probability: float, draw: Callable[[np.random.Generator], Any]) -> Callable[[np.random.Generator], Any]:
    return lambda random: draw(random) if chance(random, probability) else None


def _draw_save(random: np.random.Generator) -> JpegSave:
    subsampling = choice(random, {"4:4:4": 0.25, "4:2:2": 0.25, "4:2:0": 0.5})
    return JpegSave(integer(random, 50, 98), (), subsampling)  # type: ignore[arg-type]


def _draw_resampling(random: np.random.Generator) -> Resampling:
    kernel = choice(random, {"linear": 0.3, "cubic": 0.35, "lanczos": 0.2, "area": 0.15})
    return Resampling(log_uniform(random, (SMALLEST_SCALE, LARGEST_SCALE)), kernel)  # type: ignore[arg-type]


def draw_filtering(random: np.random.Generator, kind: str | None = None) -> Filtering:
    """A filter of any strength, of the given kind or of any."""
    kind = kind or choice(random, {"blur": 0.25, "median": 0.15, "sharpening": 0.25, "noise": 0.25, "tone": 0.1})
    return Filtering(kind, log_uniform(random, _AMOUNTS[kind]), integer(random, 0, 2**31 - 1))  # type: ignore[arg-type]


def _draw_shift(random: np.random.Generator) -> tuple[int, int]:
    return (integer(random, 0, 7), integer(random, 0, 7)) if chance(random, 0.6) else (0, 0)


_DRAW: Mapping[str, Callable[[np.random.Generator], Any]] = {
    "camera": _maybe(0.85, draw_camera),
    "first_save": _maybe(0.75, _draw_save),
    "resampling": _maybe(0.4, _draw_resampling),
    "filtering": _maybe(0.4, draw_filtering),
    "second_save": _maybe(0.2, _draw_save),
    "shift": _draw_shift,
}

_AMOUNTS: Mapping[str, tuple[float, float]] = {
    "blur": (0.35, 1.6), "median": (0.3, 1.0), "sharpening": (0.25, 1.5), "noise": (0.8, 6.0), "tone": (0.6, 1.7)
}  # fmt: skip

Values = NDArray[np.float32]
_FILTERS: Mapping[str, Callable[[Values, Filtering], Any]] = {
    "blur": lambda values, step: cv2.GaussianBlur(values, (0, 0), step.amount),
    "median": lambda values, step: values + step.amount * (cv2.medianBlur(values, 3) - values),
    "sharpening": lambda values, step: values + step.amount * (values - cv2.GaussianBlur(values, (0, 0), 1.0)),
    "noise": lambda values, step: (
        values + step.amount * np.random.default_rng(step.seed).standard_normal(values.shape, dtype=np.float32)
    ),
    "tone": lambda values, step: 255 * (values / 255) ** step.amount,
}
