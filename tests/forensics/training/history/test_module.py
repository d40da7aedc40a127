from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from forensics.training.history.data import Batch
from forensics.training.history.module import HistoryModule, contrastive_loss, pooled, verification_auc


def clusters(spread: float) -> torch.Tensor:
    """Three histories of four vectors each."""
    random = torch.Generator().manual_seed(0)
    centers = torch.eye(3, 8).repeat_interleave(4, dim=0)
    return functional.normalize(centers + spread * torch.randn(12, 8, generator=random), dim=1)


def test_the_contrast_written_plainly() -> None:
    vectors, temperature = clusters(0.5), 0.2
    total, count = 0.0, 0
    for one in range(12):
        others = [other for other in range(12) if other != one]
        picks = {other: math.exp(float(vectors[one] @ vectors[other]) / temperature) for other in others}
        for other in others:
            if other // 4 == one // 4:
                total, count = total - math.log(picks[other] / sum(picks.values())), count + 1
    assert contrastive_loss(vectors, 4, temperature).item() == pytest.approx(total / count, rel=1e-4)


def test_the_contrast_is_least_where_histories_are_apart() -> None:
    losses = [contrastive_loss(clusters(spread), 4, 0.1).item() for spread in (0.01, 0.3, 3.0)]
    assert losses == sorted(losses)
    assert losses[0] == pytest.approx(math.log(3), abs=0.01)


def test_verification_leaves_pairs_of_one_content_out() -> None:
    assert verification_auc(clusters(0.01), 4).item() == 1
    contents_alone = torch.eye(4).repeat(3, 1)
    assert verification_auc(contents_alone, 4).item() == pytest.approx(0.5)


def test_pooling_takes_the_middle_and_what_all_share_off() -> None:
    features = torch.zeros(2, 3, 6, 6)
    features[0, 0, 2:4, 2:4], features[1, 1, 2:4, 2:4] = 1, 1
    features[:, :, 0, 0] = 50
    vectors = pooled(features + 7, 2)
    assert vectors[0] == pytest.approx([0.5**0.5, -(0.5**0.5), 0], abs=1e-5)
    assert vectors[1] == pytest.approx([-(0.5**0.5), 0.5**0.5, 0], abs=1e-5)


def test_it_learns_what_sets_histories_apart() -> None:
    """Noise of two kinds on contents of two brightnesses: the loss of a small batch falls."""
    torch.manual_seed(0)
    noise = torch.randn(2, 4, 3, 48, 48)
    noise[1] = functional.avg_pool2d(noise[1], 3, 1, 1) * 3
    levels = torch.tensor([80.0, 160.0, 80.0, 160.0])[:, None, None, None]
    pixels = (levels + 5 * noise).flatten(0, 1).clamp(0, 255).to(torch.uint8)
    unknown = torch.full((2,), -1.0)
    batch = Batch(pixels, 4, torch.full((2, 2), -1), unknown, torch.zeros(2))
    module = HistoryModule()
    module.log_dict = lambda *_: None  # type: ignore[method-assign]
    optimizer = torch.optim.Adam(module.parameters(), 1e-3)
    module.train()
    for _ in range(12):
        loss = module.training_step(batch, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    vectors = pooled(module.network(pixels.float()), 0)
    assert verification_auc(vectors, 4).item() > 0.95
