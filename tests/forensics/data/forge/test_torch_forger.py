"""Batches made on the device: what they say of themselves is what they show."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from forensics.data.forge import Recipe
from forensics.data.forge.torch import DeviceForger, PhotoBank
from forensics.data.forge.torch.chains import ALIGNED, FREE, NO_TRACE, SHIFTED
from forensics.data.forge.torch.draws import Draws
from forensics.data.forge.torch.sources import draw_sources, make_sources
from forensics.data.photos import PhotoPool
from signals.errors import WrongUsage
from signals.jpeg_quality import standard_tables

PLAIN = {
    "jpeg_cases": {"png": 1.0},
    "edits": {"copy_move": 1.0},
    "copy_move_transform": 0.0,
    "blends": {"hard": 1.0},
    "native": 1.0,
}


@pytest.fixture(scope="module")
def bank(pool: PhotoPool) -> PhotoBank:
    return PhotoBank.of(pool)


@pytest.fixture(scope="module")
def forger_of(bank: PhotoBank) -> Callable[..., DeviceForger]:
    def make(seed: int = 5, size: tuple[int, int] = (128, 160), **fields: Any) -> DeviceForger:
        return DeviceForger(bank, Recipe.from_json(fields), seed, size)

    return make


def test_a_batch_holds_what_it_promises(forger_of: Callable[..., DeviceForger]) -> None:
    batch = forger_of().forge(0, 12)
    assert len(batch) == 24
    assert batch.pixels.shape == (24, 3, 128, 160)
    assert batch.coefficients.shape == (24, 16, 20, 8, 8)
    assert batch.label.tolist() == [1, 0] * 12
    assert torch.equal(batch.mask.flatten(1).any(dim=1), batch.label.bool())
    # a twin shares the chain of its forgery: nothing of the file tells them apart
    assert torch.equal(batch.tables[::2], batch.tables[1::2])
    assert torch.equal(batch.was_jpeg[::2], batch.was_jpeg[1::2])
    for place in range(24):
        history = json.loads(json.dumps(batch.describe(place)))
        assert history["label"] == 1 - place % 2
        assert (history["edit"]["name"] == "none") == (place % 2 == 1)
        assert (history["jpeg"]["case"] != "png") == bool(batch.was_jpeg[place])
        assert history["mask_area"] <= 0.5
        if history["jpeg"]["case"] != "png" and history["jpeg"]["saves"][-1]["tables"] == "standard":
            quality = history["jpeg"]["saves"][-1]["quality"]
            assert np.array_equal(batch.tables[place, 0].numpy(), standard_tables("luminance")[quality - 1])
    splices = [batch.describe(place) for place in range(0, 24, 2)]
    assert all(h["edit"]["donor"]["camera"] != h["host"]["camera"] for h in splices if h["edit"]["name"] == "splice")


def test_seed_and_number_make_the_batch(forger_of: Callable[..., DeviceForger]) -> None:
    first, again, other = forger_of().forge(3, 4), forger_of().forge(3, 4), forger_of().forge(4, 4)
    assert torch.equal(first.pixels, again.pixels)
    assert torch.equal(first.coefficients, again.coefficients)
    assert torch.equal(first.mask, again.mask)
    assert [first.describe(p) for p in range(8)] == [again.describe(p) for p in range(8)]
    assert not torch.equal(first.pixels, other.pixels)
    assert not torch.equal(first.pixels, forger_of(seed=6).forge(3, 4).pixels)


def test_the_precision_of_the_training_changes_nothing(forger_of: Callable[..., DeviceForger]) -> None:
    expected = forger_of().forge(1, 4).pixels
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = forger_of().forge(1, 4).pixels
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert torch.equal(expected, found)


def test_a_plain_copy_repeats_its_source_pixel_by_pixel(forger_of: Callable[..., DeviceForger]) -> None:
    batch = forger_of(**PLAIN).forge(0, 16)
    for place in range(0, 32, 2):
        forged, twin, mask = batch.pixels[place], batch.pixels[place + 1], batch.mask[place, 0]
        assert torch.equal(forged[:, ~mask], twin[:, ~mask])
        edit = batch.describe(place)["edit"]
        rows, columns = mask.nonzero().unbind(1)
        down, right = (edit["placed_at"][axis] - edit["cut_at"][axis] for axis in (0, 1))
        assert max(abs(down), abs(right)) >= 4
        assert torch.equal(forged[:, rows, columns], twin[:, rows - down, columns - right])


def test_moves_on_the_grid_are_multiples_of_8(forger_of: Callable[..., DeviceForger]) -> None:
    batch = forger_of(**PLAIN, copy_move_on_grid=1.0).forge(0, 12)
    for place in range(0, 24, 2):
        edit = batch.describe(place)["edit"]
        assert all((edit["placed_at"][axis] - edit["cut_at"][axis]) % 8 == 0 for axis in (0, 1))


def test_soft_edges_change_only_what_is_near(forger_of: Callable[..., DeviceForger]) -> None:
    for blend in ("feather", "edge_blur"):
        batch = forger_of(**{**PLAIN, "edits": {"splice": 1.0}, "blends": {blend: 1.0}}).forge(0, 6)
        changed = (batch.pixels[::2] != batch.pixels[1::2]).any(dim=1, keepdim=True)
        near = torch.nn.functional.max_pool2d(batch.mask[::2].float(), 19, 1, 9).bool()
        assert not (changed & ~near).any()
        assert (changed & batch.mask[::2]).sum() > 0.8 * batch.mask[::2].sum()


@pytest.mark.parametrize("kind", ["blob", "ellipse", "polygon", "segments"])
def test_regions_have_about_the_wanted_area(forger_of: Callable[..., DeviceForger], kind: str) -> None:
    recipe = {**PLAIN, "edits": {"splice": 1.0}, "mask_kinds": {kind: 1.0}, "flip": 0, "rotate": 0, "rescale": 0}
    recipe |= {"wide_rescale": 0, "perspective": 0, "cut_by_border": 0}
    shares = forger_of(**recipe, mask_area=(0.06, 0.06)).forge(0, 12).mask[::2].float().mean(dim=(1, 2, 3))
    assert 0.045 < shares.median() < 0.075
    assert (shares > 0.012).all()


def test_transformed_regions_grow_with_their_scale(forger_of: Callable[..., DeviceForger]) -> None:
    recipe = {**PLAIN, "edits": {"splice": 1.0}, "mask_kinds": {"ellipse": 1.0}, "mask_area": (0.04, 0.04)}
    recipe |= {"rotate": 1.0, "rescale": 1.0, "rescale_range": (1.5, 1.5), "wide_rescale": 0, "cut_by_border": 0}
    shares = forger_of(**recipe).forge(0, 8).mask[::2].float().mean(dim=(1, 2, 3))
    torch.testing.assert_close(shares, torch.full_like(shares, 0.04 * 1.5**2), rtol=0.1, atol=0)


def test_native_windows_are_pieces_of_the_photo(bank: PhotoBank, pool: PhotoPool) -> None:
    """On the camera's grid where the trace is aligned, on each of the 63 others where it is shifted."""
    trace = torch.tensor([ALIGNED, SHIFTED]).repeat(300)
    recipe = Recipe.from_json({"native": 1.0})
    photo = torch.arange(600) % len(bank)
    sources = draw_sources(Draws(1, 0), recipe, bank, photo, trace, (64, 72))
    assert sources.native.all()
    windows = make_sources(bank, sources, (64, 72), torch.Generator())
    phases = set()
    for place in range(600):
        corner = sources.corner[place] + sources.shift[place]
        y, x = corner.tolist()
        pixels = pool.pixels(pool[int(photo[place])])[y : y + 64, x : x + 72]
        assert np.array_equal(windows[place].permute(1, 2, 0).numpy(), pixels)
        assert ((y % 16, x % 16) == (0, 0)) == (trace[place] == ALIGNED)
        phases.add((y % 8, x % 8))
    assert len(phases) == 64


