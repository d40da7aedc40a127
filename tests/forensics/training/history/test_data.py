from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.data.forge.chains.jpeg import JpegSave
from forensics.training.history.data import HistoryData, LastChain, finish, make_batch
from forensics.training.history.factorial import CONTENTS, HISTORIES


@pytest.fixture(scope="module")
def data(photo_folder: Path) -> HistoryData:
    made = HistoryData(photo_folder, validation_split="test", blocks=2, validation_blocks=1, batches=3)
    made.setup("fit")
    return made


def test_batches_of_an_epoch(data: HistoryData) -> None:
    batches = list(data.train_dataloader())
    assert len(batches) == 3
    for batch in batches:
        assert batch.pixels.dtype == torch.uint8
        assert len(batch.pixels) == HISTORIES * CONTENTS
        assert batch.pixels.shape[2] == batch.pixels.shape[3]
        assert batch.pixels.shape[2] % 16 == 0
        assert len(batch.phase) == len(batch.quality) == len(batch.scale) == HISTORIES


def test_training_sees_others_every_epoch_and_validation_the_same(data: HistoryData) -> None:
    first, second = (list(data.train_dataloader()) for _ in range(2))
    shown = [[batch.pixels.sum().item() for batch in epoch] for epoch in (first, second)]
    again = [[batch.pixels.sum().item() for batch in data.val_dataloader()] for _ in range(2)]
    assert again[0] == again[1]
    assert len(again[0]) == 1
    assert len(shown[0]) == len(shown[1]) == 3


def test_a_seed_decides_a_batch(data: HistoryData) -> None:
    block = data.blocks["train"][0]
    one, same, other = (make_batch(block, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert torch.equal(one.pixels, same.pixels)
    assert one.pixels.shape != other.pixels.shape or not torch.equal(one.pixels, other.pixels)


def test_the_last_chain_is_one_save_of_all_patches() -> None:
    patches = np.random.default_rng(0).integers(0, 256, (2, 3, 48, 48, 3), dtype=np.uint8)
    save = JpegSave(80, subsampling="4:4:4")
    finished = finish(patches, LastChain(None, save))
    # Blocks of a grid that none of them crosses: each patch as if it were saved alone.
    assert np.array_equal(finished[1, 2], save.apply(np.ascontiguousarray(patches[1, 2])))
    assert np.array_equal(finish(patches, LastChain(None, None)), patches)
    assert finish(np.zeros((1, 2, 96, 96, 3), np.uint8), LastChain(0.7, None)).shape == (1, 2, 64, 64, 3)
