"""Karageorgiou et al., "Fusion Transformer with Object Mask Guidance", CVPR Workshops 2024, written out plainly.

Attention holds all its weights, masks are dense, every stream runs on every sample, and every block computes all of
its tokens. The parts carry the names of :mod:`forensics.models`, so that weights fit both; nothing else is shared but
the backbone of the pixels, which is a library's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from timm import create_model
from torch import Tensor, nn
from torch.nn import functional


class LiteralOmgFuser(nn.Module):
    """The network of the paper for score maps of one channel a pixel.

    Args:
        names: The signals.
        side: Side of the picture in pixels.
        tuned: Whether DINOv2 is trained but for its patch embedding (feature variant) or frozen (score variant).
        width: Width D of a token.
        heads: Attention heads.
        dropout: Dropout and drop path of all but the detection head.
        stream_drop: Probability with which a sample loses a stream, in training.
        fused_backbone: Whether DINOv2 has the library's fused attention; its authors' code has it on no CPU.
    """

    def __init__(
        self,
        names: Sequence[str],
        side: int,
        *,
        tuned: bool = True,
        width: int = 384,
        heads: int = 12,
        dropout: float = 0.1,
        stream_drop: float = 0.2,
        fused_backbone: bool = True,
    ) -> None:
        super().__init__()
        grid = side // 16
        self.stream_drop = DropPath(stream_drop)
        self.signal_streams = nn.ModuleDict({name: SignalStream(width, heads, dropout) for name in names})
        self.rgb_stream = RgbStream(width, side // 14 - grid + 1, tuned, fused_backbone)
        self.positions = nn.ParameterDict({"table": nn.Parameter(sines_and_cosines(width, grid), requires_grad=False)})
        self.fusion = nn.Module()
        self.fusion.token = nn.Parameter(torch.randn(width) * 0.02)
        self.fusion.transformer = Transformer(6, width, heads, dropout)
        self.long_range = nn.ModuleDict({"transformer": Transformer(6, width, heads, dropout)})
        self.localization = nn.ModuleDict({"layers": upscaler(width)})
        self.detection = nn.Module()
        self.detection.token = nn.Parameter(torch.randn(width) * 0.02)
        self.detection.transformer = Transformer(4, width, heads, 0.0)
        self.detection.score = nn.Linear(width, 1)

    def load_weights(self, network: nn.Module) -> None:
        """Takes the weights of ``create_model("omgfuser_feature", ...)`` or of the score variant."""
        missing, unexpected = self.load_state_dict(network.state_dict(), strict=False)
        normalization = [name for name in unexpected if name.endswith((".mean", ".std"))]
        if missing or len(normalization) < len(unexpected):
            raise ValueError(f"the weights do not fit: missing {missing}, unexpected {unexpected}")

    def forward(self, rgb: Tensor, maps: Mapping[str, Tensor], mask: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels ``[B, 3, H, W]``, maps ``[B, 1, H, W]`` each, mask ``[B, N, N]`` -> map ``[B, 1, H, W]``, score."""
        batch, grid = len(rgb), rgb.shape[2] // 16
        positions = self.positions["table"].flatten(1).T
        streams = [stream(maps[name], positions, mask) for name, stream in self.signal_streams.items()]
        streams = [self.stream_drop(stream) for stream in (*streams, self.rgb_stream(rgb))]

        # [B, S, N, D] -> [B N, S, D]
        patches = torch.stack(streams, dim=2).flatten(0, 1)
        token = self.fusion.token.expand(len(patches), 1, -1)
        fused = self.fusion.transformer(torch.cat([token, patches], dim=1))[:, 0]
        tokens = self.long_range["transformer"](fused.reshape(batch, grid * grid, -1))

        localized = self.localization["layers"](tokens.transpose(1, 2).reshape(batch, -1, grid, grid)).sigmoid()
        token = self.detection.token.expand(batch, 1, -1)
        detected = self.detection.transformer(torch.cat([token, tokens], dim=1))[:, 0]
        return localized, self.detection.score(detected).sigmoid()


def dense_mask(membership: Tensor) -> Tensor:
    """Membership ``[B, K, N]`` -> bool ``[B, N, N]``: whether two patches share an object, one object at a time."""
    batch, objects, patches = membership.shape
    mask = torch.zeros(batch, patches, patches, dtype=torch.bool)
    for index in range(objects):
        member = membership[:, index]
        mask |= member[:, :, None] & member[:, None, :]
    return mask


