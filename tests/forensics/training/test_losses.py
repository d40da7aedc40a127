"""The loss against values and gradients of the published implementation."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from forensics.training.losses import LossWeights, class_aware_bce, dice_loss, localization_detection_loss, stream_loss

GOLDEN = Path(__file__).parents[2] / "golden" / "omgfuser" / "losses.npz"


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN) as file:
        return {key: torch.from_numpy(np.asarray(file[key])).double() for key in file.files}


def published_total(golden: dict[str, Tensor], weights: LossWeights, rows: slice) -> tuple[Tensor, Tensor, Tensor]:
    """The loss with Dice over the batch at once, as published; and the logits it was computed from."""
    map_logits = golden["pred_map"][rows].logit().requires_grad_()
    score_logits = golden["pred_class"][rows, 0].logit().requires_grad_()
    masks = golden["gt_map"][rows]
    detection = torch.nn.functional.binary_cross_entropy_with_logits(score_logits, golden["gt_class"][rows, 0])
    manipulated, authentic = class_aware_bce(map_logits, masks, torch.ones_like(masks, dtype=torch.bool))
    dice = dice_loss(map_logits.sigmoid().reshape(1, -1), masks.reshape(1, -1)).mean()
    total = weights.detection * detection + weights.manipulated * manipulated.mean()
    total = total + weights.authentic * authentic.mean() + weights.dice * dice
    return total, map_logits, score_logits


@pytest.mark.parametrize(
    ("key", "weights"),
    [
        ("value_omg_total", LossWeights()),
        ("value_class_aware_bce_only", LossWeights(dice=0.0)),
        ("value_class_aware_bce_thirds", LossWeights(1 / 3, 1 / 3, 1 / 3, 0.0)),
        ("value_dice_batch", LossWeights(0.0, 0.0, 0.0, 1.0)),
    ],
)
def test_terms_match_published_values(golden: dict[str, Tensor], key: str, weights: LossWeights) -> None:
    total, _, _ = published_total(golden, weights, slice(None))
    assert total.item() == pytest.approx(golden[key].item(), abs=1e-6)


def test_gradients_match_published_values(golden: dict[str, Tensor]) -> None:
    total, map_logits, score_logits = published_total(golden, LossWeights(), slice(None))
    total.backward()
    for logits, expected in ((map_logits, golden["grad_pred_map"]), (score_logits, golden["grad_pred_class"][:, 0])):
        probability = logits.detach().sigmoid()
        assert logits.grad is not None
        torch.testing.assert_close(logits.grad, expected * probability * (1 - probability), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("row", [0, 1, 2])
def test_one_picture_matches_published_value(golden: dict[str, Tensor], row: int) -> None:
    rows = slice(row, row + 1)
    arguments = (
        golden["pred_map"][rows].logit(),
        golden["pred_class"][rows, 0].logit(),
        golden["gt_map"][rows],
        golden["gt_class"][rows, 0],
    )
    assert localization_detection_loss(*arguments).item() == pytest.approx(
        golden[f"value_omg_total_sample{row}"].item(), abs=1e-6
    )
    only_dice = localization_detection_loss(*arguments, LossWeights(0.0, 0.0, 0.0, 1.0))
    assert only_dice.item() == pytest.approx(golden[f"value_dice_sample{row}"].item(), abs=1e-6)


def test_a_batch_is_the_mean_of_its_pictures(golden: dict[str, Tensor]) -> None:
    whole = localization_detection_loss(
        golden["pred_map"].logit(), golden["pred_class"][:, 0].logit(), golden["gt_map"], golden["gt_class"][:, 0]
    )
    singles = [golden[f"value_omg_total_sample{row}"] for row in range(3)]
    assert whole.item() == pytest.approx(torch.stack(singles).mean().item(), abs=1e-6)


def test_pixels_left_out_do_not_count() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 8, 8, generator=generator)
    masks = torch.rand(2, 1, 8, 8, generator=generator) > 0.5
    scores, labels = torch.randn(2, generator=generator), torch.tensor([1, 0])
    valid = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    valid[..., :5] = True
    padded = localization_detection_loss(logits, scores, masks, labels, valid=valid)
    cropped = localization_detection_loss(logits[..., :5], scores, masks[..., :5], labels)
    torch.testing.assert_close(padded, cropped)


def test_extreme_logits_stay_finite() -> None:
    logits = torch.tensor([-200.0, 200.0]).view(1, 1, 1, 2).requires_grad_()
    loss = localization_detection_loss(logits, torch.tensor([200.0]), 1 - logits.detach().sign(), torch.tensor([0.0]))
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_the_streams_own_loss_weighs_both_classes_alike_and_leaves_absent_streams_out() -> None:
    masks = torch.zeros(2, 1, 32, 32)
    masks[0, :, :16, :16] = 1.0
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]]).repeat(2, 2, 1, 1)
    present = torch.tensor([[True, False], [True, True]])
    loss = functional.softplus
    manipulated = (loss(-logits[0, 0, 0, 0]) + (loss(torch.tensor([-1.0, 0.5, 3.0]))).mean()) / 2
    pristine = loss(torch.tensor([2.0, -1.0, 0.5, 3.0])).mean() / 2
    found = stream_loss(logits, present, masks)
    torch.testing.assert_close(found, (manipulated + 2 * pristine) / 3)


def test_without_stream_heads_their_loss_is_zero() -> None:
    empty = torch.zeros(2, 0, 4, 4)
    assert stream_loss(empty, torch.zeros(2, 0, dtype=torch.bool), torch.zeros(2, 1, 64, 64)) == 0
