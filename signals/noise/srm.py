"""The noise stream of RGB-N: three filters of the spatial rich model.

Zhou, Han, Morariu and Davis, "Learning rich features for image manipulation detection", CVPR 2018, section 3.2;
filters of Fridrich and Kodovsky, "Rich models for steganalysis of digital images", TIFS 2012.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.noise.high_pass import HighPass, high_pass_spec, magnitude, residual_map
from signals.signal import SignalMap

BANK = HighPass(
    np.array(
        [
            [[0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, -1, 2, -1, 0], [0, 0, 0, 0, 0]],
            [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]],
            [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, -2, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
        ],
        dtype=np.int32,
    ),
    np.array([4, 12, 2], dtype=np.int32),
)
"""The square filters of 3x3 and 5x5 and the linear one along a row, each divided by the size of its center."""


class Srm:
    """What three fixed filters leave of the picture: the residuals in which RGB-N looks for foreign noise.

    ``values`` is int8 ``[3, H, W]`` in quarters of a grey level, -127..127: the mean over the three colors of the
    filter's response. The paper cuts at 2 steps of a grey level; this keeps more, for the network to cut itself.
    Two rows and columns along the border are not valid.
    """

    spec = high_pass_spec("srm", "1", 3)
    reads = (
        "Shows the finest noise of the picture with its content filtered out; parts from another camera or that "
        "were smoothed or sharpened have another kind of noise."
    )
    blind_when = (
        "Says nothing by itself where texture and edges outweigh the noise, and little after strong compression "
        "or downsizing of the whole picture."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Filters the pixels; unusable below 8x8 pixels and for a flat picture."""
        return residual_map(self.spec, BANK, evidence)

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The local size of the residuals; see :func:`signals.noise.high_pass.magnitude`."""
        return magnitude(found)