class SignalStream(nn.Module):
    """Four circular convolutions of stride 2, positions, six blocks that stay inside objects."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for after in (width // 8, width // 4, width // 2, width):
            convolution = nn.Conv2d(before, after, 3, stride=2, padding=1, padding_mode="circular")
            layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        self.tokenizer = nn.ModuleDict({"layers": nn.Sequential(*layers, nn.Conv2d(width, width, 1))})
        self.transformer = Transformer(6, width, heads, dropout)

    def forward(self, values: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        tokens = self.tokenizer["layers"](values).flatten(2).transpose(1, 2)
        return self.transformer(tokens + positions, mask)


class RgbStream(nn.Module):
    """DINOv2 ViT-S/14, brought to the token grid by a valid convolution."""

    def __init__(self, width: int, kernel: int, tuned: bool, fused: bool) -> None:
        super().__init__()
        self.backbone: Any = create_model(
            "vit_small_patch14_dinov2", pretrained=False, dynamic_img_size=True, img_size=518, num_classes=0
        )
        for block in self.backbone.blocks:
            block.attn.fused_attn = fused
        (self.backbone.patch_embed if tuned else self.backbone).requires_grad_(False)
        self.match = nn.Conv2d(384, width, kernel)

    def forward(self, rgb: Tensor) -> Tensor:
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        normalized = (rgb - mean.to(rgb)[:, None, None]) / std.to(rgb)[:, None, None]
        tokens = self.backbone.forward_features(normalized)[:, 1:]
        side = math.isqrt(tokens.shape[1])
        matched = self.match(tokens.transpose(1, 2).reshape(len(rgb), -1, side, side))
        return matched.flatten(2).transpose(1, 2)


class Transformer(nn.Module):
    """Blocks without a norm after the last."""

    def __init__(self, depth: int, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        for block in self.blocks:
            tokens = block(tokens, mask)
        return tokens


class Block(nn.Module):
    """LayerNorm and attention, LayerNorm and MLP, each added to what came in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.mlp_norm = nn.LayerNorm(width)
        wide = 4 * width
        self.mlp = nn.Sequential(
            nn.Linear(width, wide), nn.GELU(), nn.Dropout(dropout), nn.Linear(wide, width), nn.Dropout(dropout)
        )
        self.drop_path = DropPath(dropout)

    def forward(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        tokens = tokens + self.drop_path(self.attention(self.attention_norm(tokens), mask))
        return tokens + self.drop_path(self.mlp(self.mlp_norm(tokens)))


class Attention(nn.Module):
    """softmax(q k' / sqrt(d)) v with every weight at hand."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(width, width)
        self.projection_dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        batch, length, width = tokens.shape
        split = (batch, length, self.heads, width // self.heads)
        q, k, v = (part.reshape(split).transpose(1, 2) for part in self.qkv(tokens).chunk(3, dim=-1))
        logits = torch.matmul(q, k.transpose(-1, -2)) * split[-1] ** -0.5
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None], -torch.finfo(logits.dtype).max)
        weights = self.dropout(functional.softmax(logits, dim=-1))
        mixed = torch.matmul(weights, v).transpose(1, 2).reshape(batch, length, width)
        return self.projection_dropout(self.projection(mixed))


class DropPath(nn.Module):
    """Zeroes samples at random in training and scales up the others."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, branch: Tensor) -> Tensor:
        if not self.training or self.probability == 0.0:
            return branch
        keep = 1 - self.probability
        return branch / keep * torch.bernoulli(torch.full((len(branch), 1, 1), keep)).to(branch)


def upscaler(width: int) -> nn.Sequential:
    """A 1x1 layer and four doublings, to one channel a pixel."""
    layers: list[nn.Module] = [nn.ConvTranspose2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU()]
    for before, after in ((width, width // 2), (width // 2, width // 4), (width // 4, width // 8)):
        layers += [
            nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1),
            nn.BatchNorm2d(after),
            nn.Conv2d(after, after, 3, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
    last = nn.ConvTranspose2d(width // 8, 1, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(*layers, last, nn.BatchNorm2d(1), nn.Conv2d(1, 1, 3, padding=1))


def sines_and_cosines(width: int, grid: int) -> Tensor:
    """``[D, h, w]``: channels of x, then of y; sines on even channels, cosines on odd ones."""
    table = torch.zeros(width, grid, grid)
    half = width // 2
    for channel in range(half):
        wavelength = 10000 ** ((channel // 2 * 2) / half)
        wave = math.cos if channel % 2 else math.sin
        code = torch.tensor([wave(place / wavelength) for place in range(grid)])
        table[channel] = code[None, :]
        table[half + channel] = code[:, None]
    return table
