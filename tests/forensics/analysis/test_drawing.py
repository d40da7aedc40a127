from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.analysis import drawing
from forensics.analysis.signal_drawing import draw_signal
from signals import SignalMap, SignalSpec


def test_map_keeps_the_operating_point() -> None:
    half = np.float32(0.5)
    values = np.array([[0, np.nextafter(half, np.float32(0)), half, np.nextafter(half, np.float32(1)), 1]], np.float32)
    assert drawing.draw_map(values).tolist() == [[0, 127, 128, 128, 255]]
    many = np.random.default_rng(0).random((300, 300), dtype=np.float32)
    np.testing.assert_array_equal(drawing.draw_map(many) >= 128, many >= 0.5)


def test_overlay_is_grey_where_the_map_is_zero() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    plain = drawing.draw_overlay(pixels, np.zeros((80, 90), np.uint8))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    assert np.abs(plain.astype(int) - grey[..., None]).max() <= 1


def test_overlay_marks_in_orange_with_a_white_outline() -> None:
    grey_map = np.zeros((500, 500), np.uint8)
    grey_map[100:300, 100:300] = 255
    overlay = drawing.draw_overlay(np.full((500, 500, 3), 120, np.uint8), grey_map)
    red, green, blue = overlay[200, 200].astype(int)
    assert red > green + 40 > blue + 60
    assert overlay[100, 200].tolist() == [255, 255, 255]


def test_specks_get_no_outline() -> None:
    grey_map = np.where(np.random.default_rng(0).random((500, 500)) > 0.8, 200, 0).astype(np.uint8)
    overlay = drawing.draw_overlay(np.full((500, 500, 3), 120, np.uint8), grey_map)
    assert not (overlay == 255).all(axis=2).any()


def test_fit_bounds_without_vanishing() -> None:
    assert drawing.fit(np.zeros((10, 60000, 3), np.uint8), 1600).shape == (1, 1600, 3)
    assert drawing.fit(np.zeros((7, 7), np.uint8), 1600).shape == (7, 7)


def test_png_holds_the_same_pixels() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    decoded = cv2.imdecode(np.frombuffer(drawing.encode_png(pixels), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decoded[..., ::-1], pixels)


def _signal(values: np.ndarray, valid: np.ndarray, offset: int = 0) -> SignalMap:
    spec = SignalSpec("x", "1", channels=len(values), stride=8, offset=offset, dtype=str(values.dtype))
    return SignalMap(spec, values, valid)


def test_signal_shows_the_strongest_direction() -> None:
    random = np.random.default_rng(4)
    pattern = np.zeros((12, 16))
    pattern[:, 8:] = 1
    loadings = random.normal(size=5)
    values = loadings[:, None, None] * pattern * 10 + random.normal(0, 0.1, (5, 12, 16))
    drawn = draw_signal(_signal(values.astype(np.float32), np.ones((12, 16), bool)), 128, 96).astype(int)
    assert drawn.shape == (96, 128, 3)
    left, right = drawn[:, :64].mean((0, 1)), drawn[:, 64:].mean((0, 1))
    assert np.abs(left - right).max() > 150


def test_signal_hatches_what_is_not_valid() -> None:
    valid = np.ones((12, 16), bool)
    valid[6:] = False
    values = np.random.default_rng(4).integers(0, 9, (3, 12, 16)).astype(np.uint8)
    drawn = draw_signal(_signal(values, valid, offset=4), 128, 96)
    assert set(np.unique(drawn[60:])) == {drawing.INVALID_DARK, drawing.INVALID_LIGHT}
    assert set(np.unique(drawn[:4])) == {drawing.INVALID_DARK, drawing.INVALID_LIGHT}


@pytest.mark.parametrize("valid", [True, False])
def test_constant_signals_draw(valid: bool) -> None:
    drawn = draw_signal(_signal(np.zeros((4, 1, 1), np.uint8), np.full((1, 1), valid)), 7, 7)
    assert drawn.shape == (7, 7, 3)
