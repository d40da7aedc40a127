"""Demosaicing that treats all directions alike.

Every function takes float32 samples ``[H, W]`` of an array that begins with red (RGGB), with even sides, and returns
float32 ``[H, W, 3]``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.camera.mosaic import Colors, Samples

_GREEN = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], dtype=np.float32) / np.float32(4)
_RED_BLUE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=np.float32) / np.float32(4)
# Keeps ratios of colors finite in black, and noise there from being multiplied.
_OFFSET = np.float32(1 / 64)
_RED, _BLUE = (slice(0, None, 2), slice(0, None, 2)), (slice(1, None, 2), slice(1, None, 2))
_GREEN_BY_RED, _GREEN_BY_BLUE = (slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))


def bilinear(samples: Samples) -> Colors:
    """Means of the nearest measured samples of each color."""
    return np.dstack(
        [
            filtered(only(samples, _RED), _RED_BLUE),
            bilinear_green(samples),
            filtered(only(samples, _BLUE), _RED_BLUE),
        ]
    )


def constant_hue(samples: Samples) -> Colors:
    """Ratios of red and blue to green are interpolated; Cok, US patent 4,642,678, 1987."""
    green = bilinear_green(samples)
    ratios = (samples + _OFFSET) / (green + _OFFSET)
    red, blue = (filtered(only(ratios, sites), _RED_BLUE) * (green + _OFFSET) - _OFFSET for sites in (_RED, _BLUE))
    return np.dstack([red, green, blue])


def color_difference(samples: Samples) -> Colors:
    """Differences of red and blue to bilinear green are interpolated, as the logarithms' of Cok's were."""
    return with_red_and_blue(samples, bilinear_green(samples))


def median_difference(samples: Samples) -> Colors:
    """Bilinear, then medians of 3x3 differences to green; Freeman, US patent 4,724,395, 1988."""
    red, green, blue = cv2.split(bilinear(samples))
    red_medians, blue_medians = cv2.medianBlur(red - green, 3), cv2.medianBlur(blue - green, 3)
    result = np.dstack([green + red_medians, green, green + blue_medians])
    for sites, channel, medians in ((_RED, 0, red_medians), (_BLUE, 2, blue_medians)):
        result[..., channel][sites] = samples[sites]
        result[..., 1][sites] = samples[sites] - medians[sites]
    return result


def gradient_corrected(samples: Samples) -> Colors:
    """Linear, of 5x5 samples of all colors; Malvar, He and Cutler, ICASSP 2004."""
    cross = np.array([[0, 0, -2, 0, 0], [0, 0, 4, 0, 0], [-2, 4, 8, 4, -2], [0, 0, 4, 0, 0], [0, 0, -2, 0, 0]])
    along = np.array([[0, 0, 1, 0, 0], [0, -2, 0, -2, 0], [-2, 8, 10, 8, -2], [0, -2, 0, -2, 0], [0, 0, 1, 0, 0]])
    corners = np.array([[0, 0, -3, 0, 0], [0, 4, 0, 4, 0], [-3, 0, 12, 0, -3], [0, 4, 0, 4, 0], [0, 0, -3, 0, 0]])
    green, in_rows, in_columns, opposite = (
        filtered(samples, (kernel / 16).astype(np.float32)) for kernel in (cross, along, along.T, corners)
    )
    colors = np.dstack([samples, samples, samples])
    for sites, own, other in ((_RED, 0, 2), (_BLUE, 2, 0)):
        colors[..., 1][sites] = green[sites]
        colors[..., other][sites] = opposite[sites]
        beside, across = (_GREEN_BY_RED, _GREEN_BY_BLUE) if own == 0 else (_GREEN_BY_BLUE, _GREEN_BY_RED)
        colors[..., own][beside] = in_rows[beside]
        colors[..., own][across] = in_columns[across]
    return colors


def bilinear_green(samples: Samples) -> Samples:
    """Green, means of the four neighbors where it was not measured, ``[H, W]``."""
    green = samples.copy()
    green[_RED] = green[_BLUE] = 0
    return filtered(green, _GREEN)


def with_red_and_blue(samples: Samples, green: Samples) -> Colors:
    """Adds red and blue to a whole green channel: their differences to it are interpolated bilinearly."""
    differences = samples - green
    red, blue = (filtered(only(differences, sites), _RED_BLUE) + green for sites in (_RED, _BLUE))
    return np.dstack([red, green, blue])


def only(samples: Samples, sites: tuple[slice, slice]) -> Samples:
    """Samples of some sites, 0 at all others."""
    kept = np.zeros_like(samples)
    kept[sites] = samples[sites]
    return kept


def filtered(samples: Samples, kernel: NDArray[np.float32]) -> Samples:
    """Correlation with a kernel; the samples are mirrored at the borders."""
    return np.asarray(cv2.filter2D(samples, cv2.CV_32F, kernel), dtype=np.float32)
