"""A run that was stopped and resumed is the run that was not, to the bit."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from forensics.training.module import FuserModule
from signals.errors import CheckpointMismatch, CheckpointMissing

OPTIONS = ("--trainer.max_epochs=4", "--average.decay=0.9", "--early_stopping.patience=50")


def stop_at(epoch: int, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sends SIGTERM when that batch begins."""

    def raise_signal(module: FuserModule, _: Any, index: int) -> None:
        if (module.trainer.current_epoch, index) == (epoch, batch):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(FuserModule, "on_train_batch_start", raise_signal)


def read(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return content


def logged(folder: Path) -> dict[tuple[str, str], str]:
    """What was logged, by step and metric."""
    with (folder / "metrics.csv").open() as file:
        return {(row["step"], name): row[name] for row in csv.DictReader(file) for name in row if row[name]}


def assert_equal(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name in expected:
            assert_equal(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for number, item in enumerate(expected):
            assert_equal(found[number], item, f"{where}[{number}]")
    elif isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected), where
    else:
        assert found == expected, where


@pytest.mark.parametrize(
    ("epoch", "batch", "options"),
    [
        pytest.param(1, 2, (), id="after two of four epochs"),
        pytest.param(
            2, 1, ("--data.workers=1",), id="in the middle of an epoch, with a worker", marks=pytest.mark.slow
        ),
        pytest.param(
            2,
            0,
            ("--trainer.accumulate_grad_batches=2",),
            id="in the middle of an accumulation",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_resumed_run_is_the_run_that_was_not_stopped(
    epoch: int,
    batch: int,
    options: tuple[str, ...],
    tiny_fit: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny_fit(*OPTIONS, *options)
    with monkeypatch.context() as stopping:
        stop_at(epoch, batch, stopping)
        with pytest.raises(SystemExit) as leaving:
            tiny_fit(*OPTIONS, *options)
    assert leaving.value.code == 143
    torch.manual_seed(99)  # whatever happens in between
    tiny_fit(*OPTIONS, *options, "--ckpt_path=last")

    whole, stopped, resumed = (tmp_path / "runs" / "lightning_logs" / f"version_{number}" for number in range(3))
    assert read(stopped)["global_step"] < read(whole)["global_step"] == read(resumed)["global_step"]
    for part in ("state_dict", "current_model_state", "averaging_state", "optimizer_states", "lr_schedulers"):
        assert_equal(read(resumed)[part], read(whole)[part], part)
    callbacks = read(whole)["callbacks"]
    assert_equal(read(resumed)["callbacks"]["RandomState"], callbacks["RandomState"], "random state")
    early = next(name for name in callbacks if name.startswith("EarlyStop"))
    assert_equal(read(resumed)["callbacks"][early], callbacks[early], "early stopping")
    assert read(resumed)["loops"]["fit_loop"]["state_dict"] == read(whole)["loops"]["fit_loop"]["state_dict"]

    joined = {**logged(stopped), **logged(resumed)}
    assert joined.items() <= logged(whole).items()
    # The step after which a run stops is not logged any more.
    last = str(read(stopped)["global_step"] - 1)
    assert {step for step, name in logged(whole).keys() - joined.keys()} <= {last}
    assert any(name == "val/auc" for step, name in logged(resumed))


def test_the_average_is_not_the_current_weights(tiny_fit: Callable[..., None], tmp_path: Path) -> None:
    tiny_fit("--average.decay=0.9")
    saved = read(tmp_path / "runs" / "lightning_logs" / "version_0")
    name = "model.localization.predict.weight"
    name = name if name in saved["state_dict"] else next(key for key in saved["state_dict"] if key.endswith("weight"))
    assert not torch.equal(saved["state_dict"][name], saved["current_model_state"][name])


def test_resuming_on_other_data_is_told(tiny_fit: Callable[..., None], tmp_path: Path) -> None:
    tiny_fit()
    with pytest.warns(UserWarning, match="resumed on other data: seed was 1 and is 2"):
        tiny_fit("--trainer.max_epochs=2", "--data.seed=2", "--ckpt_path=last")


def test_a_file_that_is_no_checkpoint_is_refused(tiny_fit: Callable[..., None], tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing, match="no such file"):
        tiny_fit(f"--ckpt_path={tmp_path / 'none.ckpt'}")
    (tmp_path / "cut.ckpt").write_bytes(b"PK\x03\x04 half of it")
    with pytest.raises(CheckpointMismatch, match="not a checkpoint"):
        tiny_fit(f"--ckpt_path={tmp_path / 'cut.ckpt'}")


def test_a_checkpoint_of_another_network_is_refused_with_both(tiny_fit: Callable[..., None], tmp_path: Path) -> None:
    tiny_fit("--trainer.max_epochs=1")
    with pytest.raises(CheckpointMismatch, match=r"has signals dct 1, splicebuster_counts 1, this run has dct 1;"):
        tiny_fit("--trainer.max_epochs=2", "--model.signals=[dct]", "--ckpt_path=last")
