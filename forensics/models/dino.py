"""The paper's stream of the pixels: DINOv2 ViT-S/14 brought to the token grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from timm import create_model as create_backbone
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.streams import IMAGENET_MEAN, IMAGENET_STD
from signals.errors import CheckpointMismatch, CheckpointMissing

PATCH = 14
_HUB_REPOSITORY = "timm/vit_small_patch14_dinov2.lvd142m"
_HUB_FILE = "dinov2_vits14_pretrain.pth"


class DinoRgbStream(nn.Module):
    """Patch tokens of the last block, after its norm, through a valid convolution to the token grid.

    Args:
        backbone: DINOv2 as timm builds it, of any picture size that is a multiple of 14.
        width: Width D of a token.
        kernel: Side of the valid convolution; the backbone's grid of a tile less the token grid, plus one.
        patch: Side in pixels of a patch of the token grid.

    Source: OMG-Fuser (CVPRW 2024); DINOv2 (TMLR 2024).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Any, width: int, kernel: int, patch: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN))
        self.register_buffer("std", torch.tensor(IMAGENET_STD))
        self.match = nn.Conv2d(backbone.num_features, width, kernel)
        self.backbone: Any = backbone
        self.patch = patch

    def forward(self, rgb: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in 0..1 -> ``[B, D, H / patch, W / patch]``."""
        grid = (rgb.shape[2] // self.patch, rgb.shape[3] // self.patch)
        least = self.match.kernel_size[0]
        rows, columns = (max(round(side / PATCH), least) for side in rgb.shape[2:])
        normalized = (rgb - self.mean[:, None, None]) / self.std[:, None, None]
        size = (rows * PATCH, columns * PATCH)
        if size != tuple(rgb.shape[2:]):
            normalized = functional.interpolate(normalized, size, mode="bilinear", antialias=True)
        tokens = self.backbone.forward_features(normalized)[:, self.backbone.num_prefix_tokens :]
        matched: Tensor = self.match(tokens.transpose(1, 2).unflatten(2, (rows, columns)))
        if tuple(matched.shape[2:]) != grid:
            matched = functional.interpolate(matched, grid, mode="bilinear")
        return matched


def load_dinov2_small(weights: str | None = None) -> Any:
    """DINOv2 ViT-S/14 for pictures of any size; never downloads.

    Args:
        weights: A ``.safetensors`` or ``.pth`` file with the weights, of timm or of the DINOv2 authors; ``hub`` for
            what the hub caches of this machine hold; None for random weights.

    Raises:
        CheckpointMissing: The file is not there.
        CheckpointMismatch: The file holds something else.
    """
    if weights is None:
        return _backbone()
    path = _find_in_hub() if weights == "hub" else Path(weights)
    if not path.is_file():
        raise CheckpointMissing(f"no DINOv2 weights at {path}; download them there or give another file")
    state = _read(path)
    # The authors' file also has the token of hidden patches, which only their training uses.
    state.pop("mask_token", None)
    backbone = _backbone()
    try:
        backbone.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointMismatch(f"{path} holds no DINOv2 ViT-S/14 weights; give a file that does") from error
    return backbone


def _backbone() -> Any:
    return create_backbone(
        "vit_small_patch14_dinov2", pretrained=False, dynamic_img_size=True, img_size=518, num_classes=0
    )


def _find_in_hub() -> Path:
    """The first of the caches of Hugging Face and of torch that has the weights."""
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(_HUB_REPOSITORY, "model.safetensors")
    return Path(cached) if isinstance(cached, str) else Path(torch.hub.get_dir(), "checkpoints", _HUB_FILE)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return cast("dict[str, Tensor]", torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise CheckpointMismatch(f"{path} cannot be read as weights ({error}); give another file") from error
