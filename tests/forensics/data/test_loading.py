from __future__ import annotations

import torch
from torch.utils.data import Dataset

from forensics.data.batch import TrainingBatch
from forensics.data.loading import EndlessBatches, PicturesOfBatches, evaluation_loader, training_loader
from forensics.models.inputs import ModelInput


class Numbered(Dataset[TrainingBatch]):
    """Pictures that are their number."""

    def __getitem__(self, index: int) -> TrainingBatch:
        inputs = ModelInput(torch.full((1, 3, 8, 8), float(index)), {}, torch.ones(1, 1, 1, 1, dtype=torch.bool))
        return TrainingBatch(inputs, torch.zeros(1, 1, 8, 8), torch.zeros(1))


def numbers(batch: TrainingBatch) -> list[int]:
    return [int(value) for value in batch.input.rgb[:, 0, 0, 0]]


def test_no_epoch_repeats_another() -> None:
    loader = training_loader(Numbered(), EndlessBatches(steps=2), batch_size=2, workers=0)
    epochs = [[numbers(batch) for batch in loader] for _ in range(3)]
    assert epochs == [[[0, 1], [2, 3]], [[4, 5], [6, 7]], [[8, 9], [10, 11]]]


def test_a_loader_goes_on_behind_the_batches_that_were_used() -> None:
    stopped = training_loader(Numbered(), EndlessBatches(steps=4), batch_size=2, workers=1)
    batches = iter(stopped)
    seen = [numbers(next(batches)) for _ in range(3)]  # its worker has prepared more
    del batches
    resumed = training_loader(Numbered(), EndlessBatches(steps=4, given=stopped.batches.given), batch_size=2, workers=0)
    assert [*seen, numbers(next(iter(resumed)))] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_the_processes_together_read_what_one_reads() -> None:
    one = [place for batch in PicturesOfBatches(EndlessBatches(steps=3), 4) for place in batch]
    two = [list(PicturesOfBatches(EndlessBatches(steps=3, rank=rank, world_size=2), 2)) for rank in range(2)]
    joined = [place for step in zip(*two, strict=True) for batch in step for place in batch]
    assert joined == one


def test_workers_draw_nothing_from_the_random_numbers_of_the_training() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for _ in training_loader(Numbered(), EndlessBatches(steps=2), batch_size=1, workers=1):
        pass
    for _ in evaluation_loader(Numbered(), 2, 1, 0):
        pass
    assert torch.equal(torch.get_rng_state(), before)


def test_evaluation_gives_each_process_as_many_batches_and_leaves_no_picture_out() -> None:
    shares = [
        [numbers(batch) for batch in evaluation_loader(Numbered(), 5, 2, 0, rank, world_size=2)] for rank in range(2)
    ]
    assert shares == [[[0, 1], [4]], [[2, 3], [0, 1]]]
