from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from forensics.analysis import drawing
from forensics.analysis.signal_drawing import draw_signal
from signals import Evidence, SignalMap, SignalSpec, get_signal


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


@dataclass
class _Plain:
    """A signal of the test's own: without a reference of untouched photos."""

    spec: SignalSpec
    reads = blind_when = "Nothing that matters here, which takes a sentence to say."

    def extract(self, evidence: Evidence) -> SignalMap:
        raise NotImplementedError


def _signal(values: np.ndarray, valid: np.ndarray, offset: int = 0) -> tuple[_Plain, SignalMap]:
    spec = SignalSpec("x", "1", channels=len(values), stride=8, offset=offset, dtype=str(values.dtype), range=(0, 8))
    return _Plain(spec), SignalMap(spec, values, valid)


def test_the_scale_of_a_signal_does_not_follow_the_picture() -> None:
    values = np.zeros((1, 12, 16), np.float32)
    values[:, :, 8:] = 4
    quiet = draw_signal(*_signal(values, np.ones((12, 16), bool)), 128, 96)
    values[0, 0, 0] = 8
    loud = draw_signal(*_signal(values, np.ones((12, 16), bool)), 128, 96)
    assert quiet.shape == (96, 128, 3)
    np.testing.assert_array_equal(quiet[8:], loud[8:])
    assert (quiet[:, :64] == quiet[0, 0]).all()
    assert np.abs(quiet[50, 20].astype(int) - quiet[50, 100]).max() > 60


def test_signal_hatches_what_is_not_valid() -> None:
    valid = np.ones((12, 16), bool)
    valid[6:] = False
    values = np.random.default_rng(4).integers(0, 9, (3, 12, 16)).astype(np.uint8)
    drawn = draw_signal(*_signal(values, valid, offset=4), 128, 96)
    assert set(np.unique(drawn[60:])) == {drawing.INVALID_DARK, drawing.INVALID_LIGHT}
    assert set(np.unique(drawn[:4])) == {drawing.INVALID_DARK, drawing.INVALID_LIGHT}


@pytest.mark.parametrize("valid", [True, False])
def test_constant_signals_draw(valid: bool) -> None:
    drawn = draw_signal(*_signal(np.zeros((4, 1, 1), np.uint8), np.full((1, 1), valid)), 7, 7)
    assert drawn.shape == (7, 7, 3)


def test_a_signal_is_drawn_upright_beside_untouched_photos() -> None:
    dct = get_signal("dct")
    pixels = np.random.default_rng(4).integers(0, 255, (96, 48, 3), dtype=np.uint8)
    drawn = draw_signal(dct, dct.extract(Evidence.from_pixels(pixels)), 48, 96, orientation=6)
    strip = drawn[:, 96:][:, -1].astype(int)
    assert drawn.shape[0] == 48
    assert drawn.shape[1] > 96
    # From the rarest at the top to the commonest, and not one color.
    assert (np.diff(strip.sum(axis=1)) <= 0).all()
    assert strip[0].sum() > strip[-1].sum()
