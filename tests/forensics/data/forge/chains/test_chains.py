from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy.fft import dctn
from sklearn.metrics import roc_auc_score

from forensics.data.forge.chains.chain import CASES, Chain, draw_chain, draw_outline
from forensics.data.forge.chains.geometry import Crop
from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.recipe import Recipe
from forensics.data.photos import PhotoPool
from signals import get_signal
from signals.evidence import Evidence
from tests.conftest import paint_scene

EVERY_CASE = replace(Recipe(), jpeg_cases=dict.fromkeys(CASES, 1.0))
# luma table of ITU-T T.81 table K.1, step of the two lowest frequencies beside the mean
K1_LOW = {(0, 1): 11, (1, 0): 12}


def only(case: str) -> Recipe:
    return replace(Recipe(), jpeg_cases={case: 1.0})


def draw(seed: int, pool: PhotoPool, recipe: Recipe, size: tuple[int, int], first: int | None = 80) -> Chain:
    return draw_chain(np.random.default_rng(seed), recipe, first, pool[seed % len(pool)], size)


def sizes(count: int) -> list[tuple[int, int]]:
    random = np.random.default_rng(11)
    return [(int(height), int(width)) for height, width in random.integers(64, 360, (count, 2))]


def test_the_canvas_ends_as_the_size_asked_for(pool: PhotoPool) -> None:
    for seed, size in enumerate(sizes(200)):
        chain = draw(seed, pool, EVERY_CASE, size)
        canvas = chain.canvas(size)
        pixels, mask = chain.apply(np.zeros((*canvas, 3), np.uint8), np.zeros(canvas, bool))
        assert pixels.shape == (*size, 3), chain
        assert mask.shape == size, chain


