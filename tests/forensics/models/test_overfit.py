"""Every family can learn eight pictures by heart."""

from pathlib import Path

import pytest
import torch
from segmentation_models_pytorch.losses import DiceLoss
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from forensics.data.batch import TrainingBatch
from forensics.data.datamodule import ForgedDataset
from forensics.data.forge import Forger, get_recipe
from forensics.data.photos import PhotoPool
from forensics.data.training_data import NetworkNeeds
from forensics.models import create_model
from forensics.models.network import FusionNetwork
from forensics.training.normalization import fit_normalization
from signals import get_signal

# By the name of a network: the signals it reads.
FEATURES = ("dct", "splicebuster_counts")
SCORES = ("adq1", "dct_ye", "ela_score", "noise_low", "splicebuster")
# Signals, steps and peak learning rate: each within two minutes of one core.
RECIPES = {
    "early_mix_tiny": (FEATURES, 150, 1e-3),
    "multistream_tiny": (FEATURES, 300, 3e-3),
    "multistream_pyramid_tiny": (FEATURES, 300, 3e-3),
    "omgfuser_feature_tiny": (FEATURES, 300, 3e-3),
    "omgfuser_score_tiny": (SCORES, 300, 3e-3),
    "owaf_tiny": (SCORES, 800, 1e-2),
    "rgb_unet_tiny": ((), 300, 3e-3),
}
PICTURES = 8
SIZE = (128, 128)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_eight_pictures_are_learned_by_heart(name: str, photo_folder: Path) -> None:
    torch.manual_seed(0)
    signals, steps, rate = RECIPES[name]
    overrides = {"stream_drop": 0.0} if signals else {}
    model = create_model(name, [get_signal(signal).spec for signal in signals], **overrides)
    batch = make_batch(model, photo_folder)
    fit_normalization(model, [batch.input])
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    dice = DiceLoss("binary")
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
    for _ in range(steps):
        output = model.train()(batch.input)
        loss = binary_cross_entropy_with_logits(output.map_logits, batch.mask) + dice(output.map_logits, batch.mask)
        loss = loss + binary_cross_entropy_with_logits(output.score_logits, batch.label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        output = model.eval()(batch.input)
    assert f1(output.map_logits > 0, batch.mask > 0.5) > 0.95
    assert torch.equal(output.score_logits > 0, batch.label > 0.5)


def make_batch(model: FusionNetwork, photos: Path) -> TrainingBatch:
    """Four forgeries and their pristine twins."""
    needs = NetworkNeeds(model.signal_names, model.patch_size, model.object_rule)
    forger = Forger(PhotoPool.open(photos), get_recipe("default"), 5)
    dataset = ForgedDataset(forger, needs, [SIZE], PICTURES)
    return TrainingBatch.of([dataset[index] for index in range(PICTURES)])


def f1(found: Tensor, truth: Tensor) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))
