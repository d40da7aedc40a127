from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.data.forge.edits.copy_move import CopyMove
from forensics.data.forge.edits.other_history import OtherHistory
from forensics.data.forge.edits.overlay import Overlay
from forensics.data.forge.edits.splice import Splice
from forensics.data.forge.plan import PicturePlan
from forensics.data.forge.planner import draw_plan
from forensics.data.forge.recipe import Recipe, get_recipe, list_recipes
from forensics.data.photos import PhotoPool
from signals.errors import WrongUsage

SIZE = (128, 160)
PLANS = 300


@pytest.fixture(scope="module")
def train(pool: PhotoPool) -> PhotoPool:
    return PhotoPool(tuple(photo for photo in pool if photo.split == "train"))


@pytest.fixture(scope="module")
def plans(train: PhotoPool) -> list[PicturePlan]:
    return [draw_plan(get_recipe(), train.photos, 7, 2 * pair, SIZE) for pair in range(PLANS)]


def floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from floats(item)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list_recipes()), st.integers(0, 2**63), st.integers(0, 2**40))
def test_histories_are_plans(train: PhotoPool, recipe: str, seed: int, index: int) -> None:
    plan = draw_plan(get_recipe(recipe), train.photos, seed, index)
    history = plan.to_json()
    text = json.dumps(history, allow_nan=False)
    assert json.loads(text) == history
    assert PicturePlan.from_json(json.loads(text)) == plan
    assert all(float(f"{value:.6g}") == value for value in floats(history)), "more digits differ between machines"
    assert plan.label == 1 - index % 2 == bool(plan.edits)


