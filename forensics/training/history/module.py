"""Training of the extractor: supervised contrast between histories, and auxiliary heads."""

from __future__ import annotations

from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.functional.classification import binary_auroc

from forensics.training.history.data import Batch
from signals.noise.learned.network import NoiseExtractor

# Cells along one side of the windows that are compared; 0 stands for all.
_WINDOWS = (0, 4, 2)
_DESCRIBED = 96


class HistoryModule(LightningModule):
    """Patches with the same history are to be near each other, whatever they show.

    Args:
        learning_rate: Highest of one cycle.
        weight_decay: Of AdamW.
        temperature: Of the contrast.
        auxiliary: Weight of the heads for phase, quality and scale.

    Source: supervised contrastive loss of Khosla et al. (NeurIPS 2020), equation 2.
    """

    def __init__(
        self,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-3,
        temperature: float = 0.2,
        auxiliary: float = 0.2,
    ) -> None:
        super().__init__()
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.temperature, self.auxiliary = temperature, auxiliary
        self.network = NoiseExtractor().to(memory_format=torch.channels_last)
        # rows, columns, quality, scale
        self.heads = nn.ModuleList(nn.Linear(_DESCRIBED, size) for size in (8, 8, 1, 1))

    def training_step(self, batch: Batch, number: int) -> Tensor:
        """The loss of a batch, at a window of one of three sizes."""
        described = self._describe(batch)
        features = self.network.head(described).float()
        window = _WINDOWS[int(torch.randint(len(_WINDOWS), ()))]
        compared = [pooled(features, size) for size in sorted({0, window})]
        contrast = torch.stack([contrastive_loss(each, batch.contents, self.temperature) for each in compared]).sum()
        told = self._auxiliary_loss(described.float().mean(dim=(2, 3)), batch)
        loss = contrast + self.auxiliary * told
        self.log_dict({"train/loss": loss, "train/told": told})
        return loss

    def validation_step(self, batch: Batch, number: int) -> None:
        """Logs how well the same history is told from another one, for other contents, whole patches and windows."""
        features = self.network.head(self._describe(batch)).float()
        for size in _WINDOWS:
            auc = verification_auc(pooled(features, size), batch.contents)
            self.log(f"val/auc_{size or 'all'}", auc, batch_size=1, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW with one cycle of the learning rate."""
        optimizer = torch.optim.AdamW(self.parameters(), self.learning_rate, weight_decay=self.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.learning_rate, total_steps=steps, pct_start=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}

    def _describe(self, batch: Batch) -> Tensor:
        return self.network.describe(batch.pixels.float().contiguous(memory_format=torch.channels_last))

    def _auxiliary_loss(self, described: Tensor, batch: Batch) -> Tensor:
        rows, columns, quality, scale = (head(described) for head in self.heads)
        phase, known, size = (
            target.repeat_interleave(batch.contents, dim=0) for target in (batch.phase, batch.quality, batch.scale)
        )
        loss = functional.smooth_l1_loss(scale[:, 0], size)
        if (known >= 0).any():
            loss = loss + functional.smooth_l1_loss(10 * quality[known >= 0, 0], 10 * known[known >= 0])
        if (phase >= 0).any():
            for found, place in zip((rows, columns), phase.T, strict=True):
                loss = loss + functional.cross_entropy(found, place, ignore_index=-1)
        return loss


def pooled(features: Tensor, size: int) -> Tensor:
    """Unit vectors ``[N, C]`` of features ``[N, C, h, w]``: means over the middle ``size`` x ``size`` cells, or all.

    What all of the batch have in common, as the last saving, is taken off first: in a picture it says nothing either.
    """
    if size:
        top, left = ((side - size) // 2 for side in features.shape[2:])
        features = features[:, :, top : top + size, left : left + size]
    means = features.mean(dim=(2, 3))
    return functional.normalize(means - means.mean(dim=0), dim=1)


def contrastive_loss(vectors: Tensor, contents: int, temperature: float) -> Tensor:
    """Minus the mean log probability of picking a vector of the same history among all others.

    Args:
        vectors: Unit vectors ``[R * C, D]``, history by history.
        contents: C.
        temperature: Divides the cosines.
    """
    same = same_history(len(vectors), contents, vectors.device)
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    logits = (vectors @ vectors.T / temperature).masked_fill(itself, -torch.inf)
    log_probability = (logits - logits.logsumexp(dim=1, keepdim=True)).masked_fill(itself, 0)
    return -(log_probability * (same & ~itself)).sum() / (same & ~itself).sum()


def verification_auc(vectors: Tensor, contents: int) -> Tensor:
    """AUC of cosines: pairs of the same history against pairs of different ones, never of the same content.

    Args:
        vectors: Unit vectors ``[R * C, D]``, history by history.
        contents: C.
    """
    content = torch.arange(len(vectors), device=vectors.device) % contents
    pairs = (content[:, None] != content).triu()
    same = same_history(len(vectors), contents, vectors.device)
    return binary_auroc((vectors @ vectors.T)[pairs], same[pairs].long())


def same_history(count: int, contents: int, device: torch.device) -> Tensor:
    """bool ``[N, N]``: which of N vectors, history by history, share one."""
    history = torch.arange(count, device=device) // contents
    return history[:, None] == history
