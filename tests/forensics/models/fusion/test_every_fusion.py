"""What every fusion operator must do, whatever its name."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from forensics.models.fusion import FusionSizes, list_fusions, make_fusion
from signals.errors import WrongUsage

WIDTH, STREAMS = 8, 3
SUBSETS = [subset for subset in product([False, True], repeat=STREAMS) if any(subset)]


def make(name: str) -> nn.Module:
    torch.manual_seed(0)
    return make_fusion(name, FusionSizes(WIDTH, STREAMS, depth=2, heads=2, mlp_ratio=2.0)).eval()


def make_streams(batch: int, seed: int = 0) -> Tensor:
    return torch.randn(batch, STREAMS, WIDTH, 4, 5, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=list_fusions())
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_the_five_operators_are_there() -> None:
    assert list_fusions() == [
        "concat",
        "cross_attention",
        "gated_sum",
        "operation_wise_attention",
        "token_transformer",
    ]


@torch.no_grad()
def test_every_subset_is_finite_and_reads_nothing_of_the_absent(name: str) -> None:
    operator, streams, present = make(name), make_streams(len(SUBSETS)), torch.tensor(SUBSETS)
    fused = operator(streams, present)
    assert fused.shape == (len(SUBSETS), WIDTH, 4, 5)
    for unread in (torch.nan, 1e30):
        holed = torch.where(present[:, :, None, None, None], streams, unread)
        assert torch.equal(operator(holed, present), fused)


@torch.no_grad()
def test_every_present_stream_is_read(name: str) -> None:
    operator, streams = make(name), make_streams(len(SUBSETS))
    present = torch.tensor(SUBSETS)
    fused = operator(streams, present)
    for column in range(STREAMS):
        changed = streams.clone()
        changed[:, column] += make_streams(len(SUBSETS), seed=1)[:, column]
        difference = (operator(changed, present) - fused).abs().amax((1, 2, 3))
        assert torch.equal(difference > 1e-6, present[:, column])


@torch.no_grad()
def test_a_batch_of_mixed_presence_equals_its_samples_alone(name: str) -> None:
    operator, streams, present = make(name), make_streams(len(SUBSETS)), torch.tensor(SUBSETS)
    together = operator(streams, present)
    for sample in range(len(SUBSETS)):
        alone = operator(streams[sample : sample + 1], present[sample : sample + 1])
        torch.testing.assert_close(together[sample], alone[0], atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_permuting_samples_permutes_the_result(name: str) -> None:
    operator, streams, present = make(name), make_streams(len(SUBSETS)), torch.tensor(SUBSETS)
    order = torch.randperm(len(SUBSETS), generator=torch.Generator().manual_seed(0))
    permuted = operator(streams[order], present[order])
    torch.testing.assert_close(permuted, operator(streams, present)[order], atol=1e-6, rtol=1e-5)


def test_every_parameter_gets_a_finite_gradient_though_the_absent_hold_nan(name: str) -> None:
    operator, present = make(name).train(), torch.tensor([[True, True, True], [True, False, True]])
    streams = torch.where(present[:, :, None, None, None], make_streams(2), torch.nan).requires_grad_()
    operator(streams, present).square().mean().backward()
    for label, parameter in operator.named_parameters():
        assert parameter.grad is not None, label
        assert torch.isfinite(parameter.grad).all(), label
        assert parameter.grad.abs().max() > 0, label
    assert streams.grad is not None
    assert torch.equal(streams.grad.abs().amax((2, 3, 4)) > 0, present)


@pytest.mark.parametrize("rows", [[[False] * STREAMS], [[True] * STREAMS, [False] * STREAMS]])
def test_a_sample_without_a_stream_is_wrong_usage(name: str, rows: list[list[bool]]) -> None:
    with pytest.raises(WrongUsage, match="no stream at all"):
        make(name)(make_streams(len(rows)), torch.tensor(rows))


@torch.no_grad()
def test_an_exported_graph_leaves_out_what_its_input_says(name: str) -> None:
    operator, streams, present = make(name), make_streams(len(SUBSETS)), torch.tensor(SUBSETS)
    batch = torch.export.Dim("batch")
    example = (make_streams(2), torch.ones(2, STREAMS, dtype=torch.bool))
    graph = torch.export.export(operator, example, dynamic_shapes=({0: batch}, {0: batch})).module()
    holed = torch.where(present[:, :, None, None, None], streams, torch.nan)
    torch.testing.assert_close(graph(holed, present), operator(streams, present), atol=1e-5, rtol=1e-4)
    none = torch.zeros(2, STREAMS, dtype=torch.bool)
    assert torch.isfinite(graph(make_streams(2), none)).all()


def test_mixed_precision(name: str) -> None:
    operator, present = make(name).train(), torch.tensor([[True, True, True], [True, False, True]])
    with torch.autocast("cpu", torch.bfloat16):
        fused = operator(make_streams(2).bfloat16(), present)
    expected = make(name)(make_streams(2), present)
    torch.testing.assert_close(fused.float(), expected, atol=0.1, rtol=0.05)


def test_unknown_names_list_the_near_ones() -> None:
    with pytest.raises(WrongUsage, match="did you mean gated_sum"):
        make_fusion("gatedsum", FusionSizes(WIDTH, STREAMS))
