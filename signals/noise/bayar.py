"""Prediction errors of the constrained convolution, with fixed filters.

Bayar and Stamm, "Constrained convolutional neural networks: a new approach towards general purpose image manipulation
detection", TIFS 2018: the center weighs -1 and its neighbors sum to 1. There the filters are learned
with the network (``signals.torch.bayar`` has that layer); here they are the best linear predictors on untouched photos.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.noise.high_pass import HighPass, high_pass_spec, magnitude, residual_map
from signals.signal import SignalMap

UNIT = 1024
"""What the center weighs, negative; the other weights of a kernel sum to it."""

# Printed by benchmarks/fit_bayar.py.
BANK = HighPass(
    np.array(
        [
            [[0, 0, 0, 0, 0], [0, -234, 490, -234, 0], [0, 490, -1024, 490, 0], [0, -234, 490, -234, 0],
             [0, 0, 0, 0, 0]],
            [[-156, 30, 352, 30, -156], [30, 0, 0, 0, 30], [352, 0, -1024, 0, 352], [30, 0, 0, 0, 30],
             [-156, 30, 352, 30, -156]],
            [[48, -25, -52, -25, 48], [-25, -201, 511, -201, -25], [-52, 511, -1024, 511, -52],
             [-25, -201, 511, -201, -25], [48, -25, -52, -25, 48]],
        ],
        dtype=np.int32,
    ),
    np.full(3, UNIT, dtype=np.int32),
)  # fmt: skip
"""Predictors from the 8 neighbors, from the ring of 16 around those, and from all 24."""


class Bayar:
    """How far each pixel is from what its neighbors predict: three fixed linear predictors.

    ``values`` is int8 ``[3, H, W]`` in quarters of a grey level, -127..127: prediction minus pixel, of the mean over
    the three colors, from the 8 nearest neighbors, from the ring of 16 around those, and from all 24. Two rows and
    columns along the border are not valid.
    """

    spec = high_pass_spec("bayar", "1", 3)
    reads = (
        "Shows how far each pixel is from what its neighbors predict; resized, blurred or painted parts are "
        "predicted too well, parts with foreign noise too badly."
    )
    blind_when = (
        "Says nothing by itself where texture and edges outweigh the noise, and little after strong compression "
        "or downsizing of the whole picture."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Filters the pixels; unusable below 8x8 pixels and for a flat picture."""
        return residual_map(self.spec, BANK, evidence)

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The local size of the errors; see :func:`signals.noise.high_pass.magnitude`."""
        return magnitude(found)
