from dataclasses import replace

import numpy as np
import pytest

from forensics.data.forge.controls import CONTROL_KINDS, draw_control, draw_innocent_plan
from forensics.data.forge.forger import Renderer, rebuild
from forensics.data.forge.innocent.processing import list_innocents
from forensics.data.photos import UNKNOWN_CAMERA, PhotoPool
from signals.errors import WrongUsage

NUMBERS = range(8)


@pytest.mark.parametrize("kind", CONTROL_KINDS)
def test_control_and_twin_share_all_but_the_edit(pool: PhotoPool, kind: str) -> None:
    for number in NUMBERS:
        plan = draw_control(kind, pool.photos, 5, number, 128)
        assert replace(plan.edited, index=plan.twin.index, label=0, donors=(), edits=()) == plan.twin
        assert plan == draw_control(kind, pool.photos, 5, number, 128)


def test_a_null_edit_changes_next_to_nothing(pool: PhotoPool) -> None:
    """Hard and feathered pastes of a region on itself change no pixel, seamless cloning rounds a few."""
    renderer = Renderer(pool)
    for number in NUMBERS:
        plan = draw_control("null_edit", pool.photos, 5, number, 128)
        host = renderer.source(plan.twin.host)
        edit = plan.edited.edits[0].apply(host, host)
        difference = np.abs(edit.pixels.astype(int) - host)
        assert difference.max() <= (3 if plan.edited.edits[0].blend.kind == "poisson" else 0)
        assert edit.mask.any()


def test_trace_only_keeps_the_content_and_changes_the_history(pool: PhotoPool) -> None:
    for number in NUMBERS:
        plan = draw_control("trace_only", pool.photos, 5, number, 128)
        host, donor = plan.twin.host, plan.edited.donors[0]
        assert (donor.photo, donor.window, donor.frame, donor.shift) == (
            host.photo,
            host.window,
            host.frame,
            host.shift,
        )
        assert (donor.simulation, donor.first_save) != (host.simulation, host.first_save)


def test_content_only_keeps_the_history_and_changes_the_content(pool: PhotoPool) -> None:
    for number in NUMBERS:
        plan = draw_control("content_only", pool.photos, 5, number, 128)
        host, donor = plan.twin.host, plan.edited.donors[0]
        assert donor.camera != host.camera
        assert donor.window[2:] == host.window[2:]
        same = {"photo": host.photo, "sha256": host.sha256, "camera": host.camera, "window": host.window}
        assert replace(donor, **same, simulation=None) == replace(host, simulation=None)
        if host.simulation:
            assert replace(donor.simulation, seed=0) == replace(host.simulation, seed=0)
            assert donor.simulation.seed != host.simulation.seed


def test_the_region_stays_where_it_was_cut(pool: PhotoPool) -> None:
    """So that grids of blocks and mosaics of donor and host agree."""
    renderer = Renderer(pool)
    plan = draw_control("trace_only", pool.photos, 5, 1, 128)
    host, donor = renderer.source(plan.twin.host), renderer.source(plan.edited.donors[0])
    edit = plan.edited.edits[0]
    hard = replace(edit, blend=replace(edit.blend, kind="hard")).apply(host, donor)
    assert (hard.pixels[hard.mask] == donor[hard.mask]).all()
    assert (hard.pixels[~hard.mask] == host[~hard.mask]).all()


def test_a_control_is_rebuilt_from_its_history(pool: PhotoPool) -> None:
    made = Renderer(pool).render(draw_control("content_only", pool.photos, 5, 2, 128).edited)
    assert rebuild(made.history, pool).data == made.data


def test_innocent_pictures_are_the_same_for_every_kind(pool: PhotoPool) -> None:
    twins = {kind: draw_innocent_plan(kind, pool.photos, 5, 3, 128).twin for kind in list_innocents()}
    assert len({str(twin) for twin in twins.values()}) == 1
    with pytest.raises(WrongUsage, match="did you mean logo"):
        draw_innocent_plan("lgo", pool.photos, 5, 3, 128)


def test_one_camera_has_no_other_content(pool: PhotoPool) -> None:
    alone = [replace(photo, camera="one") for photo in pool.photos]
    with pytest.raises(WrongUsage, match="give more or larger photos"):
        draw_control("content_only", alone, 5, 0, 128)


def test_photos_without_a_manifest_have_other_content(pool: PhotoPool) -> None:
    """No camera is known then; any other photo will do."""
    unknown = [replace(photo, camera=UNKNOWN_CAMERA) for photo in pool.photos]
    plan = draw_control("content_only", unknown, 5, 0, 128)
    assert plan.edited.donors[0].photo != plan.twin.host.photo