def test_no_pixel_is_read(train: PhotoPool, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [draw_plan(get_recipe(), train.photos, 1, index).to_json() for index in range(20)]
    monkeypatch.setattr(PhotoPool, "pixels", None)
    again = pickle.loads(pickle.dumps(train))
    assert [draw_plan(get_recipe(), again.photos, 1, index).to_json() for index in range(20)] == expected


def test_twins_differ_in_their_edits_alone(train: PhotoPool, plans: list[PicturePlan]) -> None:
    for plan in plans[:50]:
        twin = draw_plan(get_recipe(), train.photos, 7, plan.index + 1, SIZE)
        assert (plan.label, twin.label) == (1, 0)
        bare = replace(plan, label=0, index=twin.index, donors=(), edits=(), spares=())
        assert twin == bare


def test_edits_occur_as_often_as_the_recipe_says(plans: list[PicturePlan]) -> None:
    counts = Counter(edit.name for plan in plans for edit in plan.edits)
    for edit, weight in get_recipe().edits.items():
        assert counts[edit] / counts.total() == pytest.approx(weight, abs=0.08)
    regions = Counter(len(plan.edits) for plan in plans)
    assert regions[1] / PLANS == pytest.approx(0.9, abs=0.06)
    assert set(regions) == {1, 2, 3}
    cases = Counter(plan.chain.case for plan in plans)
    for case, weight in get_recipe().jpeg_cases.items():
        assert cases[case] / PLANS == pytest.approx(weight, abs=0.08)


def test_areas_spread_over_the_range(plans: list[PicturePlan]) -> None:
    areas = sorted(edit.shape.area for plan in plans for edit in plan.edits if isinstance(edit, Splice))
    low, high = get_recipe().mask_area
    assert low <= areas[0] < 0.006
    assert 0.25 < areas[-1] <= high
    assert areas[len(areas) // 2] == pytest.approx((low * high) ** 0.5, rel=0.5)


def test_donors_are_other_photos_of_other_cameras(plans: list[PicturePlan]) -> None:
    donors = [(plan.host, donor) for plan in plans for donor in plan.donors]
    assert len(donors) > 50
    assert all(host.photo != donor.photo and host.camera != donor.camera for host, donor in donors)
    assert all(edit.donor < len(plan.donors) for plan in plans for edit in plan.edits if isinstance(edit, Splice))


def test_splits_never_mix(pool: PhotoPool) -> None:
    splits = {photo.id: photo.split for photo in pool}
    recipe = replace(get_recipe("splice"), other_tables=1.0, other_tables_scale=(1.0, 1.0), jpeg_cases={"single": 1.0})
    seen = set()
    for index in range(0, 80, 2):
        plan = draw_plan(recipe, pool.photos, 3, index, SIZE)
        split = splits[plan.host.photo]
        seen.add(split)
        assert all(splits[donor.photo] == split for donor in plan.donors)
        assert plan.chain.final.tables in {photo.tables for photo in pool if photo.split == split}
    assert seen == {"train", "calibration", "test"}


def test_another_history_shows_the_same_scene(train: PhotoPool) -> None:
    recipe = replace(get_recipe("other_history"), regions={"1": 1.0})
    for index in range(0, 60, 2):
        plan = draw_plan(recipe, train.photos, 4, index, SIZE)
        (donor,) = plan.donors
        assert (donor.photo, donor.window, donor.size) == (plan.host.photo, plan.host.window, plan.host.size)
        assert [type(edit) for edit in (*plan.edits, *plan.spares)] == [OtherHistory, OtherHistory, CopyMove, Overlay]


def test_a_photo_without_another_is_only_copied_within(pool: PhotoPool) -> None:
    plan = draw_plan(get_recipe("splice"), pool.photos[:1], 0, 0, SIZE)
    assert not plan.donors
    assert all(isinstance(edit, CopyMove) for edit in (*plan.edits, *plan.spares[:-1]))


def test_damaged_photos_are_passed_over_without_touching_the_rest(train: PhotoPool) -> None:
    recipe = get_recipe("splice")
    for index in range(0, 20, 2):
        plan = draw_plan(recipe, train.photos, 2, index, SIZE)
        without_donor = draw_plan(recipe, train.photos, 2, index, SIZE, {plan.donors[0].photo})
        assert (without_donor.host, without_donor.chain) == (plan.host, plan.chain)
        assert without_donor.donors[0].photo not in (plan.donors[0].photo, plan.host.photo)
        without_host = draw_plan(recipe, train.photos, 2, index, SIZE, {plan.host.photo})
        assert without_host.host.photo != plan.host.photo


def test_cameras_are_simulated_as_often_as_asked(train: PhotoPool) -> None:
    def shares(recipe: Recipe) -> float:
        drawn = [draw_plan(recipe, train.photos, 5, index, (96, 96)) for index in range(0, 160, 2)]
        return sum(plan.host.simulation is not None for plan in drawn) / len(drawn)

    assert shares(get_recipe("camera")) > 0.9
    assert shares(get_recipe("no_camera")) == 0
    assert shares(get_recipe()) == pytest.approx(get_recipe().camera, abs=0.15)


def test_a_shared_camera_differs_in_its_noise_alone(train: PhotoPool) -> None:
    recipe = replace(get_recipe("splice"), camera=1.0, shared_camera=1.0, regions={"1": 1.0})
    for index in range(0, 20, 2):
        plan = draw_plan(recipe, train.photos, 5, index, (96, 96))
        host, donor = plan.host.simulation, plan.donors[0].simulation
        assert host is not None
        assert donor is not None
        assert replace(donor, seed=host.seed) == host
        assert donor.seed != host.seed


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda history: history.pop("host"), "host"),
        (lambda history: history.update(zoom=1), "zoom"),
        (lambda history: history["edits"][0].update(name="wish"), "edits.0"),
        (lambda history: history["edits"][0]["shape"].update(area="large"), "area"),
        (lambda history: history["host"].update(window=[0, 0, 1]), "window"),
        (lambda history: history.update(seed=float("nan")), "seed"),
    ],
)
def test_damaged_histories_are_refused_in_one_line(plans: list[PicturePlan], damage: Any, what: str) -> None:
    history = plans[0].to_json()
    damage(history)
    with pytest.raises(WrongUsage) as error:
        PicturePlan.from_json(history)
    assert what in str(error.value)
    assert "\n" not in str(error.value)
