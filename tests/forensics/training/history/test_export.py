from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.training.history.__main__ import main
from forensics.training.history.data import Batch
from forensics.training.history.export import exported, scatter
from signals.noise.learned.network import NoiseExtractor
from signals.noise.learned.noise import load_network


def batches() -> list[Batch]:
    random = torch.Generator().manual_seed(0)
    unknown = torch.full((4,), -1.0)
    strengths = torch.tensor([1.0, 3.0, 9.0, 27.0]).repeat_interleave(3)[:, None, None, None]
    return [
        Batch(
            (128 + strengths * torch.randn(12, 3, 64, 64, generator=random)).clamp(0, 255).to(torch.uint8),
            3, torch.full((4, 2), -1), unknown, torch.zeros(4),
        )
        for _ in range(2)
    ]  # fmt: skip


def test_channels_vary_by_one_and_the_first_tells_most() -> None:
    torch.manual_seed(0)
    network = exported(NoiseExtractor(), batches())
    mean, within, between = scatter(network, batches())
    assert np.allclose(within, np.eye(len(within)), atol=1e-2)
    assert np.allclose(mean, 0, atol=1e-2)
    told = np.diag(between)
    assert told[0] > 1
    assert (np.diff(told) <= 1e-2 * told[0]).all()


@pytest.mark.slow
def test_one_command_makes_weights_that_the_signal_can_read(photo_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "noise.safetensors"
    small = {
        "data.photos": photo_folder,
        "data.blocks": 1,
        "data.validation_split": "test",
        "data.validation_blocks": 1,
        "data.batches": 2,
        "trainer.max_epochs": 1,
        "trainer.precision": "32-true",
        "trainer.logger.init_args.save_dir": tmp_path,
        "trainer.enable_checkpointing": "false",
        "trainer.enable_model_summary": "false",
        "export.batches": 2,
        "export.file": file,
    }
    main([f"--{name}={value}" for name, value in small.items()])
    network = load_network(file)
    assert not network.training
    assert torch.isfinite(network(torch.rand(1, 3, 64, 64) * 255)).all()
