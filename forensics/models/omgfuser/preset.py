"""The named sizes of OMG-Fuser, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal


@dataclass(frozen=True)
class OmgFuserPreset:
    """Sizes of an OMG-Fuser.

    Attributes:
        tile_size: Side in pixels of the pictures it is meant to see at once.
        object_rule: When a patch belongs to an object.
        patch_size: Side of a patch in pixels.
        width: Width D of a token.
        heads: Attention heads of every block.
        mlp_ratio: Hidden width of the MLPs in units of D.
        rgb: Stream of the pixels: a backbone of timm, a small convolutional stem, or none.
        rgb_depth: Transformer blocks behind the backbone or the stem.
        rgb_backbone: Name of the backbone.
        rgb_weights: Weights of the backbone: a file, ``package`` for an installed package that holds them, ``hub`` for
            the hub caches of this machine, None for random ones.
        rgb_training: What of the backbone trains: ``frozen`` for nothing, ``partly:N`` for the last N layers,
            ``but_first`` for all but the patch embedding, ``lora:R`` for additions of rank R, or ``trained``.
        rgb_kernel: Side of the valid convolution from the backbone's features to the tokens.
        stream_depth: Object guided blocks of a signal's stream.
        object_guidance: Whether they are guided by objects; where not, none are searched and every patch sees all.
        fusion: Name of the fusion operator.
        fusion_depth: Blocks of the fusion.
        long_range_depth: Blocks over all patches after fusion.
        detection: Kind of detection head.
        detection_depth: Blocks of a transformer detection head.
        dropout: Of all blocks but the detection head's.
        drop_path: Likewise.
        stream_drop: Probability with which a stream is left out of a sample in training.
        stream_heads: Whether every stream has a map head of its own in training.
        store_positions: Whether the position table of a tile is kept among the parameters.
    """

    builder: ClassVar[str] = "forensics.models.omgfuser.build"

    tile_size: int
    object_rule: Literal["any", "majority"]
    patch_size: int = 16
    width: int = 384
    heads: int = 12
    mlp_ratio: float = 4.0
    rgb: Literal["backbone", "conv", "none"] = "backbone"
    rgb_depth: int = 0
    rgb_backbone: str = "vit_small_patch14_dinov2"
    rgb_weights: str | None = None
    rgb_training: str = "frozen"
    rgb_kernel: int = 1
    stream_depth: int = 6
    object_guidance: bool = True
    fusion: str = "token_transformer"
    fusion_depth: int = 6
    long_range_depth: int = 6
    detection: Literal["transformer", "pooled"] = "transformer"
    detection_depth: int = 4
    dropout: float = 0.1
    drop_path: float = 0.1
    stream_drop: float = 0.2
    stream_heads: bool = False
    store_positions: bool = True


_FEATURE = OmgFuserPreset(tile_size=448, object_rule="any", rgb_training="but_first", rgb_kernel=5)
_SCORE = OmgFuserPreset(tile_size=224, object_rule="majority", rgb_training="frozen", rgb_kernel=3)


def _small(paper: OmgFuserPreset) -> OmgFuserPreset:
    """For a laptop: trained from scratch, nothing to download."""
    return replace(
        paper,
        tile_size=512,
        width=96,
        heads=3,
        mlp_ratio=2.0,
        rgb="conv",
        rgb_depth=2,
        rgb_backbone="tf_efficientnet_lite0",
        rgb_training="trained",
        rgb_kernel=1,
        stream_depth=2,
        fusion_depth=2,
        long_range_depth=3,
        detection="pooled",
        dropout=0.0,
        drop_path=0.0,
        stream_drop=0.15,
        stream_heads=True,
        store_positions=False,
    )


def _tiny(paper: OmgFuserPreset) -> OmgFuserPreset:
    """For tests and examples."""
    return replace(
        _small(paper), tile_size=128, width=32, heads=1, rgb_depth=1, stream_depth=1, fusion_depth=1, long_range_depth=1
    )


PRESETS: Mapping[str, OmgFuserPreset] = {
    "omgfuser_feature": _FEATURE,
    "omgfuser_feature_small": _small(_FEATURE),
    "omgfuser_feature_tiny": _tiny(_FEATURE),
    "omgfuser_score": _SCORE,
    "omgfuser_score_small": _small(_SCORE),
    "omgfuser_score_tiny": _tiny(_SCORE),
}
