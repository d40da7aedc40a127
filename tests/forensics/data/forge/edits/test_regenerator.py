from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
import torch

from forensics.data.forge.edits.regenerator import WEIGHTS, enlarge, load_networks, regenerate
from tests.conftest import paint_scene


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(((one.astype(float) - other) ** 2).mean() / 255**2))


def smooth_scene(seed: int, height: int, width: int) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(paint_scene(seed, height, width), (0, 0), 2))


def test_the_output_resembles_the_input_and_differs() -> None:
    scene = smooth_scene(1, 160, 200)
    decoded = regenerate(scene)
    assert psnr(decoded, scene) > 24
    assert (decoded != scene).mean() > 0.5


def test_colors_are_kept() -> None:
    for color in ((200, 40, 40), (40, 160, 60), (40, 60, 190), (128, 128, 128)):
        flat = np.full((64, 64, 3), color, dtype=np.uint8)
        assert np.abs(regenerate(flat)[16:-16, 16:-16].mean(axis=(0, 1)) - color).max() < 16


def test_sensor_noise_is_gone() -> None:
    noisy = np.clip(128 + np.random.default_rng(0).normal(0, 6, (128, 128, 3)), 0, 255).astype(np.uint8)
    decoded = regenerate(noisy)
    high_pass = [cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F).std() for picture in (decoded, noisy)]
    assert high_pass[0] < 0.5 * high_pass[1]


def test_strength_disturbs_more_and_more() -> None:
    scene = smooth_scene(2, 128, 128)
    likeness = [psnr(regenerate(scene, strength, 3), scene) for strength in (0.0, 0.3, 0.6)]
    assert likeness[0] > likeness[1] > likeness[2] > 12
    assert not np.array_equal(regenerate(scene, 0.3, 3), regenerate(scene, 0.3, 4))
    np.testing.assert_array_equal(regenerate(scene, 0.3, 3), regenerate(scene, 0.3, 3))


@pytest.mark.parametrize("size", [(8, 8), (1, 5), (33, 50)])
def test_any_size_is_given_back(size: tuple[int, int]) -> None:
    scene = np.full((*size, 3), 90, dtype=np.uint8)
    assert regenerate(scene).shape == scene.shape


def test_threads_change_nothing() -> None:
    scene = paint_scene(3, 120, 136)
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(regenerate(scene, 0.4, 1))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_the_upscaler_is_no_worse_than_bicubic_and_not_the_same() -> None:
    large = smooth_scene(4, 128, 160)
    small = cv2.resize(large, (40, 32), interpolation=cv2.INTER_AREA)
    learned, bicubic = enlarge(small), cv2.resize(small, (160, 128), interpolation=cv2.INTER_CUBIC)
    assert learned.shape == large.shape
    assert psnr(learned, large) > psnr(bicubic, large) - 0.5
    assert (learned != bicubic).mean() > 0.3


def test_networks_and_weights_are_small_and_the_card_names_them() -> None:
    assert sum(parameter.numel() for parameter in load_networks().parameters()) <= 300_000
    data = WEIGHTS.read_bytes()
    assert len(data) < 1_000_000
    assert hashlib.sha256(data).hexdigest() in (WEIGHTS.parent / "README.md").read_text()
