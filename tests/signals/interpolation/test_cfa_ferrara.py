from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.literal.cfa_ferrara import literal
from signals import Evidence, get_signal
from signals.interpolation.cfa_ferrara import fit_traces, green_features, local_variance

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


def _noise(height: int, width: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    clouds = cv2.resize(random.uniform(80, 170, (8, 8)), (width, height), interpolation=cv2.INTER_CUBIC)
    grey = clouds + random.normal(0, 6, (height, width))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _interpolated(pixels: np.ndarray, first: int) -> np.ndarray:
    """Green replaced by the mean of its four neighbors on one half of the checkerboard, with noise of processing."""
    random = np.random.default_rng(7)
    green = pixels[..., 1].astype(np.float32)
    mean = (np.roll(green, 1, 0) + np.roll(green, -1, 0) + np.roll(green, 1, 1) + np.roll(green, -1, 1)) / 4
    other = (np.indices(green.shape).sum(axis=0) + first) % 2 == 1
    result = pixels.copy()
    result[..., 1] = np.clip(np.where(other, mean, green) + random.normal(0, 1.5, green.shape), 0, 255)
    return result


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_map_of_the_reference(name):
    """The pictures show no traces, and without them EM settles on whichever ratio of two widths it meets first.

    Still, the ratio follows the reference's probability, of the wider Gaussian, up to its sign.
    """
    golden = np.load(GOLDEN / f"{name}.npz")["cfa1_map"]
    features, _ = green_features(Evidence.open(GOLDEN / f"{name}.jpg").pixels)
    oriented = -features.astype(np.float64)
    ratio = fit_traces(oriented.ravel()).log_likelihood_ratio(oriented)
    ours = cv2.medianBlur(ratio.astype(np.float32), 5)[3:-3, 3:-3]
    assert np.corrcoef(ours.ravel(), golden[3:-3, 3:-3].ravel())[0, 1] <= -0.97


def test_same_as_written_plainly():
    pixels = _interpolated(_noise(64, 72, 1), 0)
    pixels[:, :24] = _noise(64, 24, 2)
    evidence = Evidence.from_pixels(pixels)
    assert np.allclose(get_signal("cfa_ferrara").measure(evidence).values, literal(evidence), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("first", [0, 1])
def test_finds_what_was_not_interpolated(first):
    signal = get_signal("cfa_ferrara")
    picture = _interpolated(_noise(320, 400, 3), first)
    forged = picture.copy()
    forged[96:224, 128:272] = _noise(320, 400, 4)[96:224, 128:272]
    inside = np.zeros((40, 50), bool)
    inside[12:28, 16:34] = True
    found, twin = (signal.measure(Evidence.from_pixels(p)).values for p in (forged, picture))
    assert np.quantile(found[14:26, 18:32], 0.05) > 0
    assert np.quantile(found[~cv2.dilate(inside.view(np.uint8), np.ones((5, 5))).astype(bool)], 0.95) < 0
    assert np.median(found[inside]) > twin.max() + 1


def test_finds_the_other_half_of_the_checkerboard():
    """A part of another camera picture, pasted one pixel off."""
    picture = _interpolated(_noise(256, 256, 5), 0)
    picture[64:192, 64:192] = _interpolated(_noise(256, 256, 6), 1)[64:192, 64:192]
    found = get_signal("cfa_ferrara").measure(Evidence.from_pixels(picture)).values
    assert found[10:22, 10:22].min() > 0 > np.quantile(found[:4], 0.95)


def test_pictures_without_traces_show_nothing():
    found = get_signal("cfa_ferrara").measure(Evidence.from_pixels(_noise(320, 400, 8)))
    assert found.valid.all()
    assert not found.values.any()


def test_local_variance_in_closed_form():
    """Of independent noise of variance 1 the error of the prediction has variance 1 + 4 / 16."""
    random = np.random.default_rng(0)
    variance = local_variance(random.normal(0, 1, (408, 408)).astype(np.float32))
    assert variance.shape == (400, 400)
    # Errors of diagonal neighbors are correlated, which takes a little from a variance within a window.
    assert variance.mean() == pytest.approx(1.25, rel=0.05)
    assert not local_variance(np.full((24, 24), 80, np.float32)).any()


def test_mixture_of_known_parts():
    random = np.random.default_rng(0)
    features = np.concatenate([random.normal(1.5, 0.4, 7000), random.normal(0, 0.2, 3000)])
    found = fit_traces(features)
    assert (found.mean, found.deviation, found.none, found.share) == pytest.approx((1.5, 0.4, 0.2, 0.7), rel=0.05)
    ratio = found.altered(np.linspace(-3, 5, 50))
    assert (np.diff(ratio) <= 0).all()


def test_moves_with_the_picture():
    pixels = _interpolated(_noise(128, 128, 9), 0)
    whole, _ = green_features(pixels)
    part, _ = green_features(pixels[8:, 16:])
    assert np.allclose(whole[2:, 3:], part[1:, 1:], atol=1e-4)
