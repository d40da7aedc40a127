"""Areas that a color filter array explains worse than the rest: the error of interpolating the picture anew.

Dirik and Memon, "Image tamper detection based on demosaicing artifacts", ICIP 2009 (feature F1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

BLOCK = 16
# Rows and columns of the first red and the first blue sample in each layout of the array; the others are green.
LAYOUTS = (((0, 1), (1, 0)), ((1, 0), (0, 1)), ((1, 1), (0, 0)), ((0, 0), (1, 1)))
# Blocks that vary less than this many grey levels (standard deviation) do not tell layouts apart.
_SMOOTH = 5.0
_STRIP_BLOCKS = 16

Array = NDArray[np.float64]


class CfaDirik(Score):
    """How much worse than elsewhere the picture's layout of the color filter array explains a block of 16x16 pixels.

    A camera measures one color at each pixel and interpolates the others. Interpolating anew under the right layout
    makes a smaller error than under the three wrong ones; where a part was pasted or painted, all four do equally.
    """

    spec = score_spec("cfa_dirik", "1", BLOCK, parameters={"smooth": _SMOOTH})
    reads = (
        "Reads whether the colors of each 16x16 block can be interpolated from the samples that a camera sensor "
        "measures, which fails where a part was painted, resized or pasted from elsewhere."
    )
    blind_when = (
        "Sees nothing in pictures that were made smaller or saved as a JPEG below about quality 90, and little in most "
        "camera JPEGs, whose compression leaves hardly any trace of the sensor's color filters."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """:func:`misfit` minus its median over the picture; above 0 where the array explains less than usual."""
        if min(evidence.height, evidence.width) < BLOCK:
            raise Unusable(f"The picture is smaller than {BLOCK} x {BLOCK} pixels.")
        errors, textured = interpolation_errors(evidence.pixels)
        if not textured.any():
            raise Unusable("The picture is flat: no block varies enough to tell how its colors were interpolated.")
        total = errors.sum(axis=3)
        # Without any error there is none to compare, as in areas of one color.
        valid = (total.sum(axis=0) > 0) & decoded_cells(self.spec, evidence, reach=1)
        if not valid.any():
            raise Unusable("The picture is flat: its colors are interpolated without an error under every layout.")
        values = misfit(total, best_layout(errors, textured))
        return Statistic(values - np.median(values[valid]), valid)


def best_layout(errors: Array, textured: NDArray[np.bool_]) -> int:
    """Index into :data:`LAYOUTS` of the layout that explains the textured blocks of all colors best.

    Args:
        errors: ``[4, h, w, 3]`` of :func:`interpolation_errors`.
        textured: bool ``[h, w, 3]`` of the same.
    """
    return int(np.argmin([layout[textured].mean() for layout in errors]))


def misfit(total: Array, layout: int) -> Array:
    """Error under a layout over the mean error under the four: the uniformity on which feature F1 rests.

    Args:
        total: ``[4, h, w]``: squared errors of the three colors together under each layout.
        layout: The layout of the picture.

    Returns:
        float64 ``[h, w]`` in 0..4: 0 where that layout explains everything, about 1 where none fits better.
    """
    return np.asarray(total[layout] / np.maximum(total.mean(axis=0), 1e-9))


def green_share(errors: Array, layout: int) -> Array:
    """Share of green in the error under a layout, the paper's E2(k, 2): float64 ``[h, w]`` in 0..1.

    By itself it says how colors were interpolated rather than whether: pasted parts have a larger share beside one
    method of interpolation, a smaller one beside another.
    """
    best = errors[layout]
    return np.asarray(best[..., 1] / np.maximum(best.sum(axis=2), 1e-9))


def interpolation_errors(pixels: NDArray[np.uint8]) -> tuple[Array, NDArray[np.bool_]]:
    """How well each layout of the color filter array explains each block.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB, at least 16x16.

    Returns:
        Mean squared error float64 ``[4, ceil(H/16), ceil(W/16), 3]``, in squared grey levels, of bilinear
        interpolation under each of :data:`LAYOUTS`, and bool ``[ceil(H/16), ceil(W/16), 3]``: where a color varies
        by more than 5 grey levels.
    """
    height, width = pixels.shape[:2]
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    errors = np.empty((len(LAYOUTS), rows, columns, 3))
    textured = np.empty((rows, columns, 3), dtype=np.bool_)
    # Mirrored without repeating the border, neighbors keep their place in the array.
    row = _mirrored(height)
    for top in range(0, rows, _STRIP_BLOCKS):
        bottom = min(top + _STRIP_BLOCKS, rows)
        inside = slice(top, bottom)
        last = min(bottom * BLOCK, height)
        strip = pixels[row[top * BLOCK : last + 2]][:, _mirrored(width)]
        for color in range(3):
            samples = strip[..., color].astype(np.int32)
            textured[inside, :, color] = _deviations(samples[1:-1, 1:-1]) > _SMOOTH
            errors[:, inside, :, color] = _green_errors(samples) if color == 1 else _other_errors(samples, color)
    return errors / _sizes(height, width)[..., None], textured


def _mirrored(size: int) -> NDArray[np.intp]:
    """Indices of ``size`` places with one more at each end."""
    return np.asarray(np.concatenate([[1], np.arange(size), [size - 2]]), dtype=np.intp)


def _sizes(height: int, width: int) -> Array:
    """Pixels in each block."""
    rows = np.minimum(BLOCK, height - np.arange(0, height, BLOCK))
    columns = np.minimum(BLOCK, width - np.arange(0, width, BLOCK))
    return np.asarray(rows[:, None] * columns, dtype=np.float64)


def _green_errors(samples: NDArray[np.int32]) -> Array:
    """Sums ``[4, h, w]`` of squared errors of green from its four neighbors, at the places that have another color."""
    predicted = samples[:-2, 1:-1] + samples[2:, 1:-1] + samples[1:-1, :-2] + samples[1:-1, 2:]
    errors = _squares(predicted, 2, samples)
    return np.stack([_block_sums(errors, [red, blue]) for red, blue in LAYOUTS])


def _other_errors(samples: NDArray[np.int32], color: int) -> Array:
    """Sums ``[4, h, w]`` for red (0) or blue (2): two neighbors in the row or column, or four at the corners."""
    beside = _squares(samples[1:-1, :-2] + samples[1:-1, 2:], 1, samples)
    above = _squares(samples[:-2, 1:-1] + samples[2:, 1:-1], 1, samples)
    corners = samples[:-2, :-2] + samples[:-2, 2:] + samples[2:, :-2] + samples[2:, 2:]
    across = _squares(corners, 2, samples)
    sums = []
    for red, blue in LAYOUTS:
        y, x = red if color == 0 else blue
        places = ((beside, (y, 1 - x)), (above, (1 - y, x)), (across, (1 - y, 1 - x)))
        sums.append(sum((_block_sums(errors, [place]) for errors, place in places), np.zeros(1)))
    return np.stack(sums)


def _squares(total: NDArray[np.int32], bits: int, samples: NDArray[np.int32]) -> NDArray[np.int32]:
    """Squared error of a mean of ``2**bits`` neighbors, halves rounded up."""
    error = ((total + (1 << (bits - 1))) >> bits) - samples[1:-1, 1:-1]
    return error * error


def _block_sums(values: NDArray[np.int32], places: list[tuple[int, int]]) -> Array:
    """Sums over 16x16 blocks of the values at the given places of each 2x2 pixels; blocks at the end hold less."""
    rows, columns = -(-values.shape[0] // BLOCK), -(-values.shape[1] // BLOCK)
    total = np.zeros((rows, columns))
    for y, x in places:
        chosen = values[y::2, x::2]
        by_row = np.add.reduceat(chosen, np.arange(0, chosen.shape[0], BLOCK // 2), axis=0, dtype=np.int64)
        sums = np.add.reduceat(by_row, np.arange(0, chosen.shape[1], BLOCK // 2), axis=1)
        total[: sums.shape[0], : sums.shape[1]] += sums
    return total


def _deviations(samples: NDArray[np.int32]) -> Array:
    """Standard deviation of each block, ``[h, w]``."""
    everywhere = [(y, x) for y in (0, 1) for x in (0, 1)]
    count = _sizes(*samples.shape)
    total, squares = _block_sums(samples, everywhere), _block_sums(samples * samples, everywhere)
    return np.asarray(np.sqrt(np.maximum(squares - total**2 / count, 0) / np.maximum(count - 1, 1)))
