from __future__ import annotations

import pytest
import torch
from torch import nn

from signals.noise.learned.network import CELL, CHANNELS, NoiseExtractor, high_pass


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = NoiseExtractor()
    # Statistics that a fold must not lose.
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    return made.eval()


def pixels(height, width):
    return torch.randint(0, 256, (1, 3, height, width), generator=torch.Generator().manual_seed(1)).float()


def test_one_vector_a_cell(network):
    assert network(pixels(64, 96)).shape == (1, CHANNELS, 64 // CELL, 96 // CELL)
    assert sum(values.numel() for values in network.parameters()) < 1_000_000


def test_folding_changes_nothing_but_the_number_of_layers(network):
    before = network(pixels(64, 64))
    after = network.fold()(pixels(64, 64))
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    assert torch.allclose(before, after, rtol=1e-3, atol=1e-3)


def test_high_pass_of_one_bright_pixel():
    one = torch.full((1, 3, 5, 5), 100.0)
    one[..., 2, 2] = 109.0
    lightness, blue, red = high_pass(one)[0]
    # Its mean over 3 x 3 is 101: eight grey levels above it, its neighbors one below.
    assert lightness[2, 2].item() == pytest.approx(torch.log(torch.tensor(17.0)).item(), abs=1e-4)
    assert lightness[1, 1].item() == pytest.approx(-torch.log(torch.tensor(3.0)).item(), abs=1e-4)
    assert lightness[0, 0].item() == pytest.approx(0, abs=1e-4)
    assert blue.abs().max() < 1e-4
    assert red.abs().max() < 1e-4


def test_a_plain_ramp_and_flat_color_leave_nothing():
    ramp = torch.arange(32.0).expand(1, 3, 32, 32)
    assert high_pass(ramp)[..., 1:-1].abs().max() < 1e-3
    assert high_pass(torch.full((1, 3, 16, 16), 7.0)).abs().max() < 1e-3


def test_values_depend_on_no_more_than_48_pixels_around_the_cell(network):
    source = pixels(256, 256).requires_grad_()
    network(source)[0, :, 16, 16].sum().backward()
    rows, columns = source.grad.abs().sum(dim=(0, 1)).nonzero().T
    for places in (rows, columns):
        assert places.min() >= 16 * CELL - 48
        assert places.max() < 17 * CELL + 48
