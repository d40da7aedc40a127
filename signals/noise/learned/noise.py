"""What our own network reads of the processing history of each cell of 8 x 8 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from signals.evidence import Evidence
from signals.memo import once_per_picture
from signals.signal import SignalMap, SignalSpec
from signals.validity import decoded_cells

if TYPE_CHECKING:
    from signals.noise.learned.network import NoiseExtractor

WEIGHTS = Path(__file__).parent / "weights" / "noise.safetensors"
CELL, CHANNELS, MIN_SIZE = 8, 24, 32
# Cells that the values of a cell depend on, in each direction, and cells of a band that is read at a time.
REACH, _BAND = 6, 64
# A cell counts as clipped if more than this share of its pixels is.
_MOST_CLIPPED = 0.5
_DARK, _BRIGHT = 3, 252


class Noise:
    """Learned features of processing history.

    ``values`` is float16 ``[24, ceil(H/8), ceil(W/8)]``. Cells with the same history lie near each other, whatever they
    show. A channel varies by about 1 from cell to cell where the history is the same, and the first channel is the
    one in which histories differ most. Cells that are clipped or have no residual at all, and cells cut by the
    border, are not valid.
    """

    spec = SignalSpec("noise", version="1", channels=CHANNELS, stride=CELL, dtype="float16")
    reads = (
        "Reads, with a network trained on thousands of simulated processing histories, what cameras, saving, resizing "
        "and filters leave in fine noise, and gives like numbers where the history is alike."
    )
    blind_when = (
        "Sees little in flat or clipped areas, after strong compression or downsizing of the whole picture, and where "
        "the changed part went through the same steps as the rest."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Runs the network in bands; unusable below 32 x 32 pixels and for a flat picture."""
        return cell_features(evidence)

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The first channel x as 1 / (1 + exp(-x / 2))."""
        return np.asarray(expit(found.values[0].astype(np.float32) / 2), dtype=np.float32)


@once_per_picture
def cell_features(evidence: Evidence) -> SignalMap:
    """What :class:`Noise` extracts, computed once a picture; do not write into it."""
    spec = Noise.spec
    height, width = evidence.height, evidence.width
    if min(height, width) < MIN_SIZE:
        return SignalMap.unusable(spec, f"The picture is smaller than {MIN_SIZE} x {MIN_SIZE} pixels.")
    valid = readable_cells(evidence)
    if not valid.any():
        return SignalMap.unusable(spec, "The picture is flat or clipped everywhere; there is no noise to read.")
    values = np.concatenate(list(_bands(evidence.pixels, spec.grid(height, width)[0])), axis=1)
    return SignalMap(spec, np.where(valid, values, np.float16(0)), valid)


def readable_cells(evidence: Evidence) -> NDArray[np.bool_]:
    """Cells with some residual that are not clipped, not cut by the border and not cut off: bool ``[h, w]``."""
    pixels = evidence.pixels
    valid = decoded_cells(Noise.spec, evidence, CELL * REACH)
    rows, columns = evidence.height // CELL, evidence.width // CELL
    whole = pixels[: rows * CELL, : columns * CELL]
    clipped = (whole.max(axis=2) <= _DARK) | (whole.min(axis=2) >= _BRIGHT)
    cells = whole.reshape(rows, CELL, columns, CELL, 3)
    varies = (cells.max(axis=(1, 3)) != cells.min(axis=(1, 3))).any(axis=2)
    usable = varies & (_cell_share(clipped) <= _MOST_CLIPPED)
    valid[:rows, :columns] &= usable
    valid[rows:] = valid[:, columns:] = False
    return valid


def _cell_share(marked: NDArray[np.bool_]) -> NDArray[np.float32]:
    rows, columns = marked.shape[0] // CELL, marked.shape[1] // CELL
    share = cv2.resize(marked.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(share, dtype=np.float32)


def _bands(pixels: NDArray[np.uint8], rows: int) -> Iterator[NDArray[np.float16]]:
    """The features of the picture from top to bottom, float16 ``[24, cells, ceil(W/8)]`` a band.

    A band is read with all that its cells depend on, so the bands equal the picture read at once.
    """
    import torch

    network = load_network()
    bottom, right = (-side % CELL for side in pixels.shape[:2])
    for top in range(0, rows, _BAND):
        first, last = max(0, top - REACH), min(rows, top + _BAND + REACH)
        band = pixels[first * CELL : last * CELL]
        missing = bottom if last == rows else 0
        padded = cv2.copyMakeBorder(band, 0, missing, 0, right, cv2.BORDER_REPLICATE)
        planes = torch.from_numpy(np.ascontiguousarray(padded)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            # A picture's rows of pixels are already channels last.
            features = network(planes.float().contiguous(memory_format=torch.channels_last))[0]
        kept = features[:, top - first :][:, :_BAND]
        yield kept.numpy().astype(np.float16)


@cache
def load_network(path: Path = WEIGHTS) -> NoiseExtractor:
    """The network with the weights that ship, for inference on the CPU."""
    import torch
    from safetensors.torch import load_file

    from signals.noise.learned.network import NoiseExtractor

    network = NoiseExtractor().fold()
    network.load_state_dict({name: values.float() for name, values in load_file(path).items()})
    return network.requires_grad_(False).to(memory_format=torch.channels_last)
