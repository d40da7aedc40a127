from __future__ import annotations

import cv2
import numpy as np

from benchmarks.literal.bayar import literal
from signals import Evidence, get_signal
from signals.noise.bayar import BANK, UNIT


def test_same_as_written_plainly(noise):
    evidence = Evidence.from_pixels(noise(37, 50))
    assert np.array_equal(get_signal("bayar").extract(evidence).values, literal(evidence))


def test_the_constraint_of_the_paper_holds():
    assert (BANK.kernels[:, 2, 2] == -UNIT).all()
    assert (BANK.kernels.sum(axis=(1, 2)) == 0).all()
    assert np.abs(BANK.kernels).max() <= 2048
    for kernel in BANK.kernels:
        assert np.array_equal(kernel, kernel.T)
        assert np.array_equal(kernel, kernel[::-1])


def test_enlarged_parts_are_predicted_too_well(noise):
    random = np.random.default_rng(2)
    pixels = np.clip(128 + random.normal(0, 8, (160, 160, 3)), 0, 255).astype(np.uint8)
    forged = pixels.copy()
    forged[40:104, 40:104] = cv2.resize(pixels[40:80, 40:80], (64, 64), interpolation=cv2.INTER_CUBIC)
    sizes = [np.abs(get_signal("bayar").extract(Evidence.from_pixels(p)).values.astype(int)) for p in (pixels, forged)]
    ratio = sizes[1][:, 44:100, 44:100].mean(axis=(1, 2)) / sizes[0][:, 44:100, 44:100].mean(axis=(1, 2))
    assert (ratio[[0, 2]] < 0.5).all()
    assert np.array_equal(sizes[0][:, 110:], sizes[1][:, 110:])