def test_a_save_before_the_edit_leaves_its_lattice(bank: PhotoBank) -> None:
    """Of an aligned window the luma coefficients lie on multiples of the first table; shifted, they do not."""
    recipe = Recipe.from_json(
        {"native": 0.0, "global_edit": 0, "camera_tables": 0, "first_quality": (50, 50), "subsampling": {"4:4:4": 1.0}}
    )
    far = {}
    for trace in (ALIGNED, SHIFTED, NO_TRACE):
        sources = draw_sources(Draws(2, 0), recipe, bank, torch.arange(6), torch.full((6,), trace), (96, 96))
        windows = make_sources(bank, sources, (96, 96), torch.Generator()).double()
        luma = (windows * torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)[:, None, None]).sum(1) - 128
        blocks = luma.reshape(6, 12, 8, 12, 8).transpose(2, 3)
        turn = torch.arange(8.0, dtype=torch.float64)
        basis = torch.cos((2 * turn + 1) * turn[:, None] * torch.pi / 16) / 2
        basis[0] /= 2**0.5
        steps = basis @ blocks @ basis.T / torch.tensor(standard_tables("luminance")[49])
        far[trace] = float((steps - steps.round()).abs()[..., 1:4, 1:4].mean())
    assert far[ALIGNED] < 0.05
    assert far[SHIFTED] > 2 * far[ALIGNED]
    assert far[NO_TRACE] > 2 * far[ALIGNED]


