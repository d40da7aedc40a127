"""Losses against values and gradients of published implementations, and against plain formulas."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.inputs import ModelOutput
from forensics.training.loss_terms import away_from_border, stream_loss
from forensics.training.losses import ClassAwareLoss, CrossEntropyDiceLoss, CrossEntropyLoss, TrainingLoss, Truth

GOLDEN = Path(__file__).parents[2] / "golden" / "omgfuser" / "losses.npz"


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN) as file:
        return {key: torch.from_numpy(np.asarray(file[key])).double() for key in file.files}


def said(map_logits: Tensor, score_logits: Tensor) -> ModelOutput:
    """A network without streams of their own."""
    batch = len(score_logits)
    return ModelOutput(map_logits, score_logits, torch.zeros(batch, 0, 1, 1), torch.zeros(batch, 0, dtype=torch.bool))


def total(loss: TrainingLoss, output: ModelOutput, truth: Truth) -> Tensor:
    return torch.stack(list(loss(output, truth).values())).sum()


def logits_of(golden: dict[str, Tensor], rows: slice = slice(None)) -> tuple[Tensor, Tensor]:
    return golden["pred_map"][rows].logit(), golden["pred_class"][rows, 0].logit()


def truth_of(golden: dict[str, Tensor], rows: slice = slice(None)) -> Truth:
    return Truth(golden["gt_map"][rows], golden["gt_class"][rows, 0])


@pytest.mark.parametrize(
    ("key", "loss"),
    [
        ("value_omg_total", ClassAwareLoss(dice_over="batch")),
        ("value_class_aware_bce_only", ClassAwareLoss(dice=0.0)),
        ("value_class_aware_bce_thirds", ClassAwareLoss(1 / 3, 1 / 3, 1 / 3, 0.0)),
        ("value_dice_batch", ClassAwareLoss(0.0, 0.0, 0.0, 1.0, dice_over="batch")),
    ],
)
def test_the_published_loss_has_its_published_values(golden: dict[str, Tensor], key: str, loss: ClassAwareLoss) -> None:
    found = total(loss, said(*logits_of(golden)), truth_of(golden))
    assert found.item() == pytest.approx(golden[key].item(), abs=1e-6)


def test_the_published_loss_has_its_published_gradients(golden: dict[str, Tensor]) -> None:
    map_logits, score_logits = (logits.requires_grad_() for logits in logits_of(golden))
    total(ClassAwareLoss(dice_over="batch"), said(map_logits, score_logits), truth_of(golden)).backward()
    for logits, expected in ((map_logits, golden["grad_pred_map"]), (score_logits, golden["grad_pred_class"][:, 0])):
        probability = logits.detach().sigmoid()
        assert logits.grad is not None
        torch.testing.assert_close(logits.grad, expected * probability * (1 - probability), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("row", [0, 1, 2])
def test_one_picture_has_its_published_value(golden: dict[str, Tensor], row: int) -> None:
    rows = slice(row, row + 1)
    output, truth = said(*logits_of(golden, rows)), truth_of(golden, rows)
    whole, dice = total(ClassAwareLoss(), output, truth), total(ClassAwareLoss(0.0, 0.0, 0.0, 1.0), output, truth)
    assert whole.item() == pytest.approx(golden[f"value_omg_total_sample{row}"].item(), abs=1e-6)
    assert dice.item() == pytest.approx(golden[f"value_dice_sample{row}"].item(), abs=1e-6)


def test_a_batch_is_the_mean_of_its_pictures(golden: dict[str, Tensor]) -> None:
    whole = total(ClassAwareLoss(), said(*logits_of(golden)), truth_of(golden))
    singles = [golden[f"value_omg_total_sample{row}"] for row in range(3)]
    assert whole.item() == pytest.approx(torch.stack(singles).mean().item(), abs=1e-6)


LOSSES = [ClassAwareLoss(), ClassAwareLoss(dice_over="batch"), CrossEntropyLoss(), CrossEntropyDiceLoss()]
NAMES = ["class aware", "batch dice", "cross-entropy", "cross-entropy and dice"]


@pytest.fixture
def drawn() -> tuple[ModelOutput, Truth]:
    """Two pictures of 8 x 8 pixels, drawn at random; the first is manipulated."""
    generator = torch.Generator().manual_seed(0)
    output = said(torch.randn(2, 1, 8, 8, generator=generator), torch.randn(2, generator=generator))
    return output, Truth((torch.rand(2, 1, 8, 8, generator=generator) > 0.5).float(), torch.tensor([1.0, 0.0]))


@pytest.mark.parametrize("loss", LOSSES, ids=NAMES)
def test_pixels_left_out_do_not_count(drawn: tuple[ModelOutput, Truth], loss: TrainingLoss) -> None:
    output, truth = drawn
    valid = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    valid[..., :5] = True
    padded = total(loss, output, replace(truth, valid=valid))
    cropped = replace(output, map_logits=output.map_logits[..., :5])
    torch.testing.assert_close(padded, total(loss, cropped, replace(truth, masks=truth.masks[..., :5])))


@pytest.mark.parametrize("loss", LOSSES, ids=NAMES)
def test_extreme_logits_stay_finite(loss: TrainingLoss) -> None:
    logits = torch.tensor([-200.0, 200.0]).view(1, 1, 1, 2).requires_grad_()
    truth = Truth((logits.detach() < 0).float(), torch.tensor([0.0]))
    found = total(loss, said(logits, torch.tensor([200.0])), truth)
    found.backward()
    assert torch.isfinite(found)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_the_plain_cross_entropy_weighs_all_pixels_alike(drawn: tuple[ModelOutput, Truth]) -> None:
    output, truth = drawn
    terms = CrossEntropyLoss(localization=2.0, detection=0.5)(output, truth)
    probability = output.map_logits.sigmoid()
    pixels = -(truth.masks * probability.log() + (1 - truth.masks) * (1 - probability).log())
    score = output.score_logits.sigmoid()
    pictures = -(score[0].log() + (1 - score[1]).log()) / 2
    torch.testing.assert_close(terms["localization"], 2 * pixels.mean())
    torch.testing.assert_close(terms["detection"], 0.5 * pictures)


def test_the_weighted_cross_entropy_is_that_of_two_classes_with_weights(drawn: tuple[ModelOutput, Truth]) -> None:
    output, truth = drawn
    two_classes = torch.cat([torch.zeros_like(output.map_logits), output.map_logits], dim=1)
    reference = nn.CrossEntropyLoss(weight=torch.tensor([0.5, 2.5]))(two_classes, truth.masks[:, 0].long())
    terms = CrossEntropyDiceLoss()(output, truth)
    torch.testing.assert_close(terms["cross_entropy"], 0.3 * reference)
    p, g = output.map_logits.sigmoid(), truth.masks
    dice = [1 - (2 * (p[i] * g[i]).sum() + 1) / (p[i].sum() + g[i].sum() + 1) for i in range(2)]
    torch.testing.assert_close(terms["dice"], 0.7 * torch.stack(dice).mean())


def test_a_term_without_weight_is_no_term(drawn: tuple[ModelOutput, Truth]) -> None:
    assert set(CrossEntropyLoss(detection=0.0)(*drawn)) == {"localization"}


def test_the_border_of_a_mask_can_be_left_out() -> None:
    masks = torch.zeros(1, 1, 20, 20)
    masks[..., 5:15, 5:15] = 1.0
    kept = away_from_border(masks, inside=2, outside=3)[0, 0]
    expected = torch.zeros(20, 20, dtype=torch.bool)
    expected[7:13, 7:13] = True
    outside = torch.ones(20, 20, dtype=torch.bool)
    outside[2:18, 2:18] = False
    assert torch.equal(kept, expected | outside)
    assert away_from_border(torch.ones(1, 1, 8, 8), 3, 3).all()


@pytest.mark.parametrize("loss", [ClassAwareLoss(border=(1, 1)), CrossEntropyLoss(border=(1, 1))])
def test_what_happens_at_a_border_left_out_changes_nothing(loss: TrainingLoss) -> None:
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., 4:] = 1.0
    logits = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    blurred = logits.clone()
    blurred[..., 3:5] = 7.0
    truth = Truth(masks, torch.ones(1))
    assert total(loss, said(logits, torch.zeros(1)), truth) == total(loss, said(blurred, torch.zeros(1)), truth)


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


def test_a_stream_that_was_not_there_may_hold_anything() -> None:
    masks = torch.zeros(1, 1, 16, 16)
    masks[..., :8] = 1.0
    logits = torch.zeros(1, 2, 2, 2)
    logits[:, 1] = torch.nan
    logits.requires_grad_()
    found = stream_loss(logits, torch.tensor([[True, False]]), masks)
    found.backward()
    assert found.item() == pytest.approx(np.log(2), abs=1e-6)
    assert logits.grad is not None
    assert logits.grad[:, 1].eq(0).all()


def test_patches_left_out_teach_no_stream() -> None:
    masks = torch.zeros(1, 1, 16, 32)
    masks[..., :8, :8] = 1.0
    valid = torch.ones(1, 1, 16, 32, dtype=torch.bool)
    valid[..., 16:] = False
    present = torch.tensor([[True]])
    logits = torch.tensor([0.3, -2.0, 9.0, 9.0, 0.7, 1.0, -9.0, -9.0]).view(1, 1, 2, 4)
    cropped = stream_loss(logits[..., :2], present, masks[..., :16])
    torch.testing.assert_close(stream_loss(logits, present, masks, valid), cropped)
