"""Training in several processes: sums over all of them, with the gradients that one process would have."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as processes
from lightning.pytorch.plugins import TorchSyncBatchNorm
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import Tensor, nn

# Parts of networks of all families.
AFTER_FUSION = ("long_range", "decoder", "localization", "detection", "confidence")


def batch_sum(values: Tensor) -> Tensor:
    """Sums a tensor elementwise over all processes; without others it is the tensor itself.

    A loss made of such sums has, once DDP or FSDP has averaged the gradients of the processes, the gradient of one
    process that saw all batches at once, whatever function of the sums it is. A count by which one process divides must
    be such a sum too.

    Args:
        values: Of any shape, the same in all processes.
    """
    if not (processes.is_available() and processes.is_initialized()) or processes.get_world_size() == 1:
        return values
    total: Tensor = _SumOverProcesses.apply(values)
    return total


def batch_mean(values: Tensor, weights: Tensor | None = None) -> Tensor:
    """Weighted mean over all values of all processes, a scalar; 0 where nothing has weight.

    Args:
        values: Of any shape.
        weights: Of the same shape, or bool for values to keep or leave out; all alike if None.
    """
    weights = torch.ones_like(values) if weights is None else weights.to(values)
    total, count = batch_sum(torch.stack([(values * weights).sum(), weights.sum()]))
    mean: Tensor = total / torch.where(count > 0, count, 1.0)
    return mean


def allow_absent_streams(strategy: Strategy) -> None:
    """Lets processes go on together where one of them has no picture with some stream.

    The stream's parameters are then unused there. DDP is told to find them, unless the user has said otherwise.
    Finding them, rather than touching all with a zero, keeps what no process used without a gradient, as in one
    process: zeros would still be moved by weight decay and momentum. And where batch norms are synchronized, only those
    are that run in every process: one in a stream would wait for those that left it out.
    """
    if isinstance(strategy, DDPStrategy):
        strategy._ddp_kwargs.setdefault("find_unused_parameters", True)
    if isinstance(getattr(strategy, "_layer_sync", None), TorchSyncBatchNorm):
        strategy._layer_sync = SyncAfterFusion()  # type: ignore[attr-defined]


class SyncAfterFusion(TorchSyncBatchNorm):
    """Synchronizes the batch norms behind the fusion, which every picture passes."""

    def apply(self, model: nn.Module) -> nn.Module:
        """Takes and gives the module under training."""
        network = model.get_submodule("model")
        for name, part in network.named_children():
            if name in AFTER_FUSION:
                setattr(network, name, super().apply(part))
        return model


class _SumOverProcesses(torch.autograd.Function):
    """All-reduces forward. Backward it only multiplies: the averaging of the gradients does the rest."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.detach().clone()
        processes.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return gradient * processes.get_world_size()
