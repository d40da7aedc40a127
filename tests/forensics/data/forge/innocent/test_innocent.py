from __future__ import annotations

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter

from forensics.data.forge.innocent.processing import (
    Enhance,
    Innocent,
    PanoramaSeam,
    PortraitBlur,
    draw_innocent,
    list_innocents,
)
from forensics.data.forge.innocent.stamps import DateStamp, Logo, draw_date_stamp, draw_logo
from signals.errors import WrongUsage
from tests.conftest import paint_scene

SIZE = (360, 480)


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    scene = paint_scene(5, *SIZE)
    scene.flags.writeable = False
    return scene


@pytest.mark.parametrize("kind", list_innocents())
def test_every_kind_changes_the_picture_the_same_way_twice_and_survives_json(kind: str, scene: np.ndarray) -> None:
    adapter: TypeAdapter[Innocent] = TypeAdapter(Innocent)
    for seed in range(4):
        step = draw_innocent(np.random.default_rng(seed), kind, SIZE)
        assert step.name == kind
        done = step.apply(scene)
        assert done.dtype == np.uint8
        assert done.ndim == 3
        assert done.shape != scene.shape or (done != scene).any()
        again = adapter.validate_json(adapter.dump_json(step))
        assert again == step
        assert (again.apply(scene) == done).all()


@pytest.mark.parametrize("kind", list_innocents())
@pytest.mark.parametrize("size", [(64, 64), (64, 400), (700, 90)])
def test_small_and_narrow_pictures_are_no_problem(kind: str, size: tuple[int, int]) -> None:
    scene = paint_scene(1, *size)
    for seed in range(5):
        assert min(draw_innocent(np.random.default_rng(seed), kind, size).apply(scene).shape[:2]) >= 50


@pytest.mark.parametrize("draw", [draw_date_stamp, draw_logo])
def test_a_mark_stays_in_its_corner_and_its_region_holds_the_change(draw: object, scene: np.ndarray) -> None:
    for seed in range(20):
        mark = draw(np.random.default_rng(seed))  # type: ignore[operator]
        assert isinstance(mark, DateStamp | Logo)
        region, done = mark.region(scene), mark.apply(scene)
        change = np.abs(done.astype(int) - scene).sum(axis=-1)
        assert 0.0005 < region.mean() < 0.1
        # far from the strokes and their glow nothing happens
        far = cv2.dilate(region.astype(np.uint8), np.ones((41, 41))) == 0
        assert change[far].max() <= 1
        assert change[region].sum() > 0.5 * change.sum()
        rows, columns = np.nonzero(region)
        assert (rows.mean() > SIZE[0] / 2) == mark.corner.startswith("bottom")
        assert 0 < rows.min() < rows.max() < SIZE[0] - 1
        assert 0 < columns.min() < columns.max() < SIZE[1] - 1


def test_digits_have_their_seven_segments() -> None:
    ink = {}
    for digit in "0123456789":
        stamp = DateStamp(digit, "bottom_right", 0.2, 0.1, (255, 140, 30), 1.0, 0.1)
        ink[digit] = int(stamp.region(np.zeros((300, 300, 3), np.uint8)).sum())
    # lit segments of the common display: 1 has two, 7 three, 4 four, 2 3 5 five, 0 6 9 six, 8 seven
    assert ink["1"] < ink["7"] < ink["4"] < min(ink[d] for d in "235")
    assert max(ink[d] for d in "235") < min(ink[d] for d in "069")
    assert max(ink[d] for d in "069") < ink["8"]


def test_the_figure_of_a_portrait_stays_and_the_background_is_blurred(scene: np.ndarray) -> None:
    portrait = PortraitBlur(0.5, 0.15, 0.015, 0.05, 7)
    figure = portrait.foreground(SIZE)
    done = portrait.apply(scene)
    assert 0.05 < (figure > 0.5).mean() < 0.7
    assert (done[figure == 1] == scene[figure == 1]).all()
    detail = [np.abs(cv2.Laplacian(picture, cv2.CV_32F))[figure == 0].mean() for picture in (done, scene)]
    assert detail[0] < 0.4 * detail[1]


def test_no_color_of_the_figure_bleeds_into_the_background() -> None:
    portrait = PortraitBlur(0.5, 0.15, 0.02, 0.005, 7)
    figure = portrait.foreground(SIZE)
    picture = np.full((*SIZE, 3), (20, 60, 200), np.uint8)
    picture[figure > 0.999] = (255, 0, 0)
    done = portrait.apply(picture).astype(int)
    assert np.abs(done[figure == 0] - (20, 60, 200)).max() <= 1
    # and a blur that takes the figure for background would show it
    plain = cv2.blur(picture, (13, 13)).astype(int)
    assert np.abs(plain[figure == 0] - (20, 60, 200)).max() > 20


def test_a_panorama_leaves_the_left_shot_and_moves_the_right_one(scene: np.ndarray) -> None:
    done = PanoramaSeam(0.5, 1.0, 10.0, (2.0, -1.0), 8).apply(scene)
    assert done.shape == (SIZE[0] - 6, SIZE[1] - 6, 3)
    assert (done[:, :200] == scene[3:-3, 3:203]).all()
    expected = np.minimum(scene[1:-5, 304:].astype(int) + 10, 255)
    # without what the border mirrors
    assert (done[:, 300:][:, :160] == expected[:, :160]).all()


def test_enhancing_by_nothing_changes_nothing_and_gamma_brightens(scene: np.ndarray) -> None:
    assert np.abs(Enhance(1.0, 0.0, 1.0, 0.0, 1.0).apply(scene).astype(int) - scene).max() <= 1
    gray = np.full((16, 16, 3), 64, np.uint8)
    assert np.unique(Enhance(0.5, 0.0, 1.2, 0.8, 1.0).apply(gray)).tolist() == [round(255 * (64 / 255) ** 0.5)]


def test_an_unknown_kind_lists_the_near_ones() -> None:
    with pytest.raises(WrongUsage, match="did you mean panorama_seam"):
        draw_innocent(np.random.default_rng(0), "panorama", SIZE)
