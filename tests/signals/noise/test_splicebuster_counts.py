from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signals import Evidence, get_signal
from signals.noise.splicebuster_counts import CLASS_OF_CODE, _count_strip

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


def _window_mean(cells: np.ndarray) -> np.ndarray:
    """Mean over 16x16 cells at every position of ``[C, h, w]``."""
    windows = np.lib.stride_tricks.sliding_window_view(cells, (16, 16), axis=(1, 2))
    return windows.mean(axis=(3, 4))


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_features_of_the_paper_follow_from_the_counts(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    evidence = Evidence.open(GOLDEN / f"{name}.jpg")
    pixels = evidence.pixels
    values = get_signal("splicebuster_counts").extract(evidence).values.astype(np.float64)
    values = values[:, : (pixels.shape[0] - 8) // 8, : (pixels.shape[1] - 8) // 8]
    counted = values[:25].sum(axis=0)
    weights = _window_mean(counted[None] / 128)[0]
    features = np.sqrt(_window_mean(2 * values / np.maximum(counted, 1)) / np.maximum(weights, 1e-12))
    assert np.abs(weights - golden["sb_weights"]).max() <= 1e-9
    ours = features.transpose(1, 2, 0)[::8, ::8]
    assert np.abs(ours - golden["sb_features_sub_f64"]).max() <= 1e-6


def test_classes_join_reversals_and_negatives():
    assert len(set(CLASS_OF_CODE)) == 25  # Burnside: (81 + 1 + 9 + 9) / 4
    digits = [[code // 3**i % 3 for i in range(4)] for code in range(81)]
    for code, pattern in enumerate(digits):
        reverse = sum(c * 3**i for i, c in enumerate(pattern[::-1]))
        assert CLASS_OF_CODE[code] == CLASS_OF_CODE[reverse] == CLASS_OF_CODE[80 - code]


def test_strips_do_not_show(noise):
    pixels = noise(600, 96)
    pixels[240:300, 20:60] = 255
    whole = _count_strip(pixels, 0, 592 // 8 * 8, 88)
    by_strips = get_signal("splicebuster_counts").extract(Evidence.from_pixels(pixels)).values
    assert np.array_equal(by_strips[:, :74, :11], whole)


def test_flat_grey_is_one_class_everywhere(noise):
    pixels = np.full((48, 96, 3), 128, np.uint8)
    pixels[:, 72:] = noise(48, 24)
    signal_map = get_signal("splicebuster_counts").extract(Evidence.from_pixels(pixels))
    inside = signal_map.values[:, :5, :7]
    assert inside.shape == (50, 5, 7)
    assert signal_map.valid[:5, :11].all()
    assert not signal_map.valid[5:].any()
    assert not signal_map.valid[:, 11:].any()
    assert ((inside == 128).sum(axis=0) == 2).all()
    assert (inside.sum(axis=0) == 256).all()


def test_clipped_areas_have_no_valid_cell(noise):
    pixels = noise(96, 128)
    pixels[:, :80] = 255
    signal_map = get_signal("splicebuster_counts").extract(Evidence.from_pixels(pixels))
    assert not signal_map.valid[:, :8].any()
    assert not signal_map.values[:, :, :8].any()
    assert signal_map.valid[:11, 12:14].all()


def test_cells_behind_a_cut_are_not_valid(noise, encode):
    data = encode(noise(240, 160), "jpeg", quality=90)
    evidence = Evidence.open(data[: int(len(data) * 0.6)])
    signal_map = get_signal("splicebuster_counts").extract(evidence)
    rows = (evidence.decoded_rows - 8) // 8
    assert signal_map.valid[:rows, :19].all()
    assert not signal_map.valid[rows:].any()
