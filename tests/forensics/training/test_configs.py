"""Every configuration that ships makes a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from forensics.models import create_model, list_models
from forensics.resources import configs_dir
from forensics.training.cli import main
from forensics.training.config_files import find_config, list_configs
from signals import get_signal

FAST = {"default", "data/manifest"}


def content(name: str) -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = yaml.safe_load(find_config(name).read_text())
    return loaded


def reads_manifest(name: str) -> bool:
    return content(name).get("data", {}).get("class_path") == "ManifestDataModule"


def shrink(name: str, preset: str) -> list[str]:
    """What makes a run of any configuration one of seconds: the smallest of its family, few small pictures, a CPU."""
    device = content(name).get("data", {}).get("class_path") == "DeviceForgedDataModule"
    sizes = ["--data.crop=128"] if device else ["--data.sizes=[[128,128]]", "--data.workers=0"]
    few = [] if reads_manifest(name) else ["--data.batches=1", "--data.validation_batches=1"]
    smallest = preset.removesuffix("_small").removesuffix("_tiny") + "_tiny"
    return [
        f"--model.preset={smallest}",
        "--model.arguments={}",
        *sizes,
        *few,
        "--data.batch_size=2",
        "--trainer.accelerator=cpu",
        "--trainer.devices=1",
        "--trainer.strategy=auto",
        "--trainer.enable_model_summary=false",
        "--trainer.fast_dev_run=true",
    ]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in list_configs()]
)
def test_a_run_can_be_made_of_it(
    name: str,
    photo_folder: Path,
    tmp_path: Path,
    make_manifest: Callable[..., Path],
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = []
    monkeypatch.setattr("forensics.training.module.FuserModule.on_fit_end", lambda *_: steps.append(1))
    if name == "logger/tensorboard":
        pytest.importorskip("tensorboard")
    # The CPU's compiler takes longer than the run.
    monkeypatch.setattr(torch, "compile", lambda network: network)
    data = [f"--data.photos={photo_folder}"]
    if reads_manifest(name):
        data = [f"--data.manifest={make_manifest('train')}", f"--data.validation_manifest={make_manifest('check')}"]
    if content(name).get("model", {}).get("phase") == "confidence":
        data.append(f"--model.base={tiny_checkpoint}")
    preset = str(content(name).get("model", {}).get("preset", "omgfuser_feature_tiny"))
    if name == "experiment/copies":
        # Its rates are for parts of the network that it goes on with.
        data.append("--model.rates=null")
    main(["fit", f"--config={name}", *data, *shrink(name, preset), f"--export.folder={tmp_path / 'checkpoint'}"])
    assert steps == [1]


@pytest.mark.parametrize("name", [name for name in list_configs() if "preset" in content(name).get("model", {})])
def test_its_network_can_be_built_in_full_size(name: str) -> None:
    model = content(name)["model"]
    signals = model["signals"]
    assert isinstance(signals, list)
    arguments = model.get("arguments", {})
    assert isinstance(arguments, dict)
    # Weights to begin with are a download of their own.
    arguments.pop("rgb_weights", None)
    # Networks with encoders look at what these give when they are built, which needs numbers.
    with torch.device("meta" if str(model["preset"]).startswith("omgfuser") else "cpu"):
        network = create_model(str(model["preset"]), [get_signal(signal).spec for signal in signals], **arguments)
    assert list(network.signal_names) == signals


def test_every_model_has_a_configuration() -> None:
    assert {path.stem for path in (configs_dir() / "model").iterdir()} == set(list_models())


def test_configurations_are_laid_one_over_the_other(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forensics.training.export.ExportCheckpoint.on_fit_end", lambda *_: None)
    names = ["model/owaf_tiny", "data/forged", "signals/jpeg", "signals/five_scores", "trainer/low_memory"]
    small = shrink("data/forged", "owaf_tiny")
    small = [item for item in small if item not in ("--trainer.fast_dev_run=true", "--model.preset=owaf_tiny")]
    logs = f"--trainer.logger.init_args.save_dir={tmp_path}"
    main(["fit", *[f"--config={name}" for name in names], f"--data.photos={photo_folder}", *small, logs])
    run = tmp_path / "lightning_logs" / "version_0"
    resolved = yaml.safe_load((run / "config.yaml").read_text())
    assert resolved["model"]["preset"] == "owaf_tiny"
    assert resolved["model"]["signals"] == content("signals/five_scores")["model"]["signals"]
    assert resolved["trainer"]["accumulate_grad_batches"] == 4
    assert resolved["seed_everything"] == 1
    assert (run / "checkpoints" / "last.ckpt").is_file()
