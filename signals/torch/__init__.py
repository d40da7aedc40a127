"""Signals of whole batches in PyTorch, on CPU or GPU: for crops that are altered while a network is trained.

Each takes ``[B, 3, H, W]`` RGB, uint8 or floating point in 0..255, and gives what the NumPy form gives for each crop.

>>> import torch
>>> from signals.torch import splicebuster_counts
>>> splicebuster_counts(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).values.shape
torch.Size([2, 50, 8, 8])
"""

from __future__ import annotations

from signals.torch.bayar import ConstrainedConvolution
from signals.torch.dct import dct
from signals.torch.ela import ela
from signals.torch.high_pass import bayar, splicebuster_residual, srm
from signals.torch.recompression import recompressed
from signals.torch.splicebuster_counts import BatchCounts, splicebuster_counts

__all__ = [
    "BatchCounts",
    "ConstrainedConvolution",
    "bayar",
    "dct",
    "ela",
    "recompressed",
    "splicebuster_counts",
    "splicebuster_residual",
    "srm",
]
