"""The two small networks of our own that stand in for generative editors: an auto-encoder and an upscaler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Pixels = NDArray[np.uint8]

WEIGHTS = Path(__file__).parent / "weights" / "regenerator.safetensors"
CELL = 8
ENLARGEMENT = 4


class Residual(nn.Module):
    """Two convolutions beside a short cut; ``[B, C, H, W]`` to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        inner: Tensor = self.second(F.silu(self.first(features)))
        return features + inner


class Regenerator(nn.Module):
    """Auto-encoder with a bottleneck of 1/8 of the side and ``latent`` channels.

    The decoder enlarges by nearest neighbor and convolution, as decoders of latent diffusion models do, and
    leaves traces of the same kind: sensor noise is gone, spectra repeat every eighth.

    Args:
        latent: Channels of the bottleneck.
        widths: Channels at 1/2, 1/4 and 1/8 of the side.
    """

    def __init__(self, latent: int = 16, widths: tuple[int, int, int] = (24, 48, 48)) -> None:
        super().__init__()
        self.latent = latent
        fine, middle, coarse = widths
        self.encoder = nn.Sequential(
            nn.Conv2d(3, fine, 5, stride=2, padding=2),
            Residual(fine),
            nn.Conv2d(fine, middle, 3, stride=2, padding=1),
            Residual(middle),
            nn.Conv2d(middle, coarse, 3, stride=2, padding=1),
            Residual(coarse),
            nn.Conv2d(coarse, latent, 1),
            # unit variance: the strength of noise on the latents has a meaning
            nn.BatchNorm2d(latent, affine=False),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent, coarse, 3, padding=1),
            Residual(coarse),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(coarse, middle, 3, padding=1),
            Residual(middle),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(middle, fine, 3, padding=1),
            Residual(fine),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(fine, fine // 2, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(fine // 2, 3, 3, padding=1),
        )
        # a short cut for plain color, which a small network is slow to learn
        self.color = nn.Sequential(
            nn.Conv2d(latent, 3, 1), nn.Upsample(scale_factor=CELL, mode="bilinear", align_corners=False)
        )

    def forward(self, pixels: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        """Encodes and decodes.

        Args:
            pixels: ``[B, 3, H, W]`` in -1..1; H and W multiples of 8.
            noise: Added to the latents ``[B, latent, H / 8, W / 8]``, whose deviation is one.

        Returns:
            ``[B, 3, H, W]``, about -1..1.
        """
        return self.decode(self.encoder(pixels) + noise)

    def decode(self, latents: Tensor) -> Tensor:
        """``[B, latent, h, w]`` to ``[B, 3, 8 h, 8 w]``."""
        decoded: Tensor = self.decoder(latents) + self.color(latents)
        return decoded


class Upscaler(nn.Module):
    """Enlarges four times: bicubic plus what a few convolutions add (sub-pixel convolution, Shi et al. 2016).

    Args:
        width: Channels inside.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        layers = [
            nn.Conv2d(3, width, 3, padding=1),
            Residual(width),
            Residual(width),
            nn.Conv2d(width, 3 * ENLARGEMENT**2, 3, padding=1),
        ]
        # training starts from plain bicubic
        for parameter in layers[-1].parameters():
            nn.init.zeros_(parameter)
        self.body = nn.Sequential(*layers, nn.PixelShuffle(ENLARGEMENT))

    def forward(self, pixels: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in -1..1 to ``[B, 3, 4 H, 4 W]``."""
        smooth = F.interpolate(pixels, scale_factor=ENLARGEMENT, mode="bicubic", align_corners=False)
        details: Tensor = self.body(pixels)
        return smooth + details


class Networks(nn.Module):
    """Both networks, as they lie in one file of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.regenerator = Regenerator()
        self.upscaler = Upscaler()


@lru_cache(maxsize=1)
def load_networks(path: Path = WEIGHTS) -> Networks:
    """The networks with the weights that ship, for inference on the CPU."""
    networks = Networks()
    networks.load_state_dict({name: values.float() for name, values in load_file(path).items()})
    return networks.eval().requires_grad_(False)


def regenerate(pixels: Pixels, strength: float = 0.0, seed: int = 0) -> Pixels:
    """Passes a picture through the auto-encoder.

    Args:
        pixels: uint8 RGB ``[H, W, 3]``.
        strength: Deviation of the noise on the latents, in their own deviations: 0 rebuilds, from about 0.3 on the
            noise is plain to see.
        seed: Of that noise.

    Returns:
        uint8 RGB ``[H, W, 3]``.
    """
    height, width = pixels.shape[:2]
    rows, columns = -(-height // CELL), -(-width // CELL)
    padded = np.pad(pixels, ((0, rows * CELL - height), (0, columns * CELL - width), (0, 0)), mode="edge")
    network = load_networks().regenerator
    noise = np.random.default_rng(seed).standard_normal((1, network.latent, rows, columns), dtype=np.float32)
    with _one_thread(), torch.inference_mode():
        decoded = network(_to_tensor(padded), strength * torch.from_numpy(noise))
    return _to_pixels(decoded)[:height, :width]


def enlarge(pixels: Pixels) -> Pixels:
    """Enlarges uint8 RGB ``[H, W, 3]`` four times with the learned upscaler."""
    with _one_thread(), torch.inference_mode():
        return _to_pixels(load_networks().upscaler(_to_tensor(pixels)))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order whatever the caller's number of threads: the same bytes in every worker."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _to_tensor(pixels: Pixels) -> Tensor:
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
    return torch.from_numpy(planes).float() / 127.5 - 1


def _to_pixels(tensor: Tensor) -> Pixels:
    levels = ((tensor[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())
