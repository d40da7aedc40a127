"""What a validation measures: where, and whether."""

from __future__ import annotations

from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import BinaryAUROC
from torchmetrics.functional.classification import binary_auroc

from forensics.models.inputs import ModelOutput

METRICS = ("auc", "f1", "score_auc")


class ValidationMetrics(nn.Module):
    """Means over the forged pictures of all processes, and one curve over all pictures.

    ``auc``: mean exact pixel AUC; ``f1``: mean pixel F1 at the logit 0, both over the forged pictures that have
    authentic pixels too; ``score_auc``: AUC of the score over forged and authentic pictures.
    """

    def __init__(self) -> None:
        super().__init__()
        self.auc = MeanMetric()
        self.f1 = MeanMetric()
        self.score_auc = BinaryAUROC()

    def update(self, output: ModelOutput, masks: Tensor, labels: Tensor, valid: Tensor | None) -> None:
        """Adds a batch: masks ``[B, 1, H, W]``, labels ``[B]``, ``valid`` bool like the masks or None."""
        self.score_auc.update(output.score_logits, labels.int())
        for number, mask in enumerate(masks > 0.5):
            logits, counted = output.map_logits[number], None if valid is None else valid[number]
            truth = mask.flatten() if counted is None else mask[counted]
            found = logits.flatten() if counted is None else logits[counted]
            if truth.any() and not truth.all():
                self.auc.update(binary_auroc(found.float(), truth.int()))
                self.f1.update(_f1(found > 0, truth))


def _f1(marked: Tensor, truth: Tensor) -> Tensor:
    return 2 * (marked & truth).sum() / (marked.sum() + truth.sum())
