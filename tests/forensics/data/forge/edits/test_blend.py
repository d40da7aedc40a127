from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.edits.blend import Blend, draw_blend
from forensics.data.forge.recipe import Recipe

KINDS = ["hard", "feather", "poisson", "edge_blur"]


@pytest.fixture
def host() -> np.ndarray:
    return np.random.default_rng(0).integers(60, 120, (80, 90, 3), dtype=np.uint8)


@pytest.fixture
def layer() -> np.ndarray:
    return np.random.default_rng(1).integers(100, 200, (80, 90, 3), dtype=np.uint8)


@pytest.fixture
def alpha() -> np.ndarray:
    square = np.zeros((80, 90), dtype=np.float32)
    square[20:60, 30:70] = 1
    return square


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_region_and_its_seam_change(kind: str, host: np.ndarray, layer: np.ndarray, alpha: np.ndarray) -> None:
    before = host.copy(), layer.copy(), alpha.copy()
    edit = Blend(kind, 1.5).paste(host, layer, alpha)
    assert all((now == then).all() for now, then in zip((host, layer, alpha), before, strict=True))
    far = np.ones((80, 90), dtype=bool)
    far[12:68, 22:78] = False
    assert (edit.pixels[far] == host[far]).all()
    assert edit.mask.dtype == bool
    assert (edit.mask == (alpha > 0.5)).mean() > 0.99
    assert (edit.pixels[30:50, 40:60] != host[30:50, 40:60]).any(axis=2).mean() > 0.9


def test_hard_takes_the_layer_as_it_is(host: np.ndarray, layer: np.ndarray, alpha: np.ndarray) -> None:
    edit = Blend("hard", 1.0).paste(host, layer, alpha)
    assert (edit.pixels[edit.mask] == layer[edit.mask]).all()
    assert (edit.pixels[~edit.mask] == host[~edit.mask]).all()


def test_soft_alpha_mixes(host: np.ndarray, layer: np.ndarray) -> None:
    edit = Blend("hard", 1.0).paste(host, layer, np.full((80, 90), 0.25, dtype=np.float32))
    assert np.abs(edit.pixels - (0.75 * host + 0.25 * layer)).max() <= 0.5
    assert not edit.mask.any()


def test_feathered_edge_is_the_integral_of_a_gaussian() -> None:
    """Black on white with a straight edge: one half at the edge, .84 one sigma inside."""
    host, layer = np.zeros((60, 60, 3), np.uint8), np.full((60, 60, 3), 255, np.uint8)
    alpha = np.zeros((60, 60), dtype=np.float32)
    alpha[:, 30:] = 1
    row = Blend("feather", 3.0).paste(host, layer, alpha).pixels[30, :, 0] / 255
    assert (row[29] + row[30]) / 2 == pytest.approx(0.5, abs=0.01)
    assert (row[32] + row[33]) / 2 == pytest.approx(0.841, abs=0.01)


def test_poisson_keeps_the_colors_of_the_place() -> None:
    host, layer = np.full((80, 80, 3), 90, np.uint8), np.full((80, 80, 3), 160, np.uint8)
    alpha = np.zeros((80, 80), dtype=np.float32)
    alpha[20:60, 20:60] = 1
    assert np.abs(Blend("poisson", 1.0).paste(host, layer, alpha).pixels.astype(int) - 90).max() <= 2


def test_poisson_at_the_border_is_feathered(host: np.ndarray, layer: np.ndarray) -> None:
    alpha = np.zeros((80, 90), dtype=np.float32)
    alpha[:, :4] = 1
    feathered = Blend("feather", 2.0).paste(host, layer, alpha)
    assert (Blend("poisson", 2.0).paste(host, layer, alpha).pixels == feathered.pixels).all()


def test_draws_follow_the_recipe() -> None:
    random = np.random.default_rng(0)
    drawn = [draw_blend(random, Recipe(feather=(1.0, 2.0))) for _ in range(200)]
    assert {blend.kind for blend in drawn} == set(KINDS)
    assert all(1 <= blend.sigma <= 2 for blend in drawn)
