"""The hash stays when a picture is handled and changes with the scene."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from forensics.data.datasets.perceptual_hash import BITS, NEAR, perceptual_hash


def scene(seed: int, height: int = 240, width: int = 320) -> np.ndarray:
    """Clouds of several sizes with discs: the spectrum of a photo, roughly."""
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for cells in (3, 6, 12, 40):
        grid = random.uniform(0, 255, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 4
    for _ in range(6):
        center = int(random.integers(width)), int(random.integers(height))
        cv2.circle(picture, center, int(random.integers(8, 50)), random.uniform(0, 255, 3).tolist(), -1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def distance(first: np.ndarray, second: np.ndarray) -> int:
    one, two = perceptual_hash(first), perceptual_hash(second)
    assert one is not None
    assert two is not None
    return int((one != two).sum())


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


HANDLING = {
    "saved": lambda pixels: jpeg(pixels, 90),
    "saved small": lambda pixels: jpeg(pixels, 30),
    "reduced": lambda pixels: resized(pixels, 160, 120),
    "reduced and saved": lambda pixels: jpeg(resized(pixels, 130, 97), 60),
    "enlarged": lambda pixels: cv2.resize(pixels, (500, 375), interpolation=cv2.INTER_CUBIC),
    "stretched": lambda pixels: resized(pixels, 320, 200),
    "brighter": lambda pixels: np.clip(pixels * 1.1 + 10, 0, 255).astype(np.uint8),
    "gray": lambda pixels: cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
}


@pytest.mark.parametrize("handling", HANDLING)
def test_handling_a_picture_keeps_its_hash_near(handling: str) -> None:
    for seed in range(5):
        pixels = scene(seed)
        assert distance(pixels, HANDLING[handling](pixels)) <= NEAR / 2


def test_other_scenes_are_far() -> None:
    scenes = [scene(seed) for seed in range(16)]
    distances = [distance(scenes[one], scenes[two]) for one in range(16) for two in range(one)]
    assert min(distances) > NEAR
    # Independent fair bits would differ in half of the places on average.
    assert np.mean(distances) == pytest.approx(BITS / 2, abs=10)


def test_turning_and_mirroring_are_other_pictures() -> None:
    pixels = scene(1)
    assert distance(pixels, np.ascontiguousarray(pixels[:, ::-1])) > NEAR
    assert distance(pixels, np.ascontiguousarray(np.rot90(pixels))) > NEAR


@pytest.mark.parametrize("gray", [0, 128, 255])
def test_a_plain_picture_has_no_hash(gray: int) -> None:
    random = np.random.default_rng(0)
    noise = random.normal(gray, 1, (100, 100, 3))
    assert perceptual_hash(np.clip(noise, 0, 255).astype(np.uint8)) is None


def test_half_of_the_bits_are_set() -> None:
    bits = perceptual_hash(scene(3))
    assert bits is not None
    assert bits.shape == (BITS,)
    assert bits.sum() == BITS // 2


def test_the_bits_are_signs_of_low_frequencies() -> None:
    pixels = np.repeat(scene(4, 64, 64)[..., :1], 3, axis=2)  # already gray and 64 x 64: nothing is reduced
    low = [dctn(pixels[..., 0].astype(float))[row, column] for row in range(16) for column in range(16)][1:]
    expected = [value > sorted(low)[len(low) // 2] for value in low]
    # The orthonormal scaling halves the first row and column against the rest by a root of two.
    scaled = [
        value / np.sqrt(2) if (number + 1) // 16 == 0 or (number + 1) % 16 == 0 else value
        for number, value in enumerate(low)
    ]
    expected = [value > sorted(scaled)[len(scaled) // 2] for value in scaled]
    assert perceptual_hash(pixels) is not None
    assert perceptual_hash(pixels).tolist() == expected  # type: ignore[union-attr]
