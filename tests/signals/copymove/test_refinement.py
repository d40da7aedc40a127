from __future__ import annotations

import subprocess
import sys

import numpy as np

from signals.copymove.refinement import Box, warp
from signals.copymove.transform import translation

TOUCHING = """
import numpy as np
from signals.copymove.refinement import Box, warp

luma = np.zeros((200, 240), np.uint8)
there = warp(luma, np.array([[3.2, 0.2, 9.0], [-0.2, 3.2, 400.0]]), Box(0, 0, 72, 72))
assert there.shape == (72, 72)
"""


def test_an_end_that_hardly_touches_the_picture_takes_bounded_time() -> None:
    subprocess.run([sys.executable, "-c", TOUCHING], timeout=60, check=True)


def test_draws_the_other_end() -> None:
    luma = np.random.default_rng(0).integers(0, 256, (64, 80), dtype=np.uint8)
    assert np.array_equal(warp(luma, translation(24, 8), Box(8, 16, 40, 48)), luma[16:48, 40:72])
