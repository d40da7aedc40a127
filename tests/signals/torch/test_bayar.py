from __future__ import annotations

import pytest
import torch

from signals import WrongUsage
from signals.torch import ConstrainedConvolution, bayar


def _training_keeps_the_constraint(layer: ConstrainedConvolution) -> None:
    weights = layer.constrained()
    assert torch.allclose(weights[..., 2, 2], torch.tensor(-1.0))
    assert torch.allclose(weights.sum(dim=(2, 3)), torch.tensor(0.0), atol=1e-5)


def test_the_constraint_survives_training():
    torch.manual_seed(0)
    layer = ConstrainedConvolution(3, 5)
    before = layer.constrained().detach().clone()
    for _ in range(3):
        layer.weight.grad = None
        layer(torch.randn(2, 3, 16, 16)).square().mean().backward()
        with torch.no_grad():
            layer.weight -= 0.1 * layer.weight.grad
        _training_keeps_the_constraint(layer)
    assert not torch.allclose(layer.constrained(), before, atol=1e-3)


def test_it_begins_as_the_fixed_filters(crops):
    _, batch = crops(2, 40, 48)
    steps = 4 * ConstrainedConvolution()(batch.float())[..., 2:-2, 2:-2]
    fixed = bayar(batch)[..., 2:-2, 2:-2].float()
    inside = fixed.abs() < 127
    assert (steps - fixed)[inside].abs().max() <= 0.501


def test_nothing_to_learn_with():
    with pytest.raises(WrongUsage):
        ConstrainedConvolution(0)
