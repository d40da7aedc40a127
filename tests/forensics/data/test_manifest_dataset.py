from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.data.manifest import ManifestRow, read_manifest
from forensics.data.manifest_dataset import EpochOrder, ManifestDataset, place_crop
from forensics.data.sample import SampleReader
from forensics.data.training_data import NetworkNeeds
from forensics.objects import RegionMerging
from signals import Evidence, get_signal
from signals.errors import UnreadableImage, WrongUsage

NEEDS = NetworkNeeds(("dct",), patch=16, rule="any")


def dataset(manifest: Path, size: tuple[int, int] = (64, 96), strict: bool = False) -> ManifestDataset:
    rows = read_manifest(manifest)
    pictures = rows if strict else EpochOrder(rows, seed=3, stratify=False)
    return ManifestDataset(pictures, SampleReader((get_signal("dct"),), RegionMerging()), NEEDS, [size], 2, 3, strict)


def row(number: int, label: int) -> ManifestRow:
    return ManifestRow(Path(f"{number}.jpg"), None, label)


def test_every_picture_comes_once_an_epoch_in_another_order() -> None:
    order = EpochOrder([row(number, number % 2) for number in range(20)], seed=1, stratify=False)
    epochs = [[order[place].image for place in range(20 * epoch, 20 * epoch + 20)] for epoch in range(2)]
    assert set(epochs[0]) == set(epochs[1]) == {Path(f"{number}.jpg") for number in range(20)}
    assert epochs[0] != epochs[1]


def test_classes_take_turns_and_the_rarer_one_comes_more_often() -> None:
    order = EpochOrder([row(number, int(number < 3)) for number in range(10)], seed=1, stratify=True)
    epoch = [order[place] for place in range(len(order))]
    assert [picture.label for picture in epoch] == [1, 0] * 7
    counts = Counter(picture.image for picture in epoch)
    assert all(counts[Path(f"{number}.jpg")] == 1 for number in range(3, 10))
    assert sorted(counts[Path(f"{number}.jpg")] for number in range(3)) == [2, 2, 3]


def test_signals_are_read_from_the_whole_file_and_then_cut(make_manifest: Callable[..., Path]) -> None:
    manifest = make_manifest("some")
    pictures = read_manifest(manifest)
    batch = dataset(manifest, strict=True)[0]
    evidence = Evidence.open(pictures[0].image)
    whole = get_signal("dct").extract(evidence)
    place = batch.names[0].split("at (")[1].rstrip(")").split(", ")
    left, top = int(place[0]), int(place[1])
    assert left % 16 == top % 16 == 0
    rows, columns = min(64, 120 - top), min(96, 136 - left)
    expected = torch.from_numpy(evidence.pixels[top : top + rows, left : left + columns]).permute(2, 0, 1) / 255
    assert torch.equal(batch.input.rgb[0, :, :rows, :columns], expected)
    cells = whole.values[:, top // 8 : (top + rows) // 8, left // 8 : (left + columns) // 8]
    found = batch.input.signals["dct"].values[0, :, : cells.shape[1], : cells.shape[2]].numpy()
    assert np.array_equal(found, cells)


def test_a_crop_of_a_forged_picture_shows_what_was_changed(make_manifest: Callable[..., Path]) -> None:
    pictures = dataset(make_manifest("some"), size=(32, 32), strict=True)
    for index in (0, 1):
        batch = pictures[index]
        assert batch.label.item() == 1.0
        assert batch.mask.any()
    assert pictures[2].label.item() == 0.0


@pytest.mark.parametrize("truth_at", [(0, 0), (99, 130), (50, 60)])
def test_crops_lie_on_the_grid_and_hold_the_pixel_they_are_made_around(truth_at: tuple[int, int]) -> None:
    truth = np.zeros((100, 131), bool)
    truth[truth_at] = True
    for seed in range(50):
        window = place_crop(np.random.default_rng(seed), truth, (48, 64), grid=16)
        assert window.top % 16 == window.left % 16 == 0
        assert 0 <= window.top < 100
        assert 0 <= window.left < 131
        cut = truth[window.top : window.top + window.height, window.left : window.left + window.width]
        assert cut.any()


def test_crops_of_authentic_pictures_reach_every_edge() -> None:
    windows = [place_crop(np.random.default_rng(s), np.zeros((96, 128), bool), (48, 64), 16) for s in range(300)]
    assert {window.top for window in windows} == {0, 16, 32, 48}
    assert {window.left for window in windows} == {0, 16, 32, 48, 64}


def test_small_pictures_are_filled_up_with_what_is_not_valid(make_manifest: Callable[..., Path]) -> None:
    batch = dataset(make_manifest("small", size=(120, 136)), size=(160, 160), strict=True)[0]
    assert batch.valid is not None
    assert batch.valid[0, 0, :120, :136].all()
    assert batch.valid.sum() == 120 * 136
    assert not batch.mask[~batch.valid].any()
    assert not batch.input.signals["dct"].valid[0, 15:].any()


def test_a_picture_that_cannot_be_read_is_passed_over_and_named(make_manifest: Callable[..., Path]) -> None:
    manifest = make_manifest("some")
    broken = read_manifest(manifest)[2].image
    broken.write_bytes(broken.read_bytes()[:90])
    pictures = dataset(manifest)
    batches = [pictures[index] for index in range(4)]
    lines = [line for batch in batches for line in batch.skipped]
    assert len(lines) == 1
    assert str(broken) in lines[0]
    assert all(str(broken) not in name for batch in batches for name in batch.names)


def test_in_evaluation_it_is_an_error(make_manifest: Callable[..., Path]) -> None:
    manifest = make_manifest("some")
    broken = read_manifest(manifest)[2].image
    broken.write_bytes(b"")
    with pytest.raises(UnreadableImage, match=broken.name):
        dataset(manifest, strict=True)[2]


def test_crops_off_the_grid_are_refused(make_manifest: Callable[..., Path]) -> None:
    with pytest.raises(WrongUsage, match="grid of 16"):
        dataset(make_manifest("some"), size=(64, 72))
