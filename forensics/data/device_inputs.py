"""What a network reads of forgeries that never became files: their signals, read on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from forensics.data.batch import TrainingBatch
from forensics.data.device_objects import batch_membership
from forensics.data.forge.torch import ForgedBatch
from forensics.models.inputs import ModelInput, SignalInput
from forensics.objects import Rule
from signals import torch as batched
from signals.compression.dct import Dct
from signals.errors import WrongUsage
from signals.noise.high_pass import REACH

_TOP = int(Dct.spec.parameters["levels"]) - 1


def training_batch(batch: ForgedBatch, signals: Sequence[str], patch: int, rule: Rule, first: int = 0) -> TrainingBatch:
    """Reads signals and objects of a batch.

    Args:
        batch: Pictures whose sides are multiples of the patch size.
        signals: Names of signals, from :func:`list_device_signals`.
        patch: Patch size of the network in pixels.
        rule: When an object owns a patch.
        first: Number of the first picture, for the names.

    Raises:
        WrongUsage: A signal cannot be read on the device, or the patch size does not fit the pictures.
    """
    check_needs(signals, patch, (batch.pixels.shape[2], batch.pixels.shape[3]))
    inputs = ModelInput(
        rgb=batch.pixels.float() / 255,
        signals={name: _READERS[name](batch) for name in signals},
        membership=batch_membership(batch.pixels, patch, rule),
    )
    names = tuple(f"device forgery {number}" for number in range(first, first + len(batch)))
    return TrainingBatch(inputs, batch.mask.float(), batch.label.float(), names=names)


def check_needs(signals: Sequence[str], patch: int, size: tuple[int, int]) -> None:
    """Tells before the first batch whether there will be one.

    Raises:
        WrongUsage: There will be none, and why.
    """
    unknown = [name for name in signals if name not in _READERS]
    if unknown:
        raise WrongUsage(
            f"signal {', '.join(unknown)} cannot be read on the device; choose from {', '.join(list_device_signals())},"
            " or train with ForgedDataModule, which reads every signal"
        )
    if any(side % patch for side in size):
        raise WrongUsage(f"pictures of {size[0]} x {size[1]} are no whole patches of {patch}; choose multiples of it")


def list_device_signals() -> list[str]:
    """Names of the signals that can be read on the device."""
    return sorted(_READERS)


def _dct(batch: ForgedBatch) -> SignalInput:
    """The coefficients are those of the last save: nothing is decoded for them."""
    cells = batch.coefficients.clamp(-_TOP, _TOP).abs().to(torch.uint8).flatten(3)
    return SignalInput(
        values=cells.permute(0, 3, 1, 2).contiguous(),
        valid=torch.ones(cells.shape[:3], dtype=torch.bool, device=cells.device),
        # flat pictures have no signal
        present=cells[..., 1:].flatten(1).any(dim=1),
        side={"quantization_table": batch.tables[:, 0].float(), "was_jpeg": batch.was_jpeg.float()},
    )


def _splicebuster_counts(batch: ForgedBatch) -> SignalInput:
    counts = batched.splicebuster_counts(batch.pixels)
    # one class along and one across: every residual is zero
    return SignalInput(counts.values, counts.valid, present=counts.values.flatten(2).any(dim=2).sum(dim=1) > 2)


def _ela(batch: ForgedBatch) -> SignalInput:
    values = batched.ela(batch.pixels)
    return SignalInput(values, torch.ones_like(values[:, 0], dtype=torch.bool), torch.ones_like(batch.was_jpeg))


def _high_pass(read: Callable[[Tensor], Tensor]) -> Callable[[ForgedBatch], SignalInput]:
    def read_batch(batch: ForgedBatch) -> SignalInput:
        values = read(batch.pixels)
        valid = torch.zeros_like(values[:, 0], dtype=torch.bool)
        valid[:, REACH:-REACH, REACH:-REACH] = True
        return SignalInput(values, valid, present=values.flatten(1).any(dim=1))

    return read_batch


_READERS: dict[str, Callable[[ForgedBatch], SignalInput]] = {
    "bayar": _high_pass(batched.bayar),
    "dct": _dct,
    "ela": _ela,
    "splicebuster_counts": _splicebuster_counts,
    "srm": _high_pass(batched.srm),
}
