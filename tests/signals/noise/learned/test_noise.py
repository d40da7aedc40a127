from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from signals import Evidence, get_signal
from signals.noise.learned.noise import WEIGHTS, load_network


def plain(pixels):
    """The features as the network gives them for the whole picture at once."""
    with torch.inference_mode():
        return load_network()(torch.from_numpy(pixels).permute(2, 0, 1)[None].float())[0].numpy()


def test_bands_equal_the_whole_picture_read_at_once(noise):
    pixels = noise(744, 128)
    found = get_signal("noise").extract(Evidence.from_pixels(pixels))
    assert found.valid.all()
    assert np.allclose(found.values.astype(np.float32), plain(pixels), rtol=2e-3, atol=5e-3)


def test_a_crop_on_the_grid_moves_the_map(noise):
    pixels = noise(264, 320)
    whole, part = (get_signal("noise").extract(Evidence.from_pixels(p)) for p in (pixels, pixels[64:, 96:]))
    inner = np.s_[:, 6:-6, 6:-6]
    moved = whole.values[:, 8:, 12:][inner].astype(float)
    assert np.allclose(part.values[inner].astype(float), moved, rtol=2e-3, atol=5e-3)


def test_border_cells_that_are_not_whole_are_not_valid(noise):
    found = get_signal("noise").extract(Evidence.from_pixels(noise(100, 85)))
    assert found.valid.shape == (13, 11)
    assert not found.valid[12].any()
    assert not found.valid[:, 10].any()
    assert found.valid[:12, :10].all()


def test_clipped_and_flat_cells_are_not_valid(noise):
    pixels = noise(96, 96)
    pixels[:32, :32], pixels[:32, 32:64], pixels[:32, 64:] = 0, 255, 128
    valid = get_signal("noise").extract(Evidence.from_pixels(pixels)).valid
    assert not valid[:4].any()
    assert valid[4:].all()


def test_only_pixels_count_not_the_file(noise):
    pixels = noise(64, 64)
    plain_file, named = io.BytesIO(), io.BytesIO()
    exif = Image.Exif()
    exif[271] = "Some maker"
    Image.fromarray(pixels).save(plain_file, "png")
    Image.fromarray(pixels).save(named, "png", exif=exif)
    first, second = (get_signal("noise").extract(Evidence.open(f.getvalue())) for f in (plain_file, named))
    assert np.array_equal(first.values, second.values)


@pytest.mark.parametrize("change", ["smoothed", "noisier"])
def test_another_history_is_farther_than_another_place(change, noise):
    """Noise of its own kind on two clouds of other brightness, against the same clouds processed otherwise."""
    random = np.random.default_rng(5)

    def mean_feature(level, blurred, deviation):
        values = level + random.normal(0, deviation, (160, 160, 3))
        if blurred:
            values = (values + np.roll(values, 1, 0) + np.roll(values, 1, 1) + np.roll(values, (1, 1), (0, 1))) / 4
        pixels = np.clip(values, 0, 255).round().astype(np.uint8)
        values = get_signal("noise").extract(Evidence.from_pixels(pixels)).values
        return values[:, 6:-6, 6:-6].astype(float).mean(axis=(1, 2))

    one, same = mean_feature(90, False, 4), mean_feature(150, False, 4)
    other = mean_feature(90, True, 4) if change == "smoothed" else mean_feature(90, False, 8)
    assert np.linalg.norm(one - other) > 2 * np.linalg.norm(one - same)


def test_the_weights_are_small():
    assert WEIGHTS.stat().st_size < 2_000_000