def test_shares_of_histories_follow_the_recipe(bank: PhotoBank) -> None:
    recipe = Recipe()
    sources = draw_sources(Draws(3, 0), recipe, bank, torch.arange(4000) % 6, torch.full((4000,), FREE), (64, 64))
    compressed = sources.trace != NO_TRACE
    assert abs(compressed.float().mean() - recipe.first_jpeg) < 0.04
    assert abs(sources.native[compressed].float().mean() - recipe.native) < 0.04
    assert sources.scale[~sources.native].min() >= recipe.scale[0]
    assert sources.scale.max() <= recipe.scale[1] + 1e-6


def test_a_platform_that_reduces_gives_pictures_of_the_same_size(forger_of: Callable[..., DeviceForger]) -> None:
    batch = forger_of(jpeg_cases={"triple": 1.0}, platform_resize=0.5).forge(0, 6)
    scales = [batch.describe(place)["jpeg"]["reduce"] for place in range(0, 12, 2)]
    assert min(scales) < 0.96
    assert max(scales) == 1.0
    assert batch.pixels.shape == (12, 3, 128, 160)
    assert batch.label.tolist() == [1, 0] * 6
    assert all(len(batch.describe(place)["jpeg"]["saves"]) == 2 for place in range(12))


def test_sizes_and_seeds_that_cannot_be_are_refused(bank: PhotoBank) -> None:
    for size in ((60, 64), (64, 100), (32, 64)):
        with pytest.raises(WrongUsage, match="multiples of 8"):
            DeviceForger(bank, Recipe(), 1, size)
    with pytest.raises(WrongUsage, match="negative"):
        DeviceForger(bank, Recipe(), -1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_makes_the_same_pictures(pool: PhotoPool) -> None:
    """Where nothing is sampled between pixels and no noise is drawn, to the last bit; elsewhere nearly everywhere."""
    for fields, share in ((PLAIN | {"jpeg_cases": {"aligned": 1.0}}, 0.0), ({}, 0.05)):
        recipe = Recipe.from_json(fields)
        on_cpu, on_gpu = (
            DeviceForger(PhotoBank.of(pool, d), recipe, 1, (128, 128)).forge(0, 16) for d in ("cpu", "cuda")
        )
        assert (on_cpu.coefficients != on_gpu.coefficients.cpu()).float().mean() <= share
        assert [on_cpu.describe(p)["host"] for p in range(32)] == [on_gpu.describe(p)["host"] for p in range(32)]
