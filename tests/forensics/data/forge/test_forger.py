from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.data.forge import ForgedPicture, Forger, PicturePlan, get_recipe, rebuild
from forensics.data.forge.recipe import list_recipes
from forensics.data.photos import PhotoPool
from signals.errors import NoPictures, UnreadableImage, WrongUsage

SIZE = (128, 160)
PAIRS = 30
# Soft edges change pixels that are not marked: of cutouts, of regions that were turned, of blurred seams.
SHARP = {"blends": {"hard": 1.0}, "mask_kinds": {"blob": 0.5, "polygon": 0.5}, "jpeg_cases": {"png": 1.0},
         "rotate": 0.0, "rescale": 0.0, "wide_rescale": 0.0, "perspective": 0.0, "innocent": 0.0}  # fmt: skip


@pytest.fixture(scope="module")
def train(pool: PhotoPool) -> PhotoPool:
    return PhotoPool(tuple(photo for photo in pool if photo.split == "train"))


@pytest.fixture(scope="module")
def pictures(train: PhotoPool) -> list[ForgedPicture]:
    forger = Forger(train, get_recipe("default"), seed=7)
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


def test_bytes_depend_on_seed_and_index_alone(train: PhotoPool, pictures: list[ForgedPicture]) -> None:
    again = Forger(pickle.loads(pickle.dumps(train)), get_recipe("default"), seed=7)
    for index in (17, 4, 41, 0):
        assert again.forge(index, SIZE).data == pictures[index].data
        assert (again.forge(index, SIZE).mask == pictures[index].mask).all()
    assert Forger(train, get_recipe("default"), seed=8).forge(0, SIZE).data != pictures[0].data


def test_twins_have_the_same_container(pictures: list[ForgedPicture]) -> None:
    for forged, twin in zip(pictures[::2], pictures[1::2], strict=True):
        assert (forged.label, twin.label) == (1, 0)
        assert container(forged) == container(twin)
        assert forged.extension == twin.extension
        assert forged.edits
        assert not twin.edits


def test_file_level_facts_cannot_tell_the_classes_apart(pictures: list[ForgedPicture]) -> None:
    forged = Counter(container(p) for p in pictures if p.label)
    assert forged == Counter(container(p) for p in pictures if not p.label)
    assert len(forged) > 10, "a test of one kind of file would show nothing"


def test_masks_fit_their_pictures(pictures: list[ForgedPicture]) -> None:
    for picture in pictures:
        assert picture.mask.shape == SIZE == pixels(picture).shape[:2]
        assert picture.mask.dtype == bool
        share = picture.mask.mean()
        assert 0.0003 <= share <= 0.63 if picture.label else share == 0
        assert picture.visible > 0 if picture.label else picture.visible == 0


def test_a_picture_is_rebuilt_from_its_history(train: PhotoPool, pictures: list[ForgedPicture]) -> None:
    fresh = pickle.loads(pickle.dumps(train))
    for picture in pictures[:20]:
        again = rebuild(json.loads(json.dumps(picture.history)), fresh)
        assert again.data == picture.data
        assert (again.mask == picture.mask).all()
        assert (again.history, again.edits, again.visible) == (picture.history, picture.edits, picture.visible)


def test_a_picture_is_rebuilt_from_the_right_photos_alone(train: PhotoPool, pictures: list[ForgedPicture]) -> None:
    history = pictures[1].history
    with pytest.raises(WrongUsage, match="not in this folder"):
        rebuild(history, PhotoPool(tuple(p for p in train if p.id != history["host"]["photo"])))
    others = tuple(replace(photo, known_sha256="0" * 64) for photo in train)
    with pytest.raises(WrongUsage, match="not the photo"):
        rebuild(history, PhotoPool(others))
    with pytest.raises(WrongUsage, match="history"):
        rebuild({"recipe": "default"}, train)


