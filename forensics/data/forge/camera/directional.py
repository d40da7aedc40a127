"""Demosaicing that chooses, at each pixel, between interpolating along the row and along the column.

Every function takes float32 samples ``[H, W]`` of an array that begins with red (RGGB), with even sides, and returns
float32 ``[H, W, 3]``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.camera.interpolation import filtered, with_red_and_blue
from forensics.data.forge.camera.mosaic import Colors, Samples

# The mean of two neighbors, corrected by a quarter of the second derivative of the pixel's own color.
_CORRECTED_MEAN = np.array([[-1, 2, 2, 2, -1]], dtype=np.float32) / np.float32(4)
_SECOND_DERIVATIVE = np.array([[-1, 0, 2, 0, -1]], dtype=np.float32)
_GRADIENT = np.array([[0, -1, 0, 1, 0]], dtype=np.float32)
_LOW_PASS = np.array([[4, 9, 15, 23, 26, 23, 15, 9, 4]], dtype=np.float32) / np.float32(128)
_NINE = np.full((1, 9), 1 / 9, dtype=np.float32)
_LEAST_VARIANCE = np.float32(1e-10)


def laplacian_corrected(samples: Samples) -> Colors:
    """Green along the smaller gradient, or by both where they are equal; Hamilton and Adams, US patent 5,629,734, 1997.

    The gradient is the difference of the two neighbors in green plus the second derivative of the pixel's own color.
    """
    rows, columns = (
        np.abs(filtered(samples, turned(_GRADIENT))) + np.abs(filtered(samples, turned(_SECOND_DERIVATIVE)))
        for turned in _TURNS
    )
    weight = np.where(rows == columns, 0.5, rows < columns).astype(np.float32)
    return with_red_and_blue(samples, _mixed_green(samples, weight))


def directional_filtering(samples: Samples) -> Colors:
    """Green along the direction of less varying differences of colors; Menon, Andriani and Calvagno, TIP 2007.

    Variation is summed over the pairs of samples within 5x5. The refinement that the paper adds is left out; red and
    blue follow by bilinear differences.
    """
    variation = []
    for turned, steps, pairs in zip(_TURNS, ((0, 2), (2, 0)), ((3, 5), (5, 3)), strict=True):
        differences = np.where(_is_green(samples), 0, samples - filtered(samples, turned(_CORRECTED_MEAN)))
        change = np.abs(differences - _moved(differences.astype(np.float32), *steps))
        variation.append(cv2.boxFilter(change, cv2.CV_32F, pairs, anchor=(2, 2), normalize=False))
    weight = (variation[0] <= variation[1]).astype(np.float32)
    return with_red_and_blue(samples, _mixed_green(samples, weight))


def directional_linear_estimation(samples: Samples) -> Colors:
    """Green minus the other color by least mean square errors along both directions; Zhang and Wu, TIP 2005.

    The two estimates are weighted by the inverse of their expected errors; red and blue follow by bilinear differences.
    """
    green = _is_green(samples)
    estimates, errors = [], []
    for turned in _TURNS:
        difference = filtered(samples, turned(_CORRECTED_MEAN)) - samples
        difference = np.where(green, -difference, difference)
        smooth = filtered(difference, turned(_LOW_PASS))
        mean = filtered(smooth, turned(_NINE))
        signal = filtered(np.square(smooth - mean), turned(_NINE)) + _LEAST_VARIANCE
        noise = filtered(np.square(difference - smooth), turned(_NINE)) + _LEAST_VARIANCE
        estimates.append(mean + signal / (signal + noise) * (difference - mean))
        errors.append(signal * noise / (signal + noise))
    difference = (estimates[0] * errors[1] + estimates[1] * errors[0]) / (errors[0] + errors[1])
    return with_red_and_blue(samples, np.where(green, samples, samples + difference).astype(np.float32))


def adaptive_homogeneity(samples: Samples) -> Colors:
    """Of the pictures made along rows and along columns, the more even one; Hirakawa and Parks, TIP 2005.

    Even: more of the neighbors within 3x3 have nearly the same lightness and color, in CIELAB.
    """
    by_rows, by_columns = (
        with_red_and_blue(samples, _mixed_green(samples, np.full_like(samples, weight))) for weight in (1, 0)
    )
    changes_by_rows, changes_by_columns = _changes(by_rows), _changes(by_columns)
    # as much as either picture changes along its own direction
    limits = [
        np.minimum(np.maximum(rows[0], rows[1]), np.maximum(columns[2], columns[3]))
        for rows, columns in zip(changes_by_rows, changes_by_columns, strict=True)
    ]
    even_by_rows, even_by_columns = _evenness(changes_by_rows, limits), _evenness(changes_by_columns, limits)
    equal = np.isclose(even_by_rows, even_by_columns)
    weight = np.where(equal, 0.5, even_by_rows > even_by_columns).astype(np.float32)[..., None]
    return np.asarray(by_columns + weight * (by_rows - by_columns), dtype=np.float32)


def _changes(colors: Colors) -> tuple[list[Samples], list[Samples]]:
    """Differences of lightness, and squared ones of color, to the neighbors right, left, below and above."""
    lab = np.asarray(cv2.cvtColor(np.clip(colors, 0, 1), cv2.COLOR_LRGB2Lab), dtype=np.float32)
    planes = [np.ascontiguousarray(lab[..., index]) for index in range(3)]
    lightness: list[Samples] = []
    color: list[Samples] = []
    for rows, columns in ((0, 1), (1, 0)):
        steps = [plane - _moved(plane, rows, columns) for plane in planes]
        for changes, change in ((lightness, np.abs(steps[0])), (color, np.square(steps[1]) + np.square(steps[2]))):
            changes += [change, _moved(change, -rows, -columns)]
    return lightness, color


def _evenness(changes: tuple[list[Samples], list[Samples]], limits: list[Samples]) -> Samples:
    """Neighbors that differ by no more than the limits of lightness and color, as a mean over 3x3."""
    alike = np.zeros_like(limits[0])
    for lightness, color in zip(*changes, strict=True):
        alike += (lightness <= limits[0]) & (color <= limits[1])
    return np.asarray(cv2.blur(alike, (3, 3)), dtype=np.float32)


def _mixed_green(samples: Samples, weight: Samples) -> Samples:
    """Whole green channel: ``weight`` of the estimate along rows, the rest of that along columns."""
    rows, columns = (filtered(samples, turned(_CORRECTED_MEAN)) for turned in _TURNS)
    return np.where(_is_green(samples), samples, columns + weight * (rows - columns)).astype(np.float32)


def _is_green(samples: Samples) -> NDArray[np.bool_]:
    green = np.zeros(samples.shape, dtype=np.bool_)
    green[0::2, 1::2] = green[1::2, 0::2] = True
    return green


def _moved(values: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """The value that stands some rows below and columns to the right, around the borders of the picture."""
    return np.roll(values, (-rows, -columns), axis=(0, 1))


def _along_rows(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    return kernel


def _along_columns(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    return kernel.T


_TURNS = (_along_rows, _along_columns)
