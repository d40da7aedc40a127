from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forensics.data.forge.edits.affine import IDENTITY, Affine, draw_affine
from forensics.data.forge.recipe import Recipe

LIBRARIES = ["opencv", "pillow"]


def smooth(height: int, width: int) -> np.ndarray:
    """Waves that every kernel interpolates well."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin(x / 9 + k) * np.cos(y / 11 - k) for k in range(3)]
    return np.stack(waves, axis=2).round().astype(np.uint8)


def disc(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return (np.hypot(y - 0.6 * height, x - 0.4 * width) < 0.2 * height).astype(np.float32)


def test_identity_changes_nothing() -> None:
    pixels, alpha = smooth(40, 60), disc(40, 60)
    assert IDENTITY.identity
    same, region = IDENTITY.apply(pixels, alpha)
    assert (same == pixels).all()
    assert (region == alpha).all()


def test_mirroring_alone_is_exact() -> None:
    pixels, alpha = smooth(40, 60), disc(40, 60)
    mirrored, region = replace(IDENTITY, flip=True).apply(pixels, alpha)
    assert (mirrored == pixels[:, ::-1]).all()
    assert (region == alpha[:, ::-1]).all()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_quarter_turn_is_that_of_numpy(library: str) -> None:
    pixels, alpha = smooth(40, 60), disc(40, 60)
    turned, region = Affine(False, 90.0, 1.0, 0.0, "linear", library).apply(pixels, alpha)
    assert turned.shape == (60, 40, 3)
    assert np.abs(turned.astype(int) - np.rot90(pixels)).max() <= 1
    assert np.abs(region - np.rot90(alpha)).max() < 1e-3


@pytest.mark.parametrize("kernel", ["linear", "cubic"])
def test_both_libraries_move_everything_to_the_same_place(kernel: str) -> None:
    pixels, alpha = smooth(60, 80), disc(60, 80)
    change = Affine(True, 23.0, 1.4, 5.0, kernel, "opencv")
    one, region = change.apply(pixels, alpha)
    other, same = replace(change, library="pillow").apply(pixels, alpha)
    inside = region > 0.5
    assert (region == same).all()
    assert np.abs(one[inside].astype(int) - other[inside]).mean() < 1.5


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("scale", [0.5, 1.3, 2.0])
def test_areas_grow_with_the_square_of_the_scale(library: str, scale: float) -> None:
    alpha = disc(80, 80)
    pixels, region = Affine(False, 30.0, scale, 4.0, "cubic", library).apply(smooth(80, 80), alpha)
    assert pixels.shape[:2] == region.shape
    assert (region > 0.5).sum() == pytest.approx(scale**2 * alpha.sum(), rel=0.03)
    assert 0 <= region.min() <= region.max() <= 1


def test_draws_use_both_libraries_and_sometimes_do_nothing() -> None:
    random = np.random.default_rng(0)
    drawn = [draw_affine(random, Recipe()) for _ in range(300)]
    assert {change.library for change in drawn} == set(LIBRARIES)
    assert {change.identity for change in drawn} == {True, False}
    assert all(abs(change.angle) <= 45 and 0.5 <= change.scale <= 2 for change in drawn)
    assert not any(change.library == "pillow" and change.kernel == "lanczos" for change in drawn)