@pytest.mark.parametrize(
    "damage",
    [
        lambda history: history["host"].update(window=[5000, 0, 10, 10]),
        lambda history: history["host"].update(window=[0, 0, 0, 10]),
        lambda history: history["host"].update(size=[10**6, 10**6]),
        lambda history: history["host"].update(kernel="area", frame=[0, 4]),
        lambda history: history["edits"][0].update(donor=7),
    ],
)
def test_histories_that_make_no_picture_are_refused_in_one_line(train: PhotoPool, damage: Any) -> None:
    history = Forger(train, get_recipe("splice"), 0).forge(0, SIZE).history
    damage(history)
    with pytest.raises(WrongUsage) as error:
        rebuild(history, train)
    assert "\n" not in str(error.value)


def test_histories_do_not_depend_on_pixels(
    train: PhotoPool, pictures: list[ForgedPicture], monkeypatch: pytest.MonkeyPatch
) -> None:
    see = PhotoPool.pixels
    monkeypatch.setattr(PhotoPool, "pixels", lambda pool, photo: 255 - see(pool, photo))
    negative = Forger(train, get_recipe("default"), seed=7)
    for index in (0, 2, 4, 5):
        picture = negative.forge(index, SIZE)
        assert picture.history == pictures[index].history
        assert picture.data != pictures[index].data


@pytest.mark.parametrize("edit", ["splice", "copy_move", "removal", "local_change"])
def test_twins_are_equal_outside_the_mask(train: PhotoPool, edit: str) -> None:
    recipe = replace(get_recipe(edit), **SHARP)
    forger = Forger(train, recipe, seed=1)
    for index in range(0, 12, 2):
        forged, twin = forger.forge(index, SIZE), forger.forge(index + 1, SIZE)
        changed = (pixels(forged) != pixels(twin)).any(axis=2)
        assert not (changed & ~forged.mask).any()
        assert changed[forged.mask].mean() > 0.3


@pytest.mark.parametrize("recipe", list_recipes())
def test_every_recipe_forges(train: PhotoPool, recipe: str) -> None:
    forger = Forger(train, get_recipe(recipe), seed=4)
    for index in range(0, 6, 2):
        picture = forger.forge(index, SIZE)
        assert set(picture.edits) <= set(get_recipe(recipe).edits)
        assert picture.mask.any()


@pytest.mark.parametrize("native", [0.0, 1.0])
def test_another_history_keeps_the_scene(train: PhotoPool, native: float) -> None:
    recipe = replace(get_recipe("other_history"), **SHARP, regions={"1": 1.0}, native=native, camera=0.0)
    forger = Forger(train, recipe, seed=3)
    done = 0
    for index in range(0, 40, 2):
        forged, twin = forger.forge(index, SIZE), forger.forge(index + 1, SIZE)
        if forged.edits == ("other_history",):
            done += 1
            change = np.abs(pixels(forged).astype(float) - pixels(twin))[forged.mask]
            assert 1 <= change.mean() < 12
    # The others change too little, as where both saves are fine ones.
    assert done > 10


def test_a_region_covered_later_stays_marked(train: PhotoPool) -> None:
    recipe = replace(get_recipe("splice"), **SHARP, regions={"3": 1.0}, mask_area=(0.1, 0.15))
    one_by_one = replace(recipe, regions={"1": 1.0})
    for index in range(0, 8, 2):
        three = Forger(train, recipe, seed=6).forge(index, SIZE)
        assert three.edits == ("splice",) * 3
        assert 0.1 < three.mask.mean() < 0.5
        assert len(three.history["donors"]) == 3
        assert Forger(train, one_by_one, seed=6).forge(index, SIZE).mask.mean() < three.mask.mean()


def test_a_copied_region_shows_the_same_pixels_twice(train: PhotoPool) -> None:
    recipe = replace(get_recipe("copy_move"), **SHARP, copy_move_transform=0.0, copy_move_overlap=0.0)
    forger = Forger(train, replace(recipe, regions={"1": 1.0}), seed=2)
    for index in range(0, 10, 2):
        forged, twin = forger.forge(index, SIZE), forger.forge(index + 1, SIZE)
        top, left, height, width = cv2.boundingRect(forged.mask.astype(np.uint8))
        box = (slice(left, left + width), slice(top, top + height))
        patch = pixels(forged)[box].astype(np.float32)
        mask = np.repeat(forged.mask[box].astype(np.float32)[..., None], 3, axis=2)
        difference = cv2.matchTemplate(pixels(twin).astype(np.float32), patch, cv2.TM_SQDIFF, mask=mask)
        assert difference.min() < 0.01 * mask.sum()


