"""Several processes train the network that one process would."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.plugins import TorchSyncBatchNorm
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy, SingleDeviceStrategy
from torch import nn

from forensics.models.attention import TransformerBlock
from forensics.training.distributed import SyncAfterFusion, allow_absent_streams, batch_mean
from forensics.training.module import FuserModule

SCRIPT = Path(__file__).with_name("two_processes.py")


def run_here(out: Path, **how: Any) -> dict[str, Any]:
    """The script in this process."""
    spec = spec_from_file_location("two_processes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    script.run(1, out, **how)
    found: dict[str, Any] = torch.load(out, weights_only=True)
    return found


@pytest.mark.slow
def test_two_processes_have_the_gradients_of_one(tmp_path: Path) -> None:
    """Pictures differ in what counts in them; a signal is absent in one process, then in both."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), "2", str(tmp_path / "two.pt")]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    two, one = torch.load(tmp_path / "two.pt", weights_only=True), run_here(tmp_path / "one.pt")
    for step in range(2):
        assert one["gradients"][step].keys() == two["gradients"][step].keys()
        for name, expected in one["gradients"][step].items():
            found = two["gradients"][step][name]
            if expected is None:
                assert found is None, name
            else:
                torch.testing.assert_close(found, expected, rtol=0, atol=1e-6, msg=name)
        for name, expected in one["losses"][step].items():
            torch.testing.assert_close(two["losses"][step][name], expected, rtol=0, atol=1e-6, msg=name)
    unused = {name for name, gradient in one["gradients"][1].items() if gradient is None}
    assert any(name.startswith("model.signal_streams.splicebuster") for name in unused)
    assert one["state"]["signal_streams.splicebuster.tokenizer.reader.std"].item() != 1.0
    for name, expected in one["state"].items():
        torch.testing.assert_close(two["state"][name], expected, rtol=0, atol=1e-6, msg=name)


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.skipif(not torch.cuda.is_available(), reason="Lightning's FSDP needs a GPU")
def test_a_sharded_network_has_the_losses_of_a_whole_one(tmp_path: Path) -> None:
    strategy = FSDPStrategy(auto_wrap_policy={TransformerBlock})
    sharded = run_here(tmp_path / "sharded.pt", accelerator="cuda", strategy=strategy)
    whole = run_here(tmp_path / "whole.pt")
    for step in range(2):
        found, expected = sharded["losses"][step]["train/loss"].cpu(), whole["losses"][step]["train/loss"]
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_unused_parameters_are_allowed_where_the_user_said_nothing() -> None:
    silent, decided, single = DDPStrategy(), DDPStrategy(find_unused_parameters=False), SingleDeviceStrategy()
    for strategy in (silent, decided, single):
        allow_absent_streams(strategy)
    assert silent._ddp_kwargs == {"find_unused_parameters": True}
    assert decided._ddp_kwargs == {"find_unused_parameters": False}


def test_only_norms_that_every_process_runs_are_synchronized() -> None:
    module = FuserModule("omgfuser_feature_tiny", ["dct"])
    before = copy.deepcopy(module.model.state_dict())
    strategy = DDPStrategy()
    strategy._layer_sync = TorchSyncBatchNorm()
    allow_absent_streams(strategy)
    assert isinstance(strategy._layer_sync, SyncAfterFusion)
    strategy._layer_sync.apply(module)
    norms = {name for name, part in module.model.named_modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)}
    synchronized = {name for name, part in module.model.named_modules() if isinstance(part, nn.SyncBatchNorm)}
    assert synchronized == {name for name in norms if name.startswith("localization.")}
    assert any(name.startswith("signal_streams.") for name in norms)
    strategy._layer_sync.revert(module)
    assert not any(isinstance(part, nn.SyncBatchNorm) for part in module.modules())
    assert all(torch.equal(value, before[name]) for name, value in module.model.state_dict().items())


def test_alone_a_mean_is_a_mean() -> None:
    values = torch.tensor([1.0, 2.0, 6.0])
    assert batch_mean(values) == 3.0
    assert batch_mean(values, torch.tensor([True, False, True])) == 3.5
    assert batch_mean(values, torch.tensor([3.0, 1.0, 0.0])) == 1.25
    assert batch_mean(values, torch.zeros(3)) == 0.0
