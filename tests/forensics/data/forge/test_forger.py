from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.forge import ForgedPicture, Forger, get_recipe
from forensics.data.photos import PhotoPool
from signals.errors import UnreadableImage, WrongUsage

SIZE = (128, 160)
PAIRS = 60


@pytest.fixture(scope="module")
def pictures(pool: PhotoPool) -> list[ForgedPicture]:
    forger = Forger(pool, get_recipe("default"), seed=7)
    return [forger.forge(index, SIZE) for index in range(2 * PAIRS)]


def container(picture: ForgedPicture) -> tuple[object, ...]:
    """What a file tells without its pixels."""
    with Image.open(io.BytesIO(picture.data)) as image:
        tables = tuple(tuple(table) for table in getattr(image, "quantization", {}).values())
        layers = tuple(tuple(layer) for layer in getattr(image, "layer", ()))
        return image.format, image.size, image.mode, tables, layers, bool(image.info.get("progressive"))


def pixels(picture: ForgedPicture) -> np.ndarray:
    with Image.open(io.BytesIO(picture.data)) as image:
        return np.asarray(image.convert("RGB"))


def test_bytes_depend_on_seed_and_index_alone(pool: PhotoPool, pictures: list[ForgedPicture]) -> None:
    again = Forger(pickle.loads(pickle.dumps(pool)), get_recipe("default"), seed=7)
    for index in (17, 4, 41, 0):
        assert again.forge(index, SIZE).data == pictures[index].data
        assert (again.forge(index, SIZE).mask == pictures[index].mask).all()
    assert Forger(pool, get_recipe("default"), seed=8).forge(0, SIZE).data != pictures[0].data


def test_twins_differ_in_nothing_but_the_paste(pictures: list[ForgedPicture]) -> None:
    for forged, twin in zip(pictures[::2], pictures[1::2], strict=True):
        assert (forged.label, twin.label) == (1, 0)
        assert container(forged) == container(twin)
        assert forged.extension == twin.extension
        assert forged.history["host"] == twin.history["host"]
        assert forged.history["jpeg"] == twin.history["jpeg"]
        assert twin.history["edit"] == {"name": "none"}


def test_file_level_facts_cannot_tell_the_classes_apart(pictures: list[ForgedPicture]) -> None:
    forged = Counter(container(p) for p in pictures if p.label)
    assert forged == Counter(container(p) for p in pictures if not p.label)
    assert len(forged) > 10, "a test of one kind of file would show nothing"


def test_masks_fit_their_pictures(pictures: list[ForgedPicture]) -> None:
    for picture in pictures:
        assert picture.mask.shape == SIZE == pixels(picture).shape[:2]
        assert picture.mask.dtype == bool
        share = picture.mask.mean()
        assert picture.history["mask_area"] == pytest.approx(share)
        assert 0.001 <= share <= 0.5 if picture.label else share == 0


def test_areas_spread_over_the_range(pictures: list[ForgedPicture]) -> None:
    areas = np.array([p.mask.mean() for p in pictures if p.label])
    assert (areas < 0.01).any()
    assert ((areas > 0.01) & (areas < 0.1)).any()
    assert (areas > 0.1).any()


def test_edits_and_chains_occur_as_often_as_the_recipe_says(pictures: list[ForgedPicture]) -> None:
    forged = [p.history for p in pictures if p.label]
    splices = sum(h["edit"]["name"] == "splice" for h in forged) / len(forged)
    assert splices == pytest.approx(0.6, abs=0.2)
    assert {h["jpeg"]["case"] for h in forged} == {"png", "single", "aligned", "shifted", "triple"}
    assert all((p.extension == "png") == (p.history["jpeg"]["case"] == "png") for p in pictures)


def test_splices_take_another_camera(pictures: list[ForgedPicture]) -> None:
    splices = [p.history for p in pictures if p.history["edit"]["name"] == "splice"]
    assert all(h["edit"]["donor"]["camera"] != h["host"]["camera"] for h in splices)


def test_histories_are_json(pictures: list[ForgedPicture]) -> None:
    for picture in pictures:
        assert json.loads(json.dumps(picture.history, allow_nan=False)) == picture.history


def test_untouched_pixels_of_a_png_equal_those_of_its_twin(pool: PhotoPool) -> None:
    recipe = replace(get_recipe("default"), jpeg_cases={"png": 1.0}, blends={"hard": 0.5, "poisson": 0.5})
    forger = Forger(pool, recipe, seed=1)
    for index in range(0, 16, 2):
        forged, twin = forger.forge(index, SIZE), forger.forge(index + 1, SIZE)
        # where Poisson cannot be solved its feathered stand-in reaches past the mask
        if forged.history["edit"]["blend"] != "feather":
            changed = (pixels(forged) != pixels(twin)).any(axis=2)
            assert not (changed & ~forged.mask).any()
            assert changed[forged.mask].mean() > 0.5


