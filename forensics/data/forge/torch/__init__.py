"""Forgeries in batches on the device: what the forge makes file by file, as tensor operations on CPU or GPU."""

from __future__ import annotations

from forensics.data.forge.torch.bank import PhotoBank
from forensics.data.forge.torch.forger import DeviceForger, ForgedBatch

__all__ = ["DeviceForger", "ForgedBatch", "PhotoBank"]
