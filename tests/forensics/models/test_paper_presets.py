"""The paper's sizes, counted without memory."""

import pytest
import torch

from forensics.models import create_model
from forensics.models.attention import Transformer
from forensics.models.heads import DetectionTransformer, LocalizationHead
from forensics.models.inputs import ModelInput, SignalInput
from signals.signal import SignalSpec

timm = pytest.importorskip("timm")


def specs(count: int) -> list[SignalSpec]:
    return [SignalSpec(f"score_{index}", "1", kind="score") for index in range(count)]


@pytest.mark.parametrize(
    ("name", "signals", "total", "trainable", "side"),
    [
        ("omgfuser_score", 5, 111_596_606, 89_465_150, 224),
        ("omgfuser_feature", 2, 79_198_046, 78_670_814, 448),
    ],
)
def test_published_sizes_and_shapes(name: str, signals: int, total: int, trainable: int, side: int) -> None:
    with torch.device("meta"):
        model = create_model(name, signals=specs(signals)).eval()
        grid = side // 16
        present = torch.ones(1, dtype=torch.bool)
        valid = torch.ones(1, side, side, dtype=torch.bool)
        maps = {spec.name: SignalInput(torch.zeros(1, 1, side, side), valid, present) for spec in specs(signals)}
        inputs = ModelInput(torch.zeros(1, 3, side, side), maps, torch.ones(1, 2, grid, grid, dtype=torch.bool))
    assert sum(parameter.numel() for parameter in model.parameters()) == total
    assert sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad) == trainable
    assert model.tile_size == side
    assert model.rgb_stream is not None
    stream = model.signal_streams["score_0"](maps["score_0"], model.positions(grid, grid, inputs.rgb.device), None)
    assert stream.shape == model.rgb_stream(inputs.rgb).shape == (1, 384, grid, grid)
    fused = model.fusion._fuse(torch.stack([stream] * (signals + 1), dim=1))
    seen = model.decode((fused,))
    assert seen.map_logits.shape == (1, 1, side, side)
    assert model.detect(seen.tokens, seen.map_logits).shape == (1,)


def test_published_head_sizes() -> None:
    with torch.device("meta"):
        heads = [LocalizationHead(384), DetectionTransformer(Transformer(4, 384, 12), 384)]
    assert [sum(p.numel() for p in head.parameters()) for head in heads] == [1_457_437, 7_094_017]


@torch.no_grad()
def test_detection_averages_large_grids() -> None:
    head = DetectionTransformer(Transformer(1, 32, 1), 32, max_tokens=16).eval()
    cells = torch.randn(1, 32, 4, 4)
    enlarged = cells.repeat_interleave(3, 2).repeat_interleave(3, 3)
    torch.testing.assert_close(head(enlarged, enlarged), head(cells, cells))
    assert head(torch.randn(1, 32, 1, 1000), cells).shape == (1,)
