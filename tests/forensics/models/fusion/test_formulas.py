"""The formulas behind the operators that have one."""

import torch
from torch.nn import functional

from forensics.models.fusion.concat import Concat
from forensics.models.fusion.gated_sum import GatedSum
from forensics.models.fusion.operation_wise_attention import OperationLayer, OperationWiseAttention


@torch.no_grad()
def test_concat_is_a_convolution_of_the_concatenated_streams_over_their_number() -> None:
    torch.manual_seed(0)
    operator, streams = Concat(4, 3), torch.randn(2, 3, 4, 5, 6)
    weight = torch.cat([linear.weight for linear in operator.maps], dim=1)
    bias = torch.stack([linear.bias for linear in operator.maps]).sum(0)
    expected = functional.conv2d(streams.flatten(1, 2), weight, bias) / 3
    torch.testing.assert_close(operator(streams, torch.ones(2, 3, dtype=torch.bool)), expected)


@torch.no_grad()
def test_concat_keeps_its_scale_when_equal_streams_are_left_out() -> None:
    torch.manual_seed(0)
    operator = Concat(4, 3)
    for linear in operator.maps[1:]:
        linear.load_state_dict(operator.maps[0].state_dict())
    streams = torch.randn(1, 1, 4, 5, 6).expand(2, 3, 4, 5, 6)
    fused = operator(streams, torch.tensor([[True, True, True], [False, True, False]]))
    torch.testing.assert_close(fused[0], fused[1])


@torch.no_grad()
def test_gated_sum_is_the_mean_of_equal_bids_and_follows_the_highest() -> None:
    operator, streams = GatedSum(4, 3), torch.randn(1, 3, 4, 5, 6)
    for gate in operator.gates:
        torch.nn.init.zeros_(gate.weight)
        torch.nn.init.zeros_(gate.bias)
    present = torch.tensor([[True, False, True]])
    torch.testing.assert_close(operator(streams, present), streams[:, [0, 2]].mean(1))
    torch.nn.init.constant_(operator.gates[0].bias, 100.0)
    torch.testing.assert_close(operator(streams, present), streams[:, 0])
    torch.nn.init.constant_(operator.gates[1].bias, 1000.0)
    torch.testing.assert_close(operator.weights(streams, present)[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.0]))


@torch.no_grad()
def test_operation_weights_belong_to_the_whole_picture() -> None:
    torch.manual_seed(0)
    group, features = OperationWiseAttention(4, depth=3), torch.randn(2, 4, 5, 6)
    weights = group.weights(features)
    assert weights.shape == (2, 3, 8)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 3))
    shuffled = features.flatten(2)[..., torch.randperm(30)].view(2, 4, 5, 6)
    torch.testing.assert_close(group.weights(shuffled), weights)
    assert not torch.allclose(group.weights(2 * features), weights)


@torch.no_grad()
def test_an_operation_reaches_as_far_as_it_says() -> None:
    torch.manual_seed(0)
    layer = OperationLayer(2)
    point = torch.zeros(1, 2, 31, 31)
    point[..., 15, 15] = 1.0
    reaches = []
    for operation in range(8):
        weights = functional.one_hot(torch.tensor([operation]), 8).float()
        answer = layer(point, weights) - layer(torch.zeros_like(point), weights)
        rows = answer.abs().amax((0, 1, 3)).nonzero()
        reaches.append(15 - int(rows.min()))
    assert reaches == [0, 1, 2, 3, 2, 4, 6, 1]
