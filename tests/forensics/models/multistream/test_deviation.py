"""What compares each place with the rest of its picture."""

import torch
from torch.nn import functional

from forensics.models import create_model
from forensics.models.multistream.deviation import Deviation
from signals.signal import SignalSpec


def test_it_starts_by_changing_nothing() -> None:
    cells = torch.randn(2, 4, 5, 6)
    assert torch.equal(Deviation(4)(cells), cells)


def test_it_reads_standard_deviations_from_the_mean_of_each_picture() -> None:
    torch.manual_seed(0)
    cells = torch.randn(2, 4, 5, 6) * 7 + 3
    deviation = Deviation(4)
    torch.nn.init.dirac_(deviation.read.weight)
    read = (deviation(cells) - cells).detach()
    torch.testing.assert_close(read, functional.instance_norm(cells), atol=1e-3, rtol=1e-3)


def test_a_flat_picture_deviates_nowhere() -> None:
    deviation = Deviation(3)
    torch.nn.init.ones_(deviation.read.weight)
    cells = torch.full((1, 3, 4, 4), 5.0)
    torch.testing.assert_close(deviation(cells), cells)


def test_a_network_with_it_and_long_range_begins_where_one_without_does() -> None:
    specs = [SignalSpec("score", "1", kind="score")]
    network = create_model("multistream_tiny", specs, deviation=True, long_range_depth=1)
    levels = tuple(torch.randn(1, level.width, 64 // level.stride, 64 // level.stride) for level in network.levels)
    network.eval()
    before = network.decode(levels).map_logits
    network.long_range = torch.nn.Identity()
    assert not torch.equal(network.decode(levels).map_logits, before)
    network.deviation = torch.nn.ModuleList(torch.nn.Identity() for _ in levels)
    plain = create_model("multistream_tiny", specs).eval()
    plain.load_state_dict(network.state_dict(), strict=False)
    assert torch.equal(network.decode(levels).map_logits, plain.decode(levels).map_logits)
