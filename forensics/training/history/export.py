"""From the trained network to the file of weights that the signal reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from safetensors.torch import save
from scipy.linalg import eigh

from forensics.training.history.data import Batch, HistoryData
from forensics.training.history.module import HistoryModule
from signals.noise.learned.network import NoiseExtractor

Array = NDArray[np.float64]


class ExportNoise(Callback):
    """Writes the weights at the end of training, in 16-bit floats and without the auxiliary heads.

    Args:
        file: The file of weights.
        batches: Training batches by which the channels are scaled and ordered.
    """

    def __init__(self, file: Path = Path("noise.safetensors"), batches: int = 100) -> None:
        self._file, self._batches = file, batches

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file of a fit that came to its end."""
        assert isinstance(pl_module, HistoryModule)
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, HistoryData)
        network = exported(pl_module.network, data.some_batches(self._batches))
        self._file.write_bytes(save({name: v.half().contiguous() for name, v in network.state_dict().items()}))


def exported(network: NoiseExtractor, batches: Iterable[Batch]) -> NoiseExtractor:
    """Folds the network and turns its channels: within a history they vary by 1, and the first tells histories best.

    The turn is that of linear discriminant analysis (Fisher 1936): distances between cells with the same history
    then are as large in every direction.

    Args:
        network: A trained network; it is changed.
        batches: Patches by which cells with the same history are compared.

    Returns:
        The same network, for inference.
    """
    network.fold()
    mean, within, between = scatter(network, batches)
    _, directions = eigh(between, within)
    turn = torch.from_numpy(np.ascontiguousarray(directions.T[::-1]))
    with torch.no_grad():
        weight, bias = network.head.weight.double(), network.head.bias.double()  # type: ignore[union-attr]
        network.head.weight.copy_((turn @ weight.flatten(1)).view_as(weight))
        network.head.bias.copy_(turn @ (bias - torch.from_numpy(mean)))  # type: ignore[union-attr]
    return network


@torch.inference_mode()
def scatter(network: NoiseExtractor, batches: Iterable[Batch]) -> tuple[Array, Array, Array]:
    """Of the features of inner cells: mean ``[24]``, covariance within histories and of histories' means ``[24, 24]``.

    Histories are compared within a batch, where all went through one last chain.
    """
    means, within, between = [], [], []
    for batch in batches:
        features = network(batch.pixels.float())[:, :, 2:-2, 2:-2]
        histories = len(features) // batch.contents
        cells = features.permute(0, 2, 3, 1).reshape(histories, -1, features.shape[1]).double().numpy()
        centers = cells.mean(axis=1)
        means.append(centers.mean(axis=0))
        inner = (cells - centers[:, None]).reshape(-1, cells.shape[2])
        within.append(inner.T @ inner / len(inner))
        outer = centers - centers.mean(axis=0)
        between.append(outer.T @ outer / len(outer))
    return tuple(np.mean(parts, axis=0) for parts in (means, within, between))
