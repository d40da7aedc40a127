"""What a run leaves behind when it is stopped, and what it says when it cannot go on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from forensics.training.checkpoint_files import WholeCheckpoints
from forensics.training.config_files import find_config, list_configs, with_found_configs
from forensics.training.module import FuserModule
from signals.errors import OutputNotWritable, UnreadableImage, WrongUsage


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def save(content: Any, file: Any) -> None:
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", save)


def test_a_full_disk_leaves_the_checkpoint_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoints" / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"epoch": 1}, path)
    fill_disk(monkeypatch)
    with pytest.raises(OutputNotWritable, match=r"No space left on device.*the one before is whole"):
        WholeCheckpoints().save_checkpoint({"epoch": 2}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_fills_up_in_a_run_leaves_it_resumable(
    tiny_fit: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_in_second_epoch(module: FuserModule, batch: object, index: int) -> None:
        if module.trainer.current_epoch == 1:
            fill_disk(full)

    with monkeypatch.context() as full:
        full.setattr(FuserModule, "on_train_batch_start", fill_in_second_epoch)
        with pytest.raises(OutputNotWritable, match="No space left"):
            tiny_fit("--trainer.max_epochs=2")
    last = tmp_path / "runs/lightning_logs/version_0/checkpoints/last.ckpt"
    assert torch.load(last, weights_only=True)["global_step"] == 3
    tiny_fit("--trainer.max_epochs=2", "--ckpt_path=last")
    last = tmp_path / "runs/lightning_logs/version_1/checkpoints/last.ckpt"
    assert torch.load(last, weights_only=True)["global_step"] == 6


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_process_with_a_whole_checkpoint(
    number: int, code: int, photo_folder: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    command = [sys.executable, "-m", "forensics", "train", "fit", f"--data.photos={photo_folder}"]
    options = "--model.preset=omgfuser_feature_tiny --data.sizes=[[64,64]] --data.batch_size=2 --data.batches=1000"
    options += f" --trainer.accelerator=cpu --trainer.log_every_n_steps=1 --trainer.logger.init_args.save_dir={runs}"
    every = ["--checkpoint.every_minutes=0"]
    process = subprocess.Popen(
        [*command, *options.split(), *every], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    last = runs / "lightning_logs/version_0/checkpoints/last.ckpt"
    deadline = time.monotonic() + 300
    while not last.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, number)  # its loading processes, too, as a terminal and `timeout` do
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert 0 < torch.load(last, weights_only=True)["global_step"] < 1000
    assert [path.name for path in last.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model.preset=omgfuser_featur_tiny",), "unknown model 'omgfuser_featur_tiny'; did you mean .*feature_tiny"),
        (("--model.signals=[dct, splicebustr]",), "did you mean splicebuster"),
        (("--config=model/omgfuser_feature_smal",), "did you mean model/omgfuser_feature_small"),
        (("--data.recipe=splic",), "splice"),
        (("--checkpoint.monitor=val/auk",), "unknown metric 'val/auk'; did you mean val/auc"),
        (("--early_stopping.monitor=val/auk", "--early_stopping.patience=1"), "did you mean val/auc"),
    ],
)
def test_unknown_names_are_told_with_the_near_ones(
    arguments: tuple[str, ...], message: str, tiny_fit: Callable[..., None]
) -> None:
    with pytest.raises(WrongUsage, match=message) as told:
        tiny_fit(*arguments)
    assert told.value.exit_code == 2
    assert "\n" not in str(told.value)


def test_unknown_options_end_with_2(tiny_fit: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        tiny_fit("--trainer.max_epochz=3")
    assert leaving.value.code == 2
    assert "max_epochz" in capsys.readouterr().err


def test_a_log_folder_that_cannot_be_written_is_told_at_once(tiny_fit: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputNotWritable, match="choose another log folder"):
        tiny_fit(f"--trainer.logger.init_args.save_dir={tmp_path / 'file' / 'runs'}")


def test_tensorboard_that_is_missing_is_told(tiny_fit: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning.pytorch.loggers.tensorboard._TENSORBOARD_AVAILABLE", False, raising=False)
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARD_AVAILABLE", False)
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARDX_AVAILABLE", False)
    with pytest.raises(WrongUsage, match=r"pip install 'tracefuse\[tensorboard\]'"):
        tiny_fit("--config=logger/tensorboard")


def test_errors_of_a_loading_process_are_one_line(
    tiny_fit: Callable[..., None], tmp_path: Path, photo_folder: Path
) -> None:
    (tmp_path / "m.csv").write_text(f"image,mask,label\n{next(photo_folder.iterdir())},,0\n")
    (tmp_path / "v.csv").write_text("image,mask,label\nnone.jpg,,0\n")
    with pytest.raises(UnreadableImage) as told:
        tiny_fit(
            "--data=ManifestDataModule",
            f"--data.manifest={tmp_path / 'm.csv'}",
            f"--data.validation_manifest={tmp_path / 'v.csv'}",
            "--data.sizes=[[64,64]]",
            "--data.batch_size=1",
            "--data.stratify=false",
            "--data.workers=1",
        )
    assert str(told.value).startswith(str(tmp_path / "none.jpg"))
    assert "\n" not in str(told.value)


def test_configs_are_found_by_name() -> None:
    assert "default" in list_configs()
    assert find_config("default") == find_config("default.yaml")
    arguments = ["fit", "--config", "default", "--config=logger/csv", "--data.recipe", "default"]
    found = with_found_configs(arguments)
    assert found == [
        "fit",
        "--config",
        str(find_config("default")),
        f"--config={find_config('logger/csv')}",
        *found[4:],
    ]
    assert found[4:] == ["--data.recipe", "default"]
