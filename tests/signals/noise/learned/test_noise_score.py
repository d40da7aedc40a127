from __future__ import annotations

import cv2
import numpy as np
import pytest

from signals import Evidence, Unusable, get_signal
from signals.noise.learned.noise_score import window_means
from tests.signals.noise.scene import scene


def test_it_finds_another_history_and_nothing_in_the_twin():
    signal = get_signal("noise_score")
    forged, inside = scene(512, 640, pasted=True)
    twin, _ = scene(512, 640, pasted=False)
    found, silent = (signal.measure(Evidence.from_pixels(pixels)).values for pixels in (forged, twin))
    inner = cv2.erode(inside.view(np.uint8), np.ones((73, 73)))[4::8, 4::8] > 0
    outer = cv2.dilate(inside.view(np.uint8), np.ones((73, 73)))[4::8, 4::8] == 0
    assert np.median(found[inner]) > 5 * np.quantile(found[outer], 0.9)
    assert np.median(found[inner]) > 5 * np.quantile(silent, 0.99)


def test_window_means_count_valid_cells_only():
    values = np.arange(12, dtype=np.float16).reshape(1, 3, 4)
    valid = np.ones((3, 4), bool)
    valid[1, 1] = False
    means, share = window_means(values, valid, 3)
    assert means[0, 0, 0] == pytest.approx((0 + 1 + 4) / 3)
    assert means[1, 2, 0] == pytest.approx((1 + 2 + 3 + 6 + 7 + 9 + 10 + 11) / 8)
    assert share[0, 0] == pytest.approx(3 / 4)
    assert share[1, 2] == pytest.approx(8 / 9)


def test_too_little_to_compare_is_said(noise):
    with pytest.raises(Unusable, match="Too little"):
        get_signal("noise_score").measure(Evidence.from_pixels(noise(40, 40)))