def test_a_chain_survives_json_and_makes_the_same_bytes_again(pool: PhotoPool) -> None:
    adapter: TypeAdapter[Chain] = TypeAdapter(Chain)
    seen = set()
    for seed, size in enumerate(sizes(40)):
        chain = draw(seed, pool, EVERY_CASE, size)
        again = adapter.validate_json(adapter.dump_json(chain))
        assert again == chain == draw(seed, pool, EVERY_CASE, size)
        canvas = chain.canvas(size)
        scene, mask = paint_scene(seed, *canvas), np.zeros(canvas, bool)
        assert chain.encode(scene, mask)[0] == again.encode(scene, mask)[0]
        seen.add(chain.case)
    assert seen == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_mask_stays_on_what_it_marks(pool: PhotoPool, case: str) -> None:
    for seed, size in enumerate([(240, 320), (301, 207), (256, 256)] * 2):
        chain = draw(seed, pool, only(case), size)
        height, width = chain.canvas(size)
        picture = np.full((height, width, 3), (0, 20, 40), np.uint8)
        mask = np.zeros((height, width), bool)
        mask[height // 3 : height * 2 // 3, width // 4 : width * 3 // 5] = True
        picture[mask] = (255, 0, 0)
        seen, moved = chain.apply(picture, mask)
        # the close button of a window is red as well
        near = cv2.dilate(moved.astype(np.uint8), np.ones((31, 31))) > 0
        red = near & (seen[..., 0].astype(int) - seen[..., 1] > 110)
        # 4:2:0 and resampling blur the border, over a pixel or two
        around, inside = (change(moved.astype(np.uint8), np.ones((5, 5))) > 0 for change in (cv2.dilate, cv2.erode))
        assert not (red & ~around).any(), chain
        assert not (inside & ~red).any(), chain
        for axis in (0, 1):
            assert abs(np.nonzero(red)[axis].mean() - np.nonzero(moved)[axis].mean()) < 0.6, chain
        assert (chain.apply_mask(mask) == moved).all()


@pytest.mark.parametrize("case", CASES)
def test_the_file_reads_as_the_chain_promised(pool: PhotoPool, case: str) -> None:
    for seed in range(3):
        chain = draw(seed, pool, only(case), (120, 150))
        canvas = chain.canvas((120, 150))
        scene, mask = paint_scene(seed, *canvas), np.zeros(canvas, bool)
        data, extension, _ = chain.encode(scene, mask)
        evidence = Evidence.open(data)
        assert {"jpg": "jpeg"}.get(extension, extension) == evidence.type
        assert (evidence.pixels == chain.apply(scene, mask)[0]).all()


def test_a_forgery_and_its_twin_differ_in_pixels_alone(pool: PhotoPool) -> None:
    for seed, size in enumerate(sizes(24)):
        chain = draw(seed, pool, EVERY_CASE, size)
        canvas = chain.canvas(size)
        twin, mask = paint_scene(seed, *canvas), np.zeros(canvas, bool)
        forged = twin.copy()
        mask[10:40, 10:40] = True
        forged[mask] = paint_scene(seed + 1, *canvas)[mask]
        one, other = (Evidence.open(chain.encode(pixels, mask)[0]) for pixels in (forged, twin))
        assert (one.type, one.height, one.width) == (other.type, other.height, other.width)
        assert (one.pixels != other.pixels).any()
        if one.jpeg is None or other.jpeg is None:
            assert one.type in ("png", "webp")
            continue
        assert one.jpeg.markers == other.jpeg.markers
        assert (one.jpeg.progressive, one.jpeg.scans) == (other.jpeg.progressive, other.jpeg.scans)
        for left, right in zip(one.jpeg.components, other.jpeg.components, strict=True):
            assert left.sampling == right.sampling
            assert (left.quantization_table == right.quantization_table).all()


def distance_from_steps(gray: np.ndarray, row: int, column: int, steps: dict[tuple[int, int], int]) -> float:
    """How far coefficients lie from whole multiples of the steps, on a grid that starts at (row, column)."""
    height, width = ((side - 8) // 8 * 8 for side in gray.shape)
    window = gray[row : row + height, column : column + width]
    blocks = window.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
    coefficients = dctn(blocks - 128.0, axes=(2, 3), norm="ortho")
    distances = []
    for frequency, step in steps.items():
        values = coefficients[:, :, *frequency] / step
        distances.append(np.abs(values - np.rint(values))[np.abs(values) > 0.5].mean())
    return float(np.mean(distances))


@pytest.mark.parametrize(("case", "shift"), [("aligned", (0, 0)), ("shifted", (3, 5))])
def test_the_first_compression_shows_on_its_own_grid(pool: PhotoPool, case: str, shift: tuple[int, int]) -> None:
    recipe = replace(only(case), last_quality_bands=((96, 99, 1.0),), other_tables=0.0)
    outline = draw_outline(np.random.default_rng(0), recipe, (256, 320))
    assert outline.trace == case
    first = JpegSave(50, (), "4:4:4")
    host = Crop(*shift).apply(first.apply(paint_scene(2, 256 + shift[0], 320 + shift[1])))
    chain = draw_chain(np.random.default_rng(0), recipe, first.quality, pool[0], (256, 320), outline)
    seen, _ = chain.apply(host, np.zeros((256, 320), bool))
    gray = seen @ np.array([0.299, 0.587, 0.114])
    fits = {(y, x): distance_from_steps(gray, y, x, K1_LOW) for y in range(8) for x in range(8)}
    best = min(fits, key=fits.__getitem__)
    # the grid of a host that was cropped by (y, x) starts at (-y, -x)
    assert best == ((-shift[0]) % 8, (-shift[1]) % 8)
    assert fits[best] < 0.6 * sorted(fits.values())[1]


def test_what_every_case_asks_of_its_host() -> None:
    wanted = {
        "png": {"free"},
        "single": {"none"},
        "aligned": {"aligned"},
        "shifted": {"shifted"},
        "triple": {"aligned", "shifted"},
        "platform": {"free"},
        "webp": {"free"},
        "screenshot": {"free"},
    }
    for case, traces in wanted.items():
        random = np.random.default_rng(5)
        assert {draw_outline(random, only(case), (256, 256)).trace for _ in range(40)} == traces


def test_the_last_quality_lies_above_the_first_as_often_as_below(pool: PhotoPool) -> None:
    recipe = replace(only("aligned"), other_tables=0.0)
    above = []
    for seed in range(400):
        final = draw(seed, pool, recipe, (64, 64), first=80).final
        assert isinstance(final, JpegSave)
        above.append(final.quality > 80)
    # three standard deviations of a fair coin
    assert abs(np.mean(above) - 0.5) < 3 * 0.5 / np.sqrt(len(above))


def test_cases_count_their_compressions(pool: PhotoPool) -> None:
    counts = {case: set() for case in CASES}
    for seed in range(200):
        chain = draw(seed, pool, EVERY_CASE, (200, 200))
        counts[chain.case].add(sum(step.name in ("jpeg", "webp") for step in (*chain.steps, chain.final)))
    assert counts == {
        "png": {0},
        "single": {1},
        "aligned": {1},
        "shifted": {1},
        "triple": {2},
        "platform": {2},
        "webp": {2},
        "screenshot": {1, 2},
    }


@pytest.mark.parametrize(("case", "shift", "sees"), [("aligned", (0, 0), "adq1"), ("shifted", (3, 5), "nadq")])
def test_what_was_pasted_lacks_the_first_compression(
    pool: PhotoPool, case: str, shift: tuple[int, int], sees: str
) -> None:
    recipe = replace(only(case), last_quality_bands=((95, 97, 1.0),), other_tables=0.0, subsampling={"4:4:4": 1.0})
    host = Crop(*shift).apply(JpegSave(60, (), "4:4:4").apply(paint_scene(2, 384 + shift[0], 384 + shift[1])))
    mask = np.zeros((384, 384), bool)
    mask[96:256, 128:304] = True
    forged = np.where(mask[..., None], paint_scene(3, 384, 384), host)
    data, _, moved = draw_chain(np.random.default_rng(1), recipe, 60, pool[0], (384, 384)).encode(forged, mask)
    areas = {}
    for name in ("adq1", "nadq"):
        found = get_signal(name).extract(Evidence.open(data))
        if not found.usable:
            areas[name] = 0.5
            continue
        values, valid = (
            cv2.resize(plane.astype(np.float32), moved.shape, interpolation=cv2.INTER_NEAREST)
            for plane in (found.values[0], found.valid)
        )
        areas[name] = roc_auc_score(moved[valid > 0], values[valid > 0])
    assert areas.pop(sees) > 0.9
    assert all(abs(area - 0.5) < 0.2 for area in areas.values())
