from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from forensics.data.manifest import read_manifest
from forensics.data.manifest_datamodule import ManifestDataModule
from forensics.data.training_data import NetworkNeeds
from signals.errors import WrongUsage

NEEDS = NetworkNeeds(("dct",), patch=16, rule="any")


def module(train: Path, validation: Path, **options: object) -> ManifestDataModule:
    made = ManifestDataModule(train, validation, sizes=[(64, 64)], batch_size=2, workers=0, **options)  # type: ignore[arg-type]
    # What Lightning's trainer tells a data module.
    made.trainer = SimpleNamespace(  # type: ignore[assignment]
        lightning_module=SimpleNamespace(needs=NEEDS), world_size=1, train_dataloader=None
    )
    made.setup("fit")
    return made


def test_an_epoch_shows_every_picture_and_validation_keeps_the_order(make_manifest: Callable[..., Path]) -> None:
    data = module(make_manifest("train", 4, 2), make_manifest("check", 1, 2))
    assert len(data.train_dataloader()) == 4  # the rarer class comes twice
    labels = torch.cat([batch.label for batch in data.val_dataloader()])
    assert labels.tolist() == [1.0, 0.0, 0.0]


def test_the_cache_gives_the_same_batches(make_manifest: Callable[..., Path], tmp_path: Path) -> None:
    train, check = make_manifest("train"), make_manifest("check")
    plain = next(iter(module(train, check).val_dataloader()))
    for _ in range(2):
        cached = next(iter(module(train, check, cache=tmp_path / "maps").val_dataloader()))
        assert torch.equal(cached.input.signals["dct"].values, plain.input.signals["dct"].values)
    assert list((tmp_path / "maps").iterdir())


def test_the_data_are_known_by_their_bytes(make_manifest: Callable[..., Path]) -> None:
    train, check = make_manifest("train"), make_manifest("check")
    before, again = module(train, check).facts(), module(train, check).facts()
    assert before == again
    assert (before["pictures"], before["forged"]) == (4, 2)
    image = read_manifest(train)[0].image
    image.write_bytes(image.read_bytes() + b" ")
    changed = module(train, check).facts()
    assert {name for name in before if before[name] != changed[name]} == {"sha256"}


def test_development_pictures_are_whole_and_of_both_classes(make_manifest: Callable[..., Path]) -> None:
    data = module(make_manifest("train"), make_manifest("check", 6, 6))
    pictures = list(data.development(6))
    assert len(pictures) == 6
    assert {picture.truth.any() for picture in pictures} == {True, False}
    assert all(picture.truth.shape == picture.evidence.pixels.shape[:2] for picture in pictures)


def test_one_class_and_shared_pictures_are_refused(make_manifest: Callable[..., Path]) -> None:
    both, forged = make_manifest("both"), make_manifest("forged", 2, 0)
    with pytest.raises(WrongUsage, match="one class only"):
        module(forged, both)
    with pytest.raises(WrongUsage, match="to train and those to validate"):
        module(both, both)


def test_skipped_files_are_named_once_and_kept(make_manifest: Callable[..., Path]) -> None:
    train, check = make_manifest("train"), make_manifest("check")
    broken = read_manifest(train)[3].image
    broken.write_bytes(b"no picture")
    data = module(train, check)
    lines = [batch.skipped for _ in range(2) for batch in data.train_dataloader()]
    with pytest.warns(UserWarning, match=f"skipped in training: .*{broken.name}") as warned:
        data.note_skipped(tuple(line for batch in lines for line in batch))
    assert len([warning for warning in warned if broken.name in str(warning.message)]) == 1
    facts = data.skipped_facts()
    assert facts["count"] == 1
    assert broken.name in facts["files"][0]
    resumed = module(train, check)
    resumed.load_state_dict(data.state_dict())
    assert resumed.skipped_facts() == facts
