"""What every edit of a region alone must keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter

from forensics.data.forge.edits.blend import Blend
from forensics.data.forge.edits.inpainting import Inpainting, draw_inpainting
from forensics.data.forge.edits.local_change import LocalChange, draw_local_change
from forensics.data.forge.edits.overlay import draw_overlay
from forensics.data.forge.edits.regeneration import Regeneration, draw_regeneration
from forensics.data.forge.edits.removal import Removal, draw_removal
from forensics.data.forge.edits.transform import Contrast
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import SHAPE_KINDS, Shape
from tests.conftest import paint_scene

RECIPE = Recipe(mask_kinds=dict.fromkeys(SHAPE_KINDS, 1.0), detail_attempts=2)
DRAW: dict[str, Callable[[np.random.Generator, Recipe], Any]] = {
    "removal": draw_removal,
    "local_change": draw_local_change,
    "overlay": draw_overlay,
    "inpainting": draw_inpainting,
    "regeneration": draw_regeneration,
}
SHAPED = [name for name in DRAW if name != "overlay"]
SEEDS = range(5)


@cache
def host() -> np.ndarray:
    pixels = paint_scene(7, 210, 260)
    pixels.flags.writeable = False
    return pixels


def drawn(name: str, seed: int) -> Any:
    return DRAW[name](np.random.default_rng([seed, 11]), RECIPE)


@pytest.mark.parametrize("name", DRAW)
def test_edits_change_what_they_mark_and_nothing_else_decides(name: str) -> None:
    before = host().copy()
    marked = []
    for seed in SEEDS:
        edit = drawn(name, seed).apply(host())
        if edit is None:
            continue
        again = drawn(name, seed).apply(host())
        np.testing.assert_array_equal(edit.pixels, again.pixels)
        np.testing.assert_array_equal(edit.mask, again.mask)
        assert edit.pixels.shape == host().shape
        assert (edit.pixels.dtype, edit.mask.dtype) == (np.uint8, bool)
        assert (edit.pixels != host()).any(axis=-1)[edit.mask].mean() >= 0.05
        assert edit.mask.mean() <= (0.65 if name == "inpainting" else 0.52)
        marked.append(edit.mask.sum())
    assert len(set(marked)) >= 3
    np.testing.assert_array_equal(host(), before)


@pytest.mark.parametrize("name", DRAW)
def test_threads_change_nothing(name: str) -> None:
    plan = drawn(name, 1)
    if name in SHAPED:
        plan = replace(plan, shape=Shape("cutout", 0.1, 4))
    before, results = cv2.getNumThreads(), []
    try:
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            results.append(plan.apply(host()).pixels)
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("name", SHAPED)
def test_a_hard_edge_leaves_the_rest_untouched(name: str) -> None:
    for seed in SEEDS:
        plan = replace(drawn(name, seed), shape=Shape("blob", 0.06, seed), blend=Blend("hard", 1.0))
        if isinstance(plan, Inpainting):
            plan = replace(plan, whole_frame=False)
        edit = plan.apply(host())
        assert edit is not None
        np.testing.assert_array_equal(edit.pixels[~edit.mask], host()[~edit.mask])


@pytest.mark.parametrize("name", SHAPED)
def test_soft_edges_stay_near_the_region(name: str) -> None:
    plan = replace(drawn(name, 0), shape=Shape("ellipse", 0.06, 1), blend=Blend("feather", 2.0))
    if isinstance(plan, Inpainting):
        plan = replace(plan, whole_frame=False)
    edit = plan.apply(host())
    far = cv2.distanceTransform((~edit.mask).astype(np.uint8), cv2.DIST_L2, 5) > 14
    np.testing.assert_array_equal(edit.pixels[far], host()[far])


@pytest.mark.parametrize("name", DRAW)
def test_edits_survive_json(name: str) -> None:
    plans = [drawn(name, seed) for seed in range(30)]
    adapter = TypeAdapter(type(plans[0]))
    texts = [adapter.dump_json(plan) for plan in plans]
    assert [adapter.validate_json(text) for text in texts] == plans
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", SHAPED)
def test_without_a_region_there_is_no_edit(name: str) -> None:
    # no outline of nine tenths is allowed
    assert replace(drawn(name, 0), shape=Shape("ellipse", 0.9, 0)).apply(host()) is None


def test_a_change_that_changes_nothing_is_no_edit() -> None:
    plan = LocalChange(Shape("blob", 0.1, 0), (Contrast(0.0, 0.0),), Blend("hard", 1.0))
    assert plan.apply(host()) is None


def test_removal_reaches_beyond_the_shape_by_the_dilation() -> None:
    plan: Removal = replace(drawn("removal", 0), shape=Shape("ellipse", 0.05, 2), blend=Blend("hard", 1.0))
    region = plan.shape.draw(host()) > 0.5
    edit = replace(plan, dilation=5).apply(host())
    assert edit is not None
    reach = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    np.testing.assert_array_equal(edit.mask, reach <= 5.0)


def test_more_detail_survives_when_the_region_is_enlarged_first() -> None:
    plan = replace(drawn("regeneration", 0), shape=Shape("ellipse", 0.1, 2), blend=Blend("hard", 1.0), strength=0.0)
    errors = []
    for zoom in (1.0, 2.0):
        edit = replace(plan, zoom=zoom).apply(host())
        errors.append(np.abs(edit.pixels[edit.mask].astype(int) - host()[edit.mask]).mean())
    assert errors[1] < 0.8 * errors[0]


def test_regeneration_grid_starts_where_it_is_told() -> None:
    plan: Regeneration = replace(drawn("regeneration", 0), shape=Shape("ellipse", 0.05, 2), blend=Blend("hard", 1.0))
    one, other = (replace(plan, strength=0.0, phase=phase).apply(host()) for phase in [(0, 0), (3, 5)])
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.mask, other.mask)
    assert (one.pixels != other.pixels).any()
