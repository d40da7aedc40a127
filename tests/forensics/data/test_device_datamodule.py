from __future__ import annotations

from pathlib import Path

import pytest
import torch
from lightning import LightningModule, Trainer

from forensics.data.batch import TrainingBatch
from forensics.data.device_datamodule import DeviceForgedDataModule
from forensics.data.training_data import NetworkNeeds
from signals.errors import WrongUsage


class Reader(LightningModule):
    """A network that only notes what it is given."""

    def __init__(self, *signals: str) -> None:
        super().__init__()
        self.needs = NetworkNeeds(signals, 16, "any")
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.names: list[str] = []
        self.seen: list[TrainingBatch] = []
        self.validated: list[torch.Tensor] = []

    def training_step(self, batch: TrainingBatch, _: int) -> torch.Tensor:
        self.names += batch.names
        self.seen.append(batch)
        return self.weight * batch.input.rgb.mean()

    def validation_step(self, batch: TrainingBatch, _: int) -> None:
        self.validated.append(batch.input.rgb)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(photos: Path, out: Path, network: Reader, epochs: int) -> Trainer:
    trainer = Trainer(
        accelerator="cpu", max_epochs=epochs, default_root_dir=out, logger=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, enable_checkpointing=False,
    )  # fmt: skip
    data = DeviceForgedDataModule(photos, crop=64, batch_size=4, batches=2, validation_batches=1)
    trainer.fit(network, data)
    return trainer


def test_no_epoch_repeats_another_and_validation_stays(photo_folder: Path, tmp_path: Path) -> None:
    network = Reader("dct", "splicebuster_counts")
    trainer = fit(photo_folder, tmp_path, network, epochs=2)
    assert network.names == [f"device forgery {number}" for number in range(16)]
    assert all(torch.equal(network.validated[0], again) for again in network.validated[1:])
    batch = network.seen[0]
    assert batch.input.rgb.shape == (4, 3, 64, 64)
    assert batch.label.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert set(batch.input.signals) == {"dct", "splicebuster_counts"}
    facts = trainer.datamodule.facts()
    assert (facts["photos"], facts["validation_photos"], facts["forged_on"]) == (4, 1, "cpu")


def test_a_loader_that_is_resumed_goes_on_where_it_was(photo_folder: Path, tmp_path: Path) -> None:
    whole = Reader("dct")
    trainer = fit(photo_folder, tmp_path, whole, epochs=2)
    loader = trainer.datamodule.train_dataloader()
    loader.load_state_dict({"given": 2})
    rest = list(loader)
    assert [name for batch in rest for name in batch.names] == whole.names[8:]
    for batch, seen in zip(rest, whole.seen[2:], strict=True):
        assert torch.equal(batch.input.rgb, seen.input.rgb)
        assert torch.equal(batch.input.signals["dct"].values, seen.input.signals["dct"].values)


def test_a_signal_that_no_device_reads_is_refused_at_once(photo_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="ForgedDataModule"):
        fit(photo_folder, tmp_path, Reader("noise_pca"), epochs=1)


def test_half_a_pair_is_refused(photo_folder: Path) -> None:
    with pytest.raises(WrongUsage, match="even"):
        DeviceForgedDataModule(photo_folder, batch_size=3)
