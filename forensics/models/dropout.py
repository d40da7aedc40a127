"""Dropout and drop path that cost little on a CPU."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

Rows = slice | Tensor


class Dropout(nn.Dropout):
    """:class:`torch.nn.Dropout`, whose random numbers would cost a CPU more time than the matrix products around it.

    On a CPU the probability is rounded to a multiple of 2^-16, and what is kept is scaled by the rounded one.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Takes and gives any shape."""
        if not self.training or self.p == 0.0 or not draws_in_numpy(values):
            return super().forward(values)
        return values * draw_kept(values.shape, self.p, seeded_bits(draw_seed())) * (1 / share_kept(self.p))


class DropPath(nn.Module):
    """Zeroes whole samples of a residual branch in training and scales up the others.

    Source: Huang et al., Deep Networks with Stochastic Depth (2016).
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, branch: Tensor) -> Tensor:
        """Takes and gives ``[B, N, D]``."""
        if not self.training or self.probability == 0.0:
            return branch
        return branch * (self._draw(branch).to(branch.dtype) / (1 - self.probability))[:, None, None]

    def add(self, stem: Tensor, branch: Callable[[Rows], Tensor]) -> Tensor:
        """Adds a branch to a stem ``[B, N, D]``, which on a CPU is not even computed for the samples that skip it.

        Args:
            stem: What the branch is added to.
            branch: The samples, as an index of the batch -> what the branch makes of them.
        """
        if not self.training or self.probability == 0.0:
            return stem + branch(slice(None))
        if not draws_in_numpy(stem):  # a GPU would have to be waited for to learn how many samples stay
            return stem + self.forward(branch(slice(None)))
        rows = self._draw(stem).nonzero()[:, 0]
        scale = 1 / (1 - self.probability)
        if len(rows) == len(stem):
            return stem + branch(slice(None)) * scale
        return stem.index_add(0, rows, (branch(rows) * scale).to(stem.dtype))

    def _draw(self, tokens: Tensor) -> Tensor:
        return torch.rand(len(tokens), device=tokens.device) >= self.probability


def draws_in_numpy(values: Tensor) -> bool:
    """Whether random numbers for ``values`` come from NumPy: on a CPU, outside of compiled graphs."""
    return values.device.type == "cpu" and not torch.compiler.is_compiling()


def draw_seed() -> int:
    """A seed from torch's own generator, so that ``torch.manual_seed`` fixes what is drawn with it."""
    return int(torch.randint(2**62, ()).item())


def seeded_bits(seed: int) -> np.random.SFC64:
    """A source of random bits, the same for the same seed."""
    return np.random.SFC64(seed)


def draw_kept(shape: torch.Size, probability: float, bits: np.random.SFC64) -> Tensor:
    """What dropout keeps: int8 ones, and zeros with ``probability``."""
    count = math.prod(shape)
    words = bits.random_raw(-(-count // 4))
    kept = words.view(np.uint16)[:count] >= round(probability * 2**16)
    # bytes, because torch multiplies by booleans many times slower
    return torch.from_numpy(kept.view(np.int8)).view(shape)


def share_kept(probability: float) -> float:
    """The share that :func:`draw_kept` keeps on average."""
    return 1 - round(probability * 2**16) / 2**16
