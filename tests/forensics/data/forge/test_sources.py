from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from forensics.data.forge.camera import draw_camera
from forensics.data.forge.chains.geometry import Size
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.sources import KeptSave, SourcePlan, Trace, can_simulate, draw_source
from forensics.data.photos import Photo, PhotoPool

SIZE = (128, 160)


def draw(pool: PhotoPool, trace: Trace, count: int = 40, **fields: object) -> Iterator[tuple[Photo, SourcePlan]]:
    for number in range(count):
        photo = pool[number % len(pool)]
        yield photo, draw_source(np.random.default_rng(number), Recipe(**fields), photo, SIZE, trace)


def resave_change(picture: np.ndarray, quality: int) -> float:
    """How much another JPEG compression changes; little where the blocks lie as in the one before."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, subsampling=0)
    again = np.asarray(Image.open(stream))
    # whole blocks only: the padding at the lower right border is new each time
    height, width = (side // 8 * 8 for side in picture.shape[:2])
    return float(np.abs(again.astype(int) - picture)[:height, :width].mean())


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(64, 3000), st.integers(64, 3000)),
    st.tuples(st.integers(64, 800), st.integers(64, 800)),
    st.sampled_from(["none", "aligned", "shifted", "free"]),
    st.booleans(),
)
def test_windows_lie_in_their_photos(
    pool: PhotoPool, seed: int, photo_size: Size, size: Size, trace: Trace, simulated: bool
) -> None:
    random = np.random.default_rng(seed)
    photo = Photo(pool[0].path, "a.jpg", "a", photo_size[1], photo_size[0], pool[0].tables, known_sha256="0")
    plan = draw_source(random, Recipe(), photo, size, trace, draw_camera(random) if simulated else None)
    y, x, height, width = plan.window
    assert min(y, x) >= 0
    assert min(height, width) >= 1
    assert y + height <= photo_size[0]
    assert x + width <= photo_size[1]
    assert plan.size == size
    assert (plan.first_save is None) == (plan.grid is None)
    if trace in ("aligned", "none"):
        assert plan.grid == ((0, 0) if trace == "aligned" else None)
    if trace == "shifted":
        assert plan.grid not in (None, (0, 0))
    if plan.simulation:
        assert min(height / plan.frame[0], width / plan.frame[1]) >= 2.49, "the photo's own traces have to go"
        assert not isinstance(plan.first_save, KeptSave)
    else:
        assert plan.resize is None


@pytest.mark.parametrize("trace", ["none", "aligned", "shifted", "free"])
def test_sources_have_their_size(pool: PhotoPool, trace: Trace) -> None:
    for photo, plan in draw(pool, trace, 12):
        pixels = plan.render(pool, photo)
        assert pixels.shape == (*SIZE, 3)
        assert pixels.dtype == np.uint8


def test_a_kept_compression_is_the_photo_itself(pool: PhotoPool) -> None:
    for photo, plan in draw(pool, "shifted", native=1.0):
        y, x, height, width = plan.window
        assert isinstance(plan.first_save, KeptSave)
        assert (plan.render(pool, photo) == pool.pixels(photo)[y : y + height, x : x + width]).all()
        assert plan.grid == (-y % 8, -x % 8)


def test_the_grid_is_where_the_plan_says(pool: PhotoPool) -> None:
    fields = {"native": 0.0, "camera_tables": 0.0, "first_quality": (60, 70), "subsampling": {"4:4:4": 1.0}}
    for photo, plan in draw(pool, "shifted", 12, **fields):
        pixels, (y, x) = plan.render(pool, photo), plan.grid
        on_grid, off_grid = pixels[y:, x:], pixels[(y + 4) % 8 :, (x + 4) % 8 :]
        assert resave_change(on_grid, plan.first_quality) < 0.5 * resave_change(off_grid, plan.first_quality)


def test_a_camera_of_another_seed_is_the_same_history_with_other_noise(pool: PhotoPool) -> None:
    photo, random = pool[2], np.random.default_rng(0)
    assert can_simulate(Recipe(), photo, SIZE)
    plan = draw_source(
        random, Recipe(camera_resize=1.0, camera_scale=(1.1, 1.2)), photo, SIZE, "none", draw_camera(random)
    )
    assert plan.simulation is not None
    assert plan.resize is not None
    pixels = plan.render(pool, photo)
    assert pixels.shape == (*SIZE, 3)
    assert (pixels == plan.render(pool, photo)).all()
