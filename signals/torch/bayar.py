"""The constrained convolution of Bayar and Stamm, to be trained as the first layer of a network.

Bayar and Stamm, "Constrained convolutional neural networks", TIFS 2018, section III-B.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from signals.errors import WrongUsage
from signals.noise.bayar import BANK, UNIT

_BEGIN = torch.from_numpy(BANK.kernels).float() / UNIT


class ConstrainedConvolution(nn.Module):
    """Filters whose center weighs -1 and whose other weights sum to 1, whatever the optimizer does to them.

    The first three filters of every input channel begin as the predictors of :mod:`signals.noise.bayar`; further
    ones as random mixtures of these. The constraint is part of the forward pass, so no step after the optimizer's is
    needed.

    Args:
        channels: Channels C of the input; 1 for grey, 3 for RGB.
        filters: Filters F.
    """

    def __init__(self, channels: int = 3, filters: int = 3) -> None:
        super().__init__()
        if min(channels, filters) < 1:
            raise WrongUsage(f"{channels} channels and {filters} filters: both must be at least 1.")
        mixture = torch.eye(filters, 3)
        if filters > 3:
            mixture[3:] = torch.distributions.Dirichlet(torch.ones(3)).sample((filters - 3,))
        begin = torch.einsum("fk,kyx->fyx", mixture, _BEGIN)
        self.weight = nn.Parameter(begin[:, None].repeat(1, channels, 1, 1))

    def constrained(self) -> Tensor:
        """The weights that are used: ``[F, C, 5, 5]``."""
        outside = torch.ones_like(self.weight)
        outside[..., 2, 2] = 0
        free = self.weight * outside
        # What is missing to 1 is shared by all neighbors: dividing by the sum, as in the paper, fails at a sum of 0.
        missing = (1 - free.sum(dim=(2, 3), keepdim=True)) / outside[0, 0].sum()
        return (free + missing) * outside - (1 - outside)

    def forward(self, pixels: Tensor) -> Tensor:
        """Mean over the channels of prediction minus pixel: ``[B, C, H, W]`` to ``[B, F, H, W]``, edges repeated."""
        framed = functional.pad(pixels, (2, 2, 2, 2), mode="replicate")
        return functional.conv2d(framed, self.constrained() / self.weight.shape[1])
