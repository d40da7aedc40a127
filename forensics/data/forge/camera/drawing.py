"""Draws cameras: continuous parameters, so that hardly two of them are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from forensics.data.forge.camera.color import ColorResponse
from forensics.data.forge.camera.demosaicing import Demosaicing, list_demosaicings
from forensics.data.forge.camera.denoising import (
    Bilateral,
    Denoising,
    Gaussian,
    LocalVariance,
    Median,
    NoDenoising,
    NonLocalMeans,
)
from forensics.data.forge.camera.development import Development, Sharpening
from forensics.data.forge.camera.mosaic import FIRST_RED, Pattern
from forensics.data.forge.camera.sensor import Sensor
from forensics.data.forge.camera.simulation import CameraSimulation
from forensics.data.forge.camera.tone import ToneCurve
from forensics.data.forge.draw import chance, choice, draw_seed, integer, log_uniform, uniform

_DENOISINGS: Mapping[str, float] = {
    "none": 0.25, "gaussian": 0.1, "median": 0.1, "bilateral": 0.25, "local_variance": 0.2, "non_local_means": 0.1
}  # fmt: skip
_COMPANDED = 0.4
_SHARPENED = 0.8
_COLOR_MEDIANS: Mapping[str, float] = {"0": 0.4, "1": 0.4, "2": 0.2}
_COLOR_BLURRED = 0.6
_BITS: Mapping[str, float] = {"10": 0.3, "12": 0.4, "14": 0.3}


def draw_camera(random: np.random.Generator) -> CameraSimulation:
    """A camera with its settings; every demosaicing and every phase of the color filters is as likely as the others."""
    return CameraSimulation(
        blur=log_uniform(random, (0.3, 0.8)),
        color=_draw_color(random),
        pattern=cast(Pattern, choice(random, dict.fromkeys(FIRST_RED, 1.0))),
        sensor=_draw_sensor(random),
        demosaicing=cast(Demosaicing, choice(random, dict.fromkeys(list_demosaicings(), 1.0))),
        companding=uniform(random, (1.5, 2.4)) if chance(random, _COMPANDED) else 1.0,
        tone=ToneCurve(uniform(random, (1.9, 2.5)), log_uniform(random, (2e-3, 2e-2)), uniform(random, (0, 0.4))),
        development=_draw_development(random),
        seed=draw_seed(random),
    )


def _draw_color(random: np.random.Generator) -> ColorResponse:
    white_balance = (uniform(random, (1.2, 2.4)), uniform(random, (1.2, 2.2)))
    bounds = (0.02, 0.25)
    return ColorResponse(white_balance, (uniform(random, bounds), uniform(random, bounds), uniform(random, bounds)))


def _draw_sensor(random: np.random.Generator) -> Sensor:
    return Sensor(log_uniform(random, (2e-5, 6e-4)), log_uniform(random, (1, 4)), int(choice(random, _BITS)))


def _draw_development(random: np.random.Generator) -> Development:
    denoising = _DRAW_DENOISING[choice(random, _DENOISINGS)](random)
    color_medians = int(choice(random, _COLOR_MEDIANS))
    color_blur = log_uniform(random, (0.5, 2.0)) if chance(random, _COLOR_BLURRED) else 0.0
    sharpening = _draw_sharpening(random) if chance(random, _SHARPENED) else None
    return Development(denoising, color_medians, color_blur, sharpening)


def _draw_sharpening(random: np.random.Generator) -> Sharpening:
    return Sharpening(log_uniform(random, (0.1, 1.0)), log_uniform(random, (0.5, 1.6)), uniform(random, (0, 0.008)))


_DRAW_DENOISING: Mapping[str, Callable[[np.random.Generator], Denoising]] = {
    "none": lambda random: NoDenoising(),
    "gaussian": lambda random: Gaussian(log_uniform(random, (0.3, 0.6))),
    "median": lambda random: Median(uniform(random, (0.2, 0.8))),
    "bilateral": lambda random: Bilateral(log_uniform(random, (1, 4)), log_uniform(random, (0.7, 2.0))),
    "local_variance": lambda random: LocalVariance(log_uniform(random, (0.5, 1.5)), integer(random, 1, 3)),
    "non_local_means": lambda random: NonLocalMeans(log_uniform(random, (0.5, 1.5))),
}
