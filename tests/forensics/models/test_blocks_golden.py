"""Attention, fusion, heads and positions against weights and outputs of the published implementation."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from forensics.models.attention import Transformer, TransformerBlock
from forensics.models.fusion import TokenFusion, stream_similarity
from forensics.models.heads import DetectionTransformer, LocalizationHead
from forensics.models.long_range import LongRangeTransformer
from forensics.models.object_attention import object_attention_mask
from forensics.models.positions import PositionTable, position_table
from forensics.objects import ObjectMasks

GOLDEN = Path(__file__).parents[2] / "golden" / "omgfuser"

PUBLISHED_NAMES = {
    "attention_norm": "attn.norm",
    "attention.qkv": "attn.fn.to_qkv",
    "attention.projection": "attn.fn.to_out.0",
    "mlp_norm": "ff.norm",
    "mlp.0": "ff.fn.net.0",
    "mlp.3": "ff.fn.net.3",
}


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN / "blocks.npz") as file:
        return {key: torch.from_numpy(np.asarray(file[key])) for key in file.files}


def fill_block(block: nn.Module, golden: dict[str, Tensor], prefix: str) -> None:
    """Loads a block's weights, stored under their published names."""
    state = {}
    for name in block.state_dict():
        part, kind = name.rsplit(".", 1)
        state[name] = golden[f"{prefix}.{PUBLISHED_NAMES[part]}.{kind}"]
    block.load_state_dict(state)


def filled_transformer(golden: dict[str, Tensor], prefix: str) -> Transformer:
    transformer = Transformer(2, 32, 4, 2.0)
    for index, block in enumerate(transformer.blocks):
        fill_block(block, golden, f"{prefix}.{index}")
    return transformer.eval()


def assert_near(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-5)


def grid(tokens: Tensor) -> Tensor:
    """``[..., 16, D]`` -> ``[..., D, 4, 4]``."""
    return tokens.transpose(-1, -2).unflatten(-1, (4, 4))


@torch.no_grad()
def test_block(golden: dict[str, Tensor]) -> None:
    block = TransformerBlock(32, 4, 2.0).eval()
    fill_block(block, golden, "layer")
    assert_near(block(golden["layer_x"]), golden["layer_y"])
    assert_near(block(golden["layer_x"], golden["layer_mask"]), golden["layer_y_masked"])


@torch.no_grad()
def test_fusion_long_range_and_detection(golden: dict[str, Tensor]) -> None:
    fusion = TokenFusion(filled_transformer(golden, "fusion.positional_fusion_transformers"), 32)
    fusion.token.copy_(golden["fusion.forensics_token"].flatten())
    streams = grid(golden["fusion_x"])
    fused = fusion(streams, torch.ones(2, 3, dtype=torch.bool))
    far = LongRangeTransformer(filled_transformer(golden, "fusion.long_range_transformers"))(fused)
    assert_near(far, grid(golden["fusion_y"]))
    assert_near(stream_similarity(fused, streams).flatten(2), golden["fusion_cos"])

    head = DetectionTransformer(filled_transformer(golden, "detector.transformers"), 32)
    head.token.copy_(golden["detector.detection_token"].flatten())
    head.score.weight.copy_(golden["detector.classification_head.0.weight"])
    head.score.bias.copy_(golden["detector.classification_head.0.bias"])
    score = head(grid(golden["fusion_y"]), torch.zeros(2, 1, 64, 64)).sigmoid()
    assert_near(score, golden["detector_y"][:, 0])


@torch.no_grad()
def test_localization_head(golden: dict[str, Tensor]) -> None:
    head = LocalizationHead(64).eval()
    prefix = "upscaler.upscaler."
    head.layers.load_state_dict({key[len(prefix) :]: value for key, value in golden.items() if key.startswith(prefix)})
    assert_near(head(golden["upscaler_x"]).sigmoid(), golden["upscaler_y"])


def test_positions(golden: dict[str, Tensor]) -> None:
    expected = golden["pos_embed_384_14_14"]
    assert_near(position_table(384, 14, 14), expected)
    stored = PositionTable(384, (14, 14))
    assert_near(stored(14, 14, torch.device("cpu")), expected)
    assert_near(stored(9, 14, torch.device("cpu")), expected[:, :9])
    assert [parameter.requires_grad for parameter in stored.parameters()] == [False]


@pytest.mark.parametrize("rule", ["any", "majority"])
def test_object_attention_mask(rule: str) -> None:
    with np.load(GOLDEN / "attention_masks_tiny.npz") as file:
        masks = ObjectMasks(file["tiny_instances"] > 0, 64, 64)
        expected = torch.from_numpy(file[f"tiny_mask_{rule}"].astype(bool))
    membership = torch.from_numpy(masks.membership(16, rule, samples=16))
    mask = object_attention_mask(membership.flatten(1)[None])
    assert torch.equal(mask[0], expected)


def test_a_patch_of_no_object_sees_itself() -> None:
    mask = object_attention_mask(torch.zeros(1, 2, 5, dtype=torch.bool))
    assert torch.equal(mask[0], torch.eye(5, dtype=torch.bool))
