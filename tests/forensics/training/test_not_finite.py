"""A loss that is not a number ends the run and leaves its batch behind."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from forensics.data.batch import TrainingBatch
from forensics.training.module import FuserModule
from forensics.training.not_finite import LossNotFinite


def drawn(number: int, name: str) -> TrainingBatch:
    spec = spec_from_file_location("two_processes", Path(__file__).with_name("two_processes.py"))
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    picture: TrainingBatch = script.picture(number)
    return TrainingBatch(picture.input, picture.mask, picture.label, names=(name,))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_the_run_stops_before_the_weights_are_spoilt(tmp_path: Path, bad: float) -> None:
    torch.manual_seed(0)
    module = FuserModule("omgfuser_feature_tiny", ["dct"], {"stream_drop": 0.0}, learning_rate=0.1)
    batches = [drawn(0, "good.jpg"), drawn(1, "bad.jpg")]
    batches[1].input.rgb[0, 0, 3, 5] = bad
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    module.on_fit_start = lambda: None  # type: ignore[method-assign]
    loader: Any = DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
    with pytest.raises(LossNotFinite, match=r"step 1 \(epoch 0, batch 1\).*not_finite.pt") as stopped:
        trainer.fit(module, loader)
    assert stopped.value.exit_code == 1
    assert "\n" not in str(stopped.value)
    assert all(torch.isfinite(parameter).all() for parameter in module.parameters())
    saved: dict[str, Any] = torch.load(tmp_path / "not_finite.pt", weights_only=True)
    assert (saved["step"], saved["epoch"], saved["batch"], saved["names"]) == (1, 0, 1, ["bad.jpg"])
    assert torch.equal(saved["rgb"].isfinite(), batches[1].input.rgb.isfinite())
    assert torch.equal(saved["signals"]["dct"]["values"], batches[1].input.signals["dct"].values)
    for key, expected in (("mask", batches[1].mask), ("label", batches[1].label)):
        found: Tensor = saved[key]
        assert torch.equal(found, expected)
