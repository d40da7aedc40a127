"""What a network reads of a batch on the device against what it reads of the same pictures as files."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from forensics.data.device_inputs import list_device_signals, training_batch
from forensics.data.device_objects import batch_membership
from forensics.data.forge import get_recipe
from forensics.data.forge.torch import DeviceForger, ForgedBatch, PhotoBank
from forensics.data.forge.torch.jpeg import SAMPLINGS, Saves, save, standard_saves
from forensics.data.photos import PhotoPool
from forensics.data.sample import SampleReader, SampleTensors, stack_inputs
from forensics.objects import RegionMerging
from signals import Evidence, get_signal
from signals.errors import WrongUsage


@pytest.fixture(scope="module")
def batch(photo_folder: Path) -> ForgedBatch:
    pool = PhotoPool.open(photo_folder, split="train")
    return DeviceForger(PhotoBank.of(pool), get_recipe(), 2, (96, 128)).forge(0, 4)


def files(pixels: torch.Tensor, saves: Saves) -> list[bytes]:
    result = []
    for place, picture in enumerate(pixels.permute(0, 2, 3, 1).numpy()):
        stream = io.BytesIO()
        sampling = SAMPLINGS[int(saves.sampling[place])]
        Image.fromarray(picture).save(stream, "JPEG", quality=int(saves.quality[place]), subsampling=sampling)
        result.append(stream.getvalue())
    return result


def test_every_signal_equals_what_is_read_of_the_files(batch: ForgedBatch) -> None:
    saves = standard_saves(torch.arange(30, 94, 8), torch.arange(8) % 3)
    saved = save(batch.pixels, saves)
    on_device = replace(
        batch,
        pixels=saved.pixels,
        coefficients=saved.luma,
        tables=saves.tables,
        was_jpeg=torch.ones(8, dtype=torch.bool),
    )
    names = list_device_signals()
    ours = training_batch(on_device, names, 16, "any").input
    reader = SampleReader(tuple(get_signal(name) for name in names), RegionMerging(max_pixels=1 << 10))
    read = [reader.read(Evidence.open(data)) for data in files(batch.pixels, saves)]
    theirs = stack_inputs([SampleTensors.of(sample, 16, "any").whole() for sample in read])
    assert torch.equal(ours.rgb, theirs.rgb)
    assert set(ours.signals) == set(theirs.signals)
    for name in names:
        mine, other = ours.signals[name], theirs.signals[name]
        assert mine.values.dtype == other.values.dtype
        assert torch.equal(mine.values, other.values), name
        assert torch.equal(mine.valid, other.valid), name
        assert torch.equal(mine.present, other.present), name
        assert mine.side.keys() == other.side.keys()
        assert all(torch.equal(mine.side[key], other.side[key]) for key in mine.side)


def test_pictures_that_are_no_files_are_read_like_bitmaps(photo_folder: Path) -> None:
    recipe = replace(get_recipe(), jpeg_cases={"png": 1.0})
    bank = PhotoBank.of(PhotoPool.open(photo_folder, split="train"))
    batch = DeviceForger(bank, recipe, 2, (64, 96)).forge(0, 3)
    ours = training_batch(batch, ["dct"], 16, "any").input.signals["dct"]
    for place, picture in enumerate(batch.pixels.permute(0, 2, 3, 1).numpy()):
        found = get_signal("dct").extract(Evidence.from_pixels(np.ascontiguousarray(picture)))
        # the two are computed in different precision: halves may go either way
        assert (ours.values[place].numpy() != found.values).mean() < 0.001
        assert np.array_equal(ours.side["quantization_table"][place].numpy(), found.side["quantization_table"])
        assert float(ours.side["was_jpeg"][place]) == float(found.side["was_jpeg"]) == 0


def test_flat_pictures_have_no_signal(batch: ForgedBatch) -> None:
    flat = replace(batch, pixels=torch.full_like(batch.pixels, 90), coefficients=torch.zeros_like(batch.coefficients))
    signals = training_batch(flat, ["dct", "splicebuster_counts", "srm"], 16, "any").input.signals
    assert not any(signal.present.any() for signal in signals.values())


def test_truth_comes_along(batch: ForgedBatch) -> None:
    found = training_batch(batch, [], 16, "any", first=8)
    assert found.label.tolist() == [1.0, 0.0] * 4
    assert torch.equal(found.mask.bool(), batch.mask)
    assert found.names[0] == "device forgery 8"
    assert len(found.names) == 8


def test_needs_that_cannot_be_met_are_refused(batch: ForgedBatch) -> None:
    with pytest.raises(WrongUsage, match="adq1 cannot be read on the device; choose from bayar, dct"):
        training_batch(batch, ["dct", "adq1"], 16, "any")
    with pytest.raises(WrongUsage, match="96 x 128 are no whole patches of 14"):
        training_batch(batch, ["dct"], 14, "any")


@pytest.mark.parametrize("rule", ["any", "majority"])
def test_objects_are_what_differs_in_color(rule: str) -> None:
    pixels = torch.full((2, 3, 96, 128), 40, dtype=torch.uint8)
    pixels[0, :, :, 64:] = 200
    pixels[1, :, 32:] = 200
    membership = batch_membership(pixels, 16, rule)
    assert membership.shape[2:] == (6, 8)
    assert membership.shape[1] <= 65
    # every patch has an object, and none reaches over the edge between the two halves
    assert membership.any(dim=1).all()
    assert not (membership[0, :-1, :, :4].any((1, 2)) & membership[0, :-1, :, 4:].any((1, 2))).any()
    assert not (membership[1, :-1, :2].any((1, 2)) & membership[1, :-1, 2:].any((1, 2))).any()
