from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forensics.data.forge.edits.blend import Blend
from forensics.data.forge.edits.fills import Telea
from forensics.data.forge.edits.inpainting import Inpainting
from forensics.data.forge.shapes.shape import Shape
from tests.conftest import paint_scene

PLAN = Inpainting(
    shape=Shape("ellipse", 0.55, 1, attempts=6),
    fill=Telea(3.0),
    texture=4.0,
    upscaler="bicubic",
    strength=0.2,
    whole_frame=False,
    frame_scale=1.0,
    blend=Blend("hard", 1.0),
    seed=5,
)


def test_regions_may_cover_more_than_half_but_no_more_than_three_fifths() -> None:
    edit = PLAN.apply(paint_scene(1, 200, 240))
    assert edit is not None
    assert 0.5 < edit.mask.mean() <= 0.6


@pytest.mark.parametrize("scale", [1.0, 0.75, 1.5])
def test_a_whole_frame_changes_everywhere_and_is_marked_in_the_region_alone(scale: float) -> None:
    host = paint_scene(1, 200, 240)
    part, whole = PLAN.apply(host), replace(PLAN, whole_frame=True, frame_scale=scale).apply(host)
    assert part is not None
    assert whole is not None
    np.testing.assert_array_equal(part.mask, whole.mask)
    changed = (whole.pixels != host).any(axis=-1)[~whole.mask]
    assert changed.mean() > 0.9
    difference = np.abs(whole.pixels.astype(int) - host).mean(axis=-1)
    assert difference[~whole.mask].mean() < difference[whole.mask].mean()


def test_what_is_invented_hangs_on_what_lies_outside_alone() -> None:
    host = paint_scene(2, 200, 240)
    edit = PLAN.apply(host)
    assert edit is not None
    other = host.copy()
    other[edit.mask] = 255 - other[edit.mask]
    again = PLAN.apply(other)
    assert again is not None
    np.testing.assert_array_equal(again.pixels, edit.pixels)


def test_upscalers_and_seeds_differ() -> None:
    host = paint_scene(3, 128, 100)
    edits = [plan.apply(host) for plan in (PLAN, replace(PLAN, upscaler="learned"), replace(PLAN, seed=6))]
    pictures = {edit.pixels.tobytes() for edit in edits if edit is not None}
    assert len(pictures) == 3
