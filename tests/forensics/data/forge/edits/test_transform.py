from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.edits.transform import (
    GLOBAL_EDITS,
    RETOUCHES,
    Blur,
    Contrast,
    Gamma,
    Noise,
    Soften,
    draw_operation,
    draw_retouches,
    match_color,
)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(40, 200, (64, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", sorted(GLOBAL_EDITS | RETOUCHES))
def test_operations_repeat_themselves_and_leave_their_input(name: str, picture: np.ndarray) -> None:
    operation = draw_operation(np.random.default_rng(3), {name: 1.0})
    before = picture.copy()
    changed = operation.apply(picture)
    assert operation.name == name
    assert (picture == before).all()
    assert changed.shape == picture.shape
    assert changed.dtype == np.uint8
    assert (changed != picture).any()
    assert (changed == operation.apply(picture)).all()


def test_gamma_is_a_power_law() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    expected = 255 * (np.arange(256) / 255) ** 1.3
    assert np.abs(Gamma(1.3).apply(ramp)[0, :, 0] - expected).max() <= 1


def test_contrast_is_linear(picture: np.ndarray) -> None:
    expected = np.clip(1.1 * picture + 0.05 * 255, 0, 255)
    assert np.abs(Contrast(0.05, 0.1).apply(picture) - expected).max() <= 1


def test_noise_has_its_deviation_and_depends_on_its_seed() -> None:
    gray = np.full((256, 256, 3), 128, dtype=np.uint8)
    noisy = Noise(4.0, 1).apply(gray)
    assert noisy.std() == pytest.approx(4.0, rel=0.05)
    assert (noisy != Noise(4.0, 2).apply(gray)).any()


@pytest.mark.parametrize("operation", [Blur(1.2), Soften(0.6)])
def test_smoothing_smooths(operation: Blur | Soften, picture: np.ndarray) -> None:
    assert operation.apply(picture).std() < 0.8 * picture.std()


def test_one_to_four_retouches() -> None:
    random = np.random.default_rng(0)
    counts = np.bincount([len(draw_retouches(random)) for _ in range(1000)], minlength=5)
    assert counts[0] == 0
    assert counts[1:5] / 1000 == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=0.05)


def test_colors_match_those_of_the_place() -> None:
    random = np.random.default_rng(0)
    region = np.clip(random.normal(70, 10, (50, 50, 3)), 0, 255).astype(np.uint8)
    place = np.clip(random.normal(150, 10, (40, 40, 3)), 0, 255).astype(np.uint8)
    mask = np.ones((50, 50), dtype=bool)
    assert match_color(region, mask, place, 1.0).mean() == pytest.approx(150, abs=3)
    assert match_color(region, mask, place, 0.5).mean() == pytest.approx(110, abs=4)
    assert np.abs(match_color(region, mask, place, 0.0).astype(int) - region).max() <= 3
