"""Areas that were resized or turned: their noise repeats a pattern that the rest of the picture does not have.

Kirchner, "Fast and reliable resampling detection by spectral analysis of fixed linear predictor residue", MM&Sec 2008;
Gallagher, "Detection of linear and cubic interpolation in JPEG compressed images", CRV 2005; by windows and against
the rest of the picture as Mahdian and Saic, "Blind authentication using periodic properties of interpolation",
TIFS 2008.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from signals.block_dct import luma
from signals.evidence import Evidence
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

CELL = 16
WINDOW = 64
_CELLS = WINDOW // CELL
_MIN_SIZE = 128
# The size of residuals is compared with that of the 17x17 around, above what rounding leaves.
_LOCAL, _ROUNDING = 17, 0.1
# Slower patterns are the content's own; multiples of 1/8 are the grid's of JPEG, multiples of 1/2 the sensor's.
_SLOWEST = 5
_JPEG_BINS = WINDOW // 8
# Mean power of a window in which nothing varies.
_FLAT = 1.0
_STRIP = 16 * CELL

Array = NDArray[np.float32]


class Resampling(Score):
    """The strongest periodic pattern of the prediction errors around a cell, against the same pattern elsewhere.

    Interpolated samples are predicted better where they lie close to an original one, which comes back at a period
    given by the factor of resizing. Every cell of 16x16 pixels reads the windows of 64x64 pixels that contain it.
    """

    spec = score_spec("resampling", "1", CELL, parameters={"window": WINDOW, "local": _LOCAL})
    reads = (
        "Reads whether fine detail is predictable in a pattern that repeats every few pixels, as it is in parts "
        "that were resized before they were pasted, where the rest of the picture has no such pattern."
    )
    blind_when = (
        "Sees nothing once the picture was saved as a JPEG below about quality 95 or made smaller after the change, at "
        "factors such as 8/7, 4/3, 8/5 and 2 whose patterns are those of JPEG, or when the whole picture was resized."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """Power of the strongest pattern over its median in the picture; about 2 to 3 where there is none."""
        height, width = evidence.decoded_rows, evidence.width
        if min(height, width) < _MIN_SIZE:
            raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        along_rows, along_columns = spectra(evidence.pixels[:height])
        power = along_rows + along_columns
        textured = power.mean(axis=2) > _FLAT
        if not textured.any():
            raise Unusable("The picture is flat; there is no detail to read.")
        relative = sum(
            each / np.maximum(np.median(each[textured], axis=0), _FLAT) for each in (along_rows, along_columns)
        )
        grid = self.spec.grid(evidence.height, evidence.width)
        strongest = _around_cells(np.asarray(relative / 2, dtype=np.float32), grid).max(axis=2)
        some = _around_cells(textured[..., None].astype(np.float32), grid)[..., 0] > 0.5
        return Statistic(strongest, some & decoded_cells(self.spec, evidence))


def predictability(plane: Array) -> tuple[Array, Array]:
    """How well each pixel is predicted, compared with its surroundings (Kirchner, with a local scale).

    Args:
        plane: float32 ``[H, W]`` luma.

    Returns:
        Two float32 ``[H, W]`` in 0..1: 1 where the second difference, along rows in the first and along columns in the
        second, is the same as in the next line.
    """
    kernel = np.array([[0, 0, 0], [0.5, -1, 0.5], [-0.5, 1, -0.5]], dtype=np.float32)
    maps = []
    for weights in (kernel, np.ascontiguousarray(kernel.T)):
        squares = np.square(cv2.filter2D(plane, cv2.CV_32F, weights))
        scale = cv2.blur(squares, (_LOCAL, _LOCAL)) + np.float32(_ROUNDING)
        maps.append(np.exp(-squares / scale))
    return maps[0], maps[1]


def frequencies() -> NDArray[np.intp]:
    """The frequencies that are looked at, in periods a window of 64 pixels."""
    every = np.arange(_SLOWEST, WINDOW // 2 + 1)
    distance = np.abs((every + _JPEG_BINS // 2) % _JPEG_BINS - _JPEG_BINS // 2)
    return np.asarray(every[distance > 1], dtype=np.intp)


def spectra(pixels: NDArray[np.uint8]) -> tuple[Array, Array]:
    """Power of the periodic patterns in every window of 64x64 pixels, at steps of 16.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB, at least 64x64.

    Returns:
        Two float32 ``[H // 16 - 3, W // 16 - 3, F]``: patterns that repeat along rows and along columns, at each of
        :func:`frequencies`.
    """
    rows, columns = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    # A pattern along rows is the same in all rows of a window, so the window is summed up to a line.
    lines = np.empty((rows, columns * CELL), dtype=np.float32)
    uprights = np.empty((columns, rows * CELL), dtype=np.float32)
    margin = _LOCAL // 2 + 1
    for top in range(0, rows * CELL, _STRIP):
        bottom = min(top + _STRIP, rows * CELL)
        first = max(0, top - margin)
        maps = predictability(luma(pixels[first : bottom + margin]))
        along_rows, along_columns = (each[top - first :][: bottom - top, : columns * CELL] for each in maps)
        lines[top // CELL : bottom // CELL] = along_rows.reshape(-1, CELL, columns * CELL).sum(axis=1)
        uprights[:, top:bottom] = along_columns.reshape(-1, columns, CELL).sum(axis=2).T
    return _spectra_of_lines(lines), _spectra_of_lines(uprights).swapaxes(0, 1)


def _spectra_of_lines(lines: Array) -> Array:
    """``[n, 16 m]``, sums of 16 rows, to power ``[n - 3, m - 3, F]`` of windows of four by four such cells."""
    windows = sum(lines[shift : len(lines) - _CELLS + 1 + shift] for shift in range(_CELLS))
    views = np.lib.stride_tricks.sliding_window_view(np.asarray(windows), WINDOW, axis=1)[:, ::CELL]
    place = np.arange(WINDOW, dtype=np.float32) - (WINDOW - 1) / 2
    taper = np.hanning(WINDOW + 2)[1:-1].astype(np.float32)
    result = np.empty((*views.shape[:2], len(frequencies())), dtype=np.float32)
    for line, view in enumerate(views):
        level = view - view.mean(axis=1, keepdims=True)
        level -= (level @ place)[:, None] / np.square(place).sum() * place
        transform = fft.rfft(level * taper, axis=1)[:, frequencies()]
        result[line] = np.square(transform.real) + np.square(transform.imag)
    return result


def _around_cells(values: Array, grid: tuple[int, int]) -> Array:
    """Mean over the 4x4 windows that contain each cell: ``[n - 3, m - 3, F]`` to ``[h, w, F]``."""
    for axis, size in enumerate(grid):
        first = np.arange(size) - (_CELLS - 1)
        windows = [np.clip(first + shift, 0, values.shape[axis] - 1) for shift in range(_CELLS)]
        values = np.asarray(sum(values.take(window, axis=axis) for window in windows) / np.float32(_CELLS))
    return values
