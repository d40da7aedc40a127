from __future__ import annotations

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter

from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import SHAPE_KINDS, Shape, ShapeKind, draw_shape, measure_detail

OUTLINES = ("blob", "ellipse", "polygon")
REGIONS = ("segments", "objects", "cutout")


def patchwork(height: int = 200, width: int = 300) -> np.ndarray:
    tiles = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(tiles, (width, height), interpolation=cv2.INTER_NEAREST))


@pytest.mark.parametrize("kind", [*OUTLINES, *REGIONS, "strokes"])
@pytest.mark.parametrize("area", [0.004, 0.05, 0.3])
def test_region_has_about_the_wanted_area(kind: ShapeKind, area: float) -> None:
    shares = [(Shape(kind, area, seed).draw(patchwork()) > 0.5).mean() for seed in range(6)]
    assert 0.4 * area < np.median(shares) < 2.5 * area


@pytest.mark.parametrize("kind", [*OUTLINES, *REGIONS])
def test_outlines_and_regions_are_one_piece(kind: ShapeKind) -> None:
    for seed in range(4):
        mask = Shape(kind, 0.05, seed).draw(patchwork()) > 0.5
        _, labels = cv2.connectedComponents(mask.astype(np.uint8))
        assert np.bincount(labels.ravel())[1:].max() >= 0.9 * mask.sum()


@pytest.mark.parametrize("kind", SHAPE_KINDS)
@pytest.mark.parametrize("size", [(96, 64), (201, 333)])
def test_alpha_hangs_on_picture_and_seed_alone(kind: ShapeKind, size: tuple[int, int]) -> None:
    pixels = patchwork(*size)
    before = pixels.copy()
    alpha = Shape(kind, 0.03, 5).draw(pixels)
    assert alpha.shape == size
    assert alpha.dtype == np.float32
    assert alpha.min() >= 0
    assert 0.5 < alpha.max() <= 1
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(alpha, Shape(kind, 0.03, 5).draw(pixels))
    assert any(not np.array_equal(alpha, Shape(kind, 0.03, seed).draw(pixels)) for seed in range(6, 20))


@pytest.mark.parametrize("kind", SHAPE_KINDS)
def test_no_region_is_larger_than_half_the_picture(kind: ShapeKind) -> None:
    for seed in range(3):
        assert (Shape(kind, 0.5, seed, attempts=3).draw(patchwork(128, 128)) > 0.5).mean() <= 0.5


def test_larger_regions_are_drawn_where_they_are_allowed() -> None:
    shapes = [Shape("segments", 0.55, seed, attempts=4) for seed in range(4)]
    for largest in (0.5, 0.6):
        shares = [(shape.draw(patchwork(), largest) > 0.5).mean() for shape in shapes]
        assert max(shares) <= largest
    assert max(shares) > 0.5


def test_text_is_legible_wherever_it_lies() -> None:
    shares = [(Shape("text", 0.01, seed).draw(patchwork()) > 0.5).mean() for seed in range(30)]
    assert min(shares) > 0.001
    assert 0.005 < np.median(shares) < 0.02


def test_cut_out_objects_have_a_soft_edge_near_the_object_only() -> None:
    pixels = np.full((160, 200, 3), 40, dtype=np.uint8)
    cv2.circle(pixels, (90, 80), 40, (220, 190, 40), cv2.FILLED, cv2.LINE_AA)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 1.5)
    alpha = Shape("cutout", np.pi * 40**2 / pixels[..., 0].size, 0, 8.0, 6).draw(pixels)
    partly = (alpha > 0.02) & (alpha < 0.98)
    assert partly.sum() > 100
    mask = (alpha > 0.5).astype(np.uint8)
    edge = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    assert (cv2.distanceTransform(1 - edge, cv2.DIST_L2, 5)[partly] < 12).all()


def test_flat_regions_are_drawn_again() -> None:
    pixels = np.full((128, 128, 3), 120, dtype=np.uint8)
    pixels[:, 64:] = np.random.default_rng(0).integers(0, 255, (128, 64, 3), dtype=np.uint8)

    def flat(attempts: int) -> int:
        shapes = [Shape("ellipse", 0.02, seed, 8.0, attempts) for seed in range(20)]
        return sum(measure_detail(pixels, shape.draw(pixels) > 0.5) < 8 for shape in shapes)

    assert flat(1) >= 4
    assert flat(8) <= 1


def test_drawn_shapes_follow_weights_and_range() -> None:
    recipe = Recipe(mask_kinds={"strokes": 1.0, "text": 3.0}, minimum_detail=5.0, detail_attempts=2)
    random = np.random.default_rng(0)
    shapes = [draw_shape(random, recipe, (0.01, 0.1)) for _ in range(400)]
    assert 0.68 < np.mean([shape.kind == "text" for shape in shapes]) < 0.82
    areas = np.array([shape.area for shape in shapes])
    assert areas.min() >= 0.01
    assert areas.max() <= 0.1
    # log-uniform: half of them below the geometric mean
    assert 0.4 < (areas < np.sqrt(0.001)).mean() < 0.6
    assert {(shape.minimum_detail, shape.attempts) for shape in shapes} == {(5.0, 2)}


def test_shape_survives_json() -> None:
    adapter = TypeAdapter(Shape)
    shape = Shape("cutout", 0.0123457, 2**31 - 1, 8.0, 6)
    assert adapter.validate_json(adapter.dump_json(shape)) == shape