def test_sizes_come_from_the_recipe_or_from_the_caller(train: PhotoPool) -> None:
    forger = Forger(train, replace(get_recipe("default"), sides=(96, 128), odd_side=0.0), seed=0)
    sizes = {forger.forge(index).mask.shape for index in range(1, 41, 2)}
    assert sizes == {(96, 96), (96, 128), (128, 96), (128, 128)}
    assert forger.forge(0, (700, 72)).mask.shape == (700, 72)


def test_one_photo_alone_is_only_copied_within(train: PhotoPool) -> None:
    alone = PhotoPool(train.photos[:1])
    edits = {edit for i in range(0, 6, 2) for edit in Forger(alone, get_recipe("splice"), 0).forge(i, SIZE).edits}
    assert edits == {"copy_move"}


def test_damaged_photos_are_passed_over(photo_folder: Path, tmp_path: Path) -> None:
    for photo in sorted(photo_folder.iterdir())[:3]:
        data = photo.read_bytes()
        cut_short = photo.name != "alpha-3.jpg"
        (tmp_path / photo.name).write_bytes(data[: len(data) // 2] if cut_short else data)
    forger = Forger(PhotoPool.open(tmp_path), get_recipe("copy_move"), seed=0)
    first = [forger.forge(index, SIZE) for index in range(6)]
    assert {picture.history["host"]["photo"] for picture in first} == {"alpha-3.jpg"}
    assert set(forger.unreadable) <= {"alpha-0.jpg", "beta-1.jpg"}
    # whoever meets the damage first: the pictures are the same
    backwards = Forger(PhotoPool.open(tmp_path), get_recipe("copy_move"), seed=0)
    assert [backwards.forge(index, SIZE).data for index in reversed(range(6))] == [p.data for p in reversed(first)]
    (tmp_path / "alpha-3.jpg").unlink()
    with pytest.raises(UnreadableImage, match="give whole photos"):
        Forger(PhotoPool.open(tmp_path), get_recipe("copy_move"), seed=0).forge(0, SIZE)


def test_flat_photos_get_a_mark(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Image.new("RGB", (300, 300), "gray").save(tmp_path / f"{name}.png")
    forger = Forger(
        PhotoPool.open(tmp_path), replace(get_recipe("copy_move"), global_edit=0, first_jpeg=0, camera=0), 0
    )
    forged = forger.forge(0, SIZE)
    assert forged.edits == ("overlay",)
    assert forged.visible > 1


def test_nothing_to_forge_from_is_refused(train: PhotoPool) -> None:
    with pytest.raises(NoPictures):
        Forger(PhotoPool(()), get_recipe(), 0)
    with pytest.raises(WrongUsage, match="negative"):
        Forger(train, get_recipe(), -1)


def test_the_history_is_the_plan(pictures: list[ForgedPicture]) -> None:
    for picture in pictures[:6]:
        plan = PicturePlan.from_json(picture.history)
        assert plan.size == SIZE
        assert plan.label == picture.label
        assert plan.pair == plan.index // 2


def test_the_package_itself_is_light() -> None:
    heavy = "{'albumentations', 'cv2', 'torch', 'scipy'} & set(sys.modules)"
    code = f"import sys, forensics.data.forge as forge; forge.list_recipes(); sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_blur_without_bounds_is_a_damaged_history(train: PhotoPool, pictures: list[ForgedPicture]) -> None:
    history = next(picture.history for picture in pictures if picture.history["edits"])
    history = json.loads(json.dumps(history))
    history["edits"][0]["blend"] = {"kind": "feather", "sigma": 1e5}
    with pytest.raises(WrongUsage, match="sigma is 100000"):
        rebuild(history, train)