def test_aligned_chain_keeps_the_first_grid(pool: PhotoPool) -> None:
    """Requantizing the pristine twin with the first table changes little: its blocks lie where they lay before."""
    recipe = replace(
        get_recipe("default"), jpeg_cases={"png": 1.0}, native=0.0, first_jpeg=1.0, camera_tables=0.0, global_edit=0.0,
        first_quality=(60, 70), subsampling={"4:4:4": 1.0},
    )  # fmt: skip
    forger = Forger(pool, recipe, seed=3)
    for index in range(1, 20, 2):
        twin = forger.forge(index, SIZE)
        first = twin.history["host"]["first_jpeg"]
        dy, dx = twin.history["host"]["grid"]
        on_grid = pixels(twin)[dy:, dx:]
        off_grid = pixels(twin)[(dy + 4) % 8 :, (dx + 4) % 8 :]
        assert resave_change(on_grid, first["quality"]) < 0.5 * resave_change(off_grid, first["quality"])


def resave_change(picture: np.ndarray, quality: int) -> float:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, subsampling=0)
    again = np.asarray(Image.open(stream))
    # whole blocks only: the padding at the lower right border is new each time
    height, width = (side // 8 * 8 for side in picture.shape[:2])
    return float(np.abs(again.astype(int) - picture)[:height, :width].mean())


def test_second_quality_is_above_the_first_as_often_as_below(pool: PhotoPool) -> None:
    recipe = replace(
        get_recipe("default"), jpeg_cases={"aligned": 1.0}, native=0.0, camera_tables=0.0, other_tables=0.0,
        first_quality=(70, 85),
    )  # fmt: skip
    forger = Forger(pool, recipe, seed=5)
    above = []
    for index in range(1, 81, 2):
        history = forger.forge(index, (64, 64)).history
        above.append(history["jpeg"]["saves"][-1]["quality"] > history["host"]["first_jpeg"]["quality"])
    assert np.mean(above) == pytest.approx(0.5, abs=0.2)


def test_a_copied_region_shows_the_same_pixels_twice(pool: PhotoPool) -> None:
    recipe = replace(
        get_recipe("copy_move"), jpeg_cases={"png": 1.0}, blends={"hard": 1.0}, copy_move_transform=0.0,
        copy_move_overlap=0.0, cut_by_border=0.0,
    )  # fmt: skip
    forger = Forger(pool, recipe, seed=2)
    for index in range(0, 10, 2):
        forged = forger.forge(index, SIZE)
        edit = forged.history["edit"]
        y, x = np.nonzero(forged.mask)
        dy, dx = np.subtract(edit["placed_at"], edit["cut_at"])
        assert (pixels(forged)[y, x] == pixels(forged)[y - dy, x - dx]).all()
        assert not forged.mask[y - dy, x - dx].any()


def test_sizes_come_from_the_recipe_or_from_the_caller(pool: PhotoPool) -> None:
    forger = Forger(pool, replace(get_recipe("default"), sides=(96, 128), odd_side=0.0), seed=0)
    sizes = {forger.forge(index).mask.shape for index in range(1, 41, 2)}
    assert sizes == {(96, 96), (96, 128), (128, 96), (128, 128)}
    assert forger.forge(0, (700, 72)).mask.shape == (700, 72)


def test_one_photo_alone_is_only_copied_within(photo_folder: Path) -> None:
    pool = PhotoPool.open(photo_folder)
    alone = PhotoPool(pool.photos[:1])
    names = {Forger(alone, get_recipe("splice"), 0).forge(i, SIZE).history["edit"]["name"] for i in range(0, 6, 2)}
    assert names == {"copy_move"}


def test_damaged_photos_are_passed_over(photo_folder: Path, tmp_path: Path) -> None:
    for photo in sorted(photo_folder.iterdir())[:3]:
        data = photo.read_bytes()
        cut_short = photo.name != "alpha-3.jpg"
        (tmp_path / photo.name).write_bytes(data[: len(data) // 2] if cut_short else data)
    forger = Forger(PhotoPool.open(tmp_path), get_recipe("copy_move"), seed=0)
    assert {forger.forge(index, SIZE).history["host"]["photo"] for index in range(6)} == {"alpha-3.jpg"}
    (tmp_path / "alpha-3.jpg").unlink()
    with pytest.raises(UnreadableImage):
        Forger(PhotoPool.open(tmp_path), get_recipe("copy_move"), seed=0).forge(0, SIZE)


def test_the_package_itself_is_light() -> None:
    heavy = "{'albumentations', 'cv2', 'torch', 'scipy'} & set(sys.modules)"
    code = f"import sys, forensics.data.forge as forge; forge.list_recipes(); sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_recipes() -> None:
    recipe = get_recipe("default")
    assert type(recipe).from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    with pytest.raises(WrongUsage, match="choose from"):
        get_recipe("nothing")
    with pytest.raises(WrongUsage, match="no field"):
        type(recipe).from_json({"colour": 1})
