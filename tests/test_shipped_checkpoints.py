"""Every checkpoint that ships: small, half precision, free to use, and able to judge a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from forensics import Analyzer
from forensics.models.checkpoint import find_checkpoint, list_checkpoints

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

SAID = ("How it was made", "Measured", "Limits", "Matched controls", "Calibration", "Apache-2.0")

each = pytest.mark.parametrize("name", list_checkpoints())


@each
def test_it_is_small_and_half_precise(name: str) -> None:
    folder = find_checkpoint(name).folder
    assert sum(path.stat().st_size for path in folder.iterdir()) < 60e6
    weights = load_file(folder / "model.safetensors")
    large = [tensor for tensor in weights.values() if tensor.is_floating_point() and tensor.numel() > 10_000]
    assert large
    assert all(tensor.dtype == torch.float16 for tensor in large)


@each
@pytest.mark.parametrize("said", SAID)
def test_its_card_says(name: str, said: str) -> None:
    assert said in (find_checkpoint(name).folder / "README.md").read_text(encoding="utf-8")


@each
def test_it_judges_a_picture(name: str) -> None:
    report = Analyzer.load(name, "cpu").analyze(EXAMPLES / "splice.jpg")
    assert report.map.shape == (832, 1184)
    assert np.isfinite(report.map).all()
    assert report.to_json()["log10_likelihood_ratio"] is not None
