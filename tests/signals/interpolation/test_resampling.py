from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.literal.resampling import literal
from signals import Evidence, Unusable, get_signal
from signals.interpolation.resampling import WINDOW, frequencies, spectra


def _scene(height: int, width: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    clouds = cv2.resize(random.uniform(80, 170, (8, 8, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    texture = cv2.GaussianBlur(random.normal(0, 12, (height, width)), (0, 0), 0.8)[..., None]
    return np.clip(clouds + texture + random.normal(0, 2, (height, width, 3)), 0, 255).astype(np.uint8)


def _enlarged(pixels: np.ndarray, factor: float, interpolation: int) -> np.ndarray:
    height, width = pixels.shape[:2]
    part = pixels[: int(height / factor) + 2, : int(width / factor) + 2]
    return cv2.resize(part, None, fx=factor, fy=factor, interpolation=interpolation)[:height, :width]


def test_same_as_written_plainly():
    evidence = Evidence.from_pixels(_scene(130, 150, 1))
    assert np.allclose(get_signal("resampling").measure(evidence).values, literal(evidence), rtol=1e-3)


@pytest.mark.parametrize("factor", [1.2, 1.45, 1.7])
@pytest.mark.parametrize("interpolation", [cv2.INTER_CUBIC, cv2.INTER_LINEAR])
def test_finds_what_was_enlarged(factor, interpolation):
    signal = get_signal("resampling")
    picture, source = _scene(384, 480, 2), _scene(160, 160, 3)
    forged, twin = picture.copy(), picture.copy()
    forged[96:256, 160:320] = _enlarged(source, factor, interpolation)
    twin[96:256, 160:320] = source
    found, silent = (signal.measure(Evidence.from_pixels(p)).values for p in (forged, twin))
    inside, outside = np.zeros((2, *found.shape), bool)
    inside[8:14, 12:18] = True
    outside[:4] = outside[20:] = outside[:, :8] = outside[:, 24:] = True
    assert found[inside].min() > 1.5 * found[outside].max()
    assert found[inside].min() > 1.5 * silent.max()


def test_finds_it_after_gentle_compression(encode):
    signal = get_signal("resampling")
    forged = _scene(384, 480, 4)
    forged[96:256, 160:320] = _enlarged(_scene(160, 160, 5), 1.3, cv2.INTER_LINEAR)
    found = signal.measure(Evidence.open(encode(forged, "jpeg", quality=98, subsampling=0))).values
    assert np.median(found[8:14, 12:18]) > np.quantile(found[:, 24:], 0.99)


@pytest.mark.parametrize("factor", [1.2, 1.3, 1.7])
def test_the_pattern_has_the_frequency_of_the_factor(factor):
    pixels = _enlarged(_scene(320, 320, 6), factor, cv2.INTER_LINEAR)
    folded = abs(1 / factor - round(1 / factor)) * WINDOW
    for power in spectra(pixels):
        strongest = frequencies()[np.argmax(power.mean(axis=(0, 1)))]
        assert abs(strongest - folded) <= 1.3


def test_a_picture_resized_as_a_whole_is_not_marked():
    signal = get_signal("resampling")
    plain = _scene(384, 384, 7)
    whole = _enlarged(plain, 1.3, cv2.INTER_CUBIC)
    values = [signal.measure(Evidence.from_pixels(p)).values.max() for p in (plain, whole)]
    assert values[1] < 1.5 * values[0]


def test_turning_the_picture_turns_the_map():
    pixels = _scene(160, 192, 8)
    pixels[32:112, 48:128] = _enlarged(_scene(80, 80, 9), 1.45, cv2.INTER_LINEAR)
    signal = get_signal("resampling")
    upright = signal.measure(Evidence.from_pixels(pixels)).values
    turned = signal.measure(Evidence.from_pixels(np.ascontiguousarray(pixels.swapaxes(0, 1)))).values
    assert np.allclose(upright, turned.T, rtol=1e-3)


def test_flat_areas_are_not_valid():
    pixels = _scene(256, 384, 10)
    pixels[:, :192] = 200
    found = get_signal("resampling").measure(Evidence.from_pixels(pixels))
    assert not found.valid[:, :8].any()
    assert found.valid[:, 15:].all()


def test_too_small_says_so(noise):
    with pytest.raises(Unusable, match="smaller than 128 x 128"):
        get_signal("resampling").measure(Evidence.from_pixels(noise(127, 300)))
