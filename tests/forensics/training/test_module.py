"""The module that trains: ways to compute the same, what it logs, what configurations can choose."""

from __future__ import annotations

import copy
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from lightning import Trainer
from lightning.pytorch.cli import LightningArgumentParser
from torch._dynamo.exc import InternalTorchDynamoError
from torch.optim import SGD, AdamW

from forensics.models.attention import TransformerBlock
from forensics.training.activations import recompute_activations
from forensics.training.compilation import CompiledNetwork
from forensics.training.losses import CrossEntropyDiceLoss
from forensics.training.module import FuserModule
from forensics.training.optimizer import Schedule
from signals.errors import WrongUsage


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = spec_from_file_location("two_processes", Path(__file__).with_name("two_processes.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tiny(**arguments: Any) -> FuserModule:
    torch.manual_seed(0)
    module = FuserModule("omgfuser_feature_tiny", ["dct", "splicebuster"], {"stream_drop": 0.0}, **arguments)
    module.prepare()
    return module


def trainer(tmp_path: Path, **arguments: Any) -> Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return Trainer(
        accelerator="cpu", max_epochs=1, enable_model_summary=False, default_root_dir=tmp_path, **quiet, **arguments
    )


def test_activations_computed_again_give_the_same_gradients(script: ModuleType) -> None:
    inputs = script.picture(2).input
    kept, again = tiny().model, tiny().model
    recompute_activations(again)
    for network in (kept, again):
        network(inputs).map_logits.square().mean().backward()
    for (name, expected), found in zip(kept.named_parameters(), again.parameters(), strict=True):
        assert (expected.grad is None) == (found.grad is None), name
        assert expected.grad is None or torch.equal(expected.grad, found.grad), name


def test_activations_of_blocks_are_really_computed_again(script: ModuleType) -> None:
    network = tiny(checkpoint_activations=True).model
    blocks = [part for part in network.modules() if isinstance(part, TransformerBlock)]
    calls = []
    for block in blocks:
        block.attention.register_forward_hook(lambda *_: calls.append(1))
    output = network(script.picture(2).input)
    forward = len(calls)
    (output.map_logits.mean() + output.score_logits.mean()).backward()
    assert forward >= 5
    assert len(calls) == 2 * forward


def test_a_recomputing_network_is_saved_and_copied_as_any_other() -> None:
    plain, again = tiny().model, tiny(checkpoint_activations=True).model
    assert list(again.state_dict()) == list(plain.state_dict())
    again.load_state_dict(plain.state_dict())
    twin = copy.deepcopy(again)
    assert all(torch.equal(a, b) for a, b in zip(twin.parameters(), plain.parameters(), strict=True))


def test_without_a_compiler_the_network_runs_as_it_is(script: ModuleType) -> None:
    def broken(network: Any) -> Any:
        def run(inputs: Any) -> Any:
            raise InternalTorchDynamoError("no C compiler found\nmore")

        return run

    network, inputs = tiny().model.eval(), script.picture(2).input
    compiled = CompiledNetwork(network, broken)
    with pytest.warns(UserWarning, match=r"cannot be compiled on this machine \(no C compiler found\)"):
        found = compiled(inputs)
    assert torch.equal(found.map_logits, network(inputs).map_logits)
    assert torch.equal(compiled(inputs).map_logits, found.map_logits)


@pytest.mark.slow
def test_a_compiled_network_says_the_same(script: ModuleType) -> None:
    network, inputs = tiny().model.eval(), script.picture(2).input
    with torch.no_grad():
        found, expected = CompiledNetwork(network, partial(torch.compile, backend="aot_eager"))(inputs), network(inputs)
    torch.testing.assert_close(found.map_logits, expected.map_logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.score_logits, expected.score_logits, rtol=1e-4, atol=1e-5)


def test_every_term_is_logged_and_the_loss_is_their_sum(script: ModuleType, tmp_path: Path) -> None:
    run = trainer(tmp_path)
    run.fit(tiny(), datamodule=script.Drawn())
    logged = {name: float(value) for name, value in run.logged_metrics.items()}
    terms = {name.removeprefix("train/loss_") for name in logged if name.startswith("train/loss_")}
    assert terms == {"detection", "manipulated", "authentic", "dice", "streams"}
    total = sum(value for name, value in logged.items() if name != "train/loss")
    assert logged["train/loss"] == pytest.approx(total, abs=1e-6)


def test_half_precision_trains_with_the_loss_in_full(script: ModuleType, tmp_path: Path) -> None:
    module = tiny(learning_rate=0.01)
    before = {name: value.clone().float() for name, value in module.model.state_dict().items()}
    run = trainer(tmp_path, precision="bf16-mixed")
    run.fit(module, datamodule=script.Drawn())
    assert run.logged_metrics["train/loss"].dtype == torch.float32
    after = module.model.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    assert not torch.equal(after["localization.layers.0.weight"].float(), before["localization.layers.0.weight"])


def test_a_precision_that_rounds_the_signals_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"bf16-true cannot train here; use one of 32-true, bf16-mixed"):
        trainer(tmp_path, precision="bf16-true").fit(tiny(), datamodule=script.Drawn())


def test_without_forged_pictures_there_is_no_auc_but_a_loss(script: ModuleType, tmp_path: Path) -> None:
    class Pristine(script.Drawn):  # type: ignore[name-defined, misc]
        def val_dataloader(self) -> Any:
            return torch.utils.data.DataLoader([script.picture(0)], batch_size=None)

    (found,) = trainer(tmp_path).validate(tiny(), datamodule=Pristine(), verbose=False)
    assert found["val/loss"] > 0


def parsed(*arguments: str) -> FuserModule:
    parser = LightningArgumentParser()
    parser.add_lightning_class_args(FuserModule, "model")
    start = ["--model.preset=omgfuser_feature_tiny", "--model.signals=[dct]"]
    module: FuserModule = parser.instantiate_classes(parser.parse_args([*start, *arguments])).model
    return module


def test_a_configuration_chooses_loss_optimizer_schedule_and_rates() -> None:
    module = parsed(
        "--model.loss=forensics.training.losses.CrossEntropyDiceLoss",
        "--model.loss.init_args.dice=0.6",
        "--model.loss.init_args.border=[3,2]",
        "--model.optimizer=torch.optim.SGD",
        "--model.optimizer.init_args.momentum=0.9",
        "--model.schedule.shape=polynomial",
        "--model.schedule.warmup=0.02",
        "--model.rates.factors={rgb_stream: 0.1}",
    )
    assert isinstance(module._loss, CrossEntropyDiceLoss)
    assert module._schedule == Schedule("polynomial", 0.02)
    groups = module.prepare().groups(module.model, module._learning_rate, module._weight_decay)
    optimizer = module._optimizer(groups)
    assert isinstance(optimizer, SGD)
    assert {group["momentum"] for group in optimizer.param_groups} == {0.9}
    assert {round(group["lr"], 6) for group in optimizer.param_groups} == {1e-3, 1e-4}


def test_what_a_configuration_does_not_choose_is_the_default_recipe() -> None:
    module = parsed()
    optimizer = module._optimizer(module.prepare().groups(module.model, 1e-3, 0.01))
    assert isinstance(optimizer, AdamW)
    assert module._schedule == Schedule("cosine", 0.05)
