"""From one color a pixel to three: the ways of cameras and of raw converters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, get_args

import cv2
import numpy as np

from forensics.data.forge.camera.directional import (
    adaptive_homogeneity,
    directional_filtering,
    directional_linear_estimation,
    laplacian_corrected,
)
from forensics.data.forge.camera.interpolation import (
    bilinear,
    color_difference,
    constant_hue,
    gradient_corrected,
    median_difference,
)
from forensics.data.forge.camera.mosaic import FIRST_RED, Colors, Pattern, Samples
from signals.errors import WrongUsage

Demosaicing = Literal[
    "bilinear",
    "constant_hue",
    "color_difference",
    "median",
    "malvar",
    "hamilton_adams",
    "vng",
    "edge_aware",
    "menon",
    "dlmmse",
    "ahd",
]
# As far as any algorithm reaches.
_MARGIN = 16


def list_demosaicings() -> list[str]:
    """Names of the algorithms."""
    return sorted(get_args(Demosaicing))


def demosaic(samples: Samples, pattern: Pattern, algorithm: Demosaicing) -> Colors:
    """Interpolates the two colors that were not measured at each pixel.

    Every algorithm keeps what was measured. The picture is mirrored at its borders, by whole pixels, so that
    the array of filters goes on there; thus all algorithms see an array that begins with red and has even sides.

    Args:
        samples: float32 ``[H, W]`` in 0..1, sides of at least 16.
        pattern: Filters of the first two rows and columns.
        algorithm: One of :func:`list_demosaicings`.

    Returns:
        float32 ``[H, W, 3]``; interpolated colors may lie somewhat outside 0..1.

    Raises:
        WrongUsage: There is no algorithm of that name.
    """
    if algorithm not in _ALGORITHMS:
        raise WrongUsage(f"demosaicing {algorithm!r} is unknown; choose from {', '.join(list_demosaicings())}")
    height, width = samples.shape
    top, left = (_MARGIN + first for first in FIRST_RED[pattern])
    bottom, right = _MARGIN + (height + top) % 2, _MARGIN + (width + left) % 2
    mirrored = cv2.copyMakeBorder(samples, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    colors = _ALGORITHMS[algorithm](np.asarray(mirrored, dtype=np.float32))
    return np.ascontiguousarray(colors[top : top + height, left : left + width])


def edge_aware(samples: Samples) -> Colors:
    """Green along the smaller of two gradients, red and blue as bilinear; OpenCV's, 16 bits."""
    levels = np.round(np.clip(samples, 0, 1) * 65535).astype(np.uint16)
    colors = cv2.cvtColor(levels, cv2.COLOR_BayerRGGB2RGB_EA)
    return np.asarray(colors, dtype=np.float32) / np.float32(65535)


def variable_gradients(samples: Samples) -> Colors:
    """Means over the directions of little change; Chang, Cheung and Pang, SPIE 3650, 1999 (OpenCV's, 8 bits).

    Eight bits hold square roots, as raw files of that depth do: dark tones keep their steps.
    """
    levels = np.round(np.sqrt(np.clip(samples, 0, 1)) * 255).astype(np.uint8)
    colors = cv2.cvtColor(levels, cv2.COLOR_BayerRGGB2RGB_VNG)
    return np.asarray(np.square(colors.astype(np.float32) / np.float32(255)), dtype=np.float32)


_ALGORITHMS: Mapping[str, Callable[[Samples], Colors]] = MappingProxyType(
    {
        "bilinear": bilinear,
        "constant_hue": constant_hue,
        "color_difference": color_difference,
        "median": median_difference,
        "malvar": gradient_corrected,
        "hamilton_adams": laplacian_corrected,
        "vng": variable_gradients,
        "edge_aware": edge_aware,
        "menon": directional_filtering,
        "dlmmse": directional_linear_estimation,
        "ahd": adaptive_homogeneity,
    }
)
