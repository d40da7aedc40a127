"""The whole network against a plain transcription with the same weights."""

import pytest
import torch
from torch import nn

from benchmarks.literal.omgfuser import LiteralOmgFuser, dense_mask
from forensics.models import create_model
from forensics.models.inputs import ModelInput, SignalInput
from signals.signal import SignalSpec

SIDE = 112
GRID = SIDE // 16


@pytest.fixture(scope="module")
def networks() -> tuple[nn.Module, LiteralOmgFuser]:
    torch.manual_seed(0)
    specs = [SignalSpec(name, "1", kind="score") for name in "ab"]
    ours = create_model(
        "omgfuser_feature", specs, width=48, heads=4, tile_size=SIDE, rgb_kernel=2, dropout=0.0, drop_path=0.0,
        stream_drop=0.0,
    )  # fmt: skip
    literal = LiteralOmgFuser("ab", SIDE, width=48, heads=4, dropout=0.0, stream_drop=0.0, fused_backbone=False)
    literal.load_weights(ours)
    return ours, literal


@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_gradients_are_those_of_the_transcription(
    networks: tuple[nn.Module, LiteralOmgFuser], training: bool
) -> None:
    ours, literal = (network.train(training) for network in networks)
    torch.manual_seed(1)
    rgb, a, b = torch.rand(2, 3, SIDE, SIDE), torch.randn(2, 1, SIDE, SIDE), torch.randn(2, 1, SIDE, SIDE)
    membership = torch.rand(2, 4, GRID, GRID) > 0.6
    membership[:, -1] = ~membership[:, :-1].any(1)  # the background
    there = torch.ones(2, dtype=torch.bool)
    everywhere = torch.ones(2, SIDE, SIDE, dtype=torch.bool)
    signals = {name: SignalInput(values, everywhere, there) for name, values in (("a", a), ("b", b))}

    output = ours(ModelInput(rgb, signals, membership))
    localized, detected = literal(rgb, {"a": a, "b": b}, dense_mask(membership.flatten(2)))
    torch.testing.assert_close(output.map_logits.sigmoid(), localized, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(output.score_logits.sigmoid(), detected[:, 0], rtol=1e-4, atol=1e-6)
    assert localized.std() > 1e-5

    if training:
        (output.map_logits.sigmoid().mean() + output.score_logits.sigmoid().mean()).backward()
        (localized.mean() + detected.mean()).backward()
        others = dict(literal.named_parameters())
        for name, parameter in ours.named_parameters():
            if parameter.requires_grad:
                # Biases before a batch norm have none but rounding.
                tolerance = 1e-3 * others[name].grad.abs().max().item() + 1e-6
                torch.testing.assert_close(parameter.grad, others[name].grad, rtol=0, atol=tolerance, msg=name)
