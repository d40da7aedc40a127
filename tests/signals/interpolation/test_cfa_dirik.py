from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.literal.cfa_dirik import literal
from signals import Evidence, get_signal
from signals.interpolation.cfa_dirik import LAYOUTS, best_layout, green_share, interpolation_errors

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"
_CODES = (cv2.COLOR_BayerGB2RGB_EA, cv2.COLOR_BayerGR2RGB_EA, cv2.COLOR_BayerRG2RGB_EA, cv2.COLOR_BayerBG2RGB_EA)


def _scene(height: int, width: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    clouds = cv2.resize(random.uniform(90, 165, (12, 12, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    texture = cv2.GaussianBlur(random.normal(0, 40, (height, width, 1)), (0, 0), 1.2)[..., None]
    return np.clip(clouds + texture + random.normal(0, 2, (height, width, 3)), 0, 255).astype(np.uint8)


def _photographed(scene: np.ndarray, layout: int) -> np.ndarray:
    """The scene through a color filter array, its colors interpolated along edges."""
    (red_y, red_x), (blue_y, blue_x) = LAYOUTS[layout]
    mosaic = scene[..., 1].copy()
    mosaic[red_y::2, red_x::2] = scene[red_y::2, red_x::2, 0]
    mosaic[blue_y::2, blue_x::2] = scene[blue_y::2, blue_x::2, 2]
    return cv2.cvtColor(mosaic, _CODES[layout])


@pytest.mark.parametrize(("name", "layout"), [("g256", 1), ("g384", 1)])
def test_share_of_green_of_the_reference(name, layout):
    """The reference fills the border with black, which also decides its layout in pictures without a trace."""
    golden = np.load(GOLDEN / f"{name}.npz")["cfa2_map"]
    errors, _ = interpolation_errors(Evidence.open(GOLDEN / f"{name}.jpg").pixels)
    ours = green_share(errors, layout)
    assert ours.shape == golden.shape
    assert np.abs(ours - golden)[1:-1, 1:-1].max() <= 1e-12


@pytest.mark.parametrize("size", [(64, 80), (51, 37)])
def test_same_as_written_plainly(size, noise):
    evidence = Evidence.from_pixels(noise(*size))
    assert np.allclose(get_signal("cfa_dirik").measure(evidence).values, literal(evidence), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layout", range(4))
def test_the_layout_of_the_camera_is_found(layout):
    errors, textured = interpolation_errors(_photographed(_scene(128, 160, 1), layout))
    assert best_layout(errors, textured) == layout


@pytest.mark.parametrize("quality", [None, 97])
def test_finds_what_no_sensor_measured(quality, encode):
    signal = get_signal("cfa_dirik")
    picture = _photographed(_scene(320, 400, 2), 1)
    forged = picture.copy()
    forged[96:224, 128:272] = _scene(320, 400, 3)[96:224, 128:272]
    inside = np.zeros((20, 25), bool)
    inside[6:14, 8:17] = True

    def values(pixels: np.ndarray) -> np.ndarray:
        if quality is None:
            return signal.measure(Evidence.from_pixels(pixels)).values
        return signal.measure(Evidence.open(encode(pixels, "jpeg", quality=quality, subsampling=0))).values

    found, twin = values(forged), values(picture)
    assert np.median(found[inside]) > 2 * np.quantile(found[~inside], 0.95)
    assert np.median(found[inside]) > np.quantile(twin, 0.98)
    assert abs(np.median(twin[inside]) - np.median(twin[~inside])) < 0.2 * np.median(found[inside])


def test_without_a_camera_no_layout_stands_out():
    errors, textured = interpolation_errors(_scene(256, 256, 4))
    means = [layout[textured].mean() for layout in errors]
    assert max(means) < 1.03 * min(means)


def test_moves_with_the_picture():
    pixels = _photographed(_scene(160, 192, 5), 0)
    whole, _ = interpolation_errors(pixels)
    part, _ = interpolation_errors(pixels[16:, 32:])
    assert np.allclose(whole[:, 2:-1, 3:-1], part[:, 1:-1, 1:-1])
