"""Every built-in signal can be a stream of a network."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image

from forensics.data.sample import SampleReader, SampleTensors
from forensics.models import create_model
from forensics.objects import RegionMerging
from signals import Evidence, get_signal, list_signals


def test_all_signals_together() -> None:
    random = np.random.default_rng(3)
    base = Image.fromarray(random.integers(0, 256, (24, 30, 3), dtype=np.uint8)).resize((330, 250))
    pixels = np.clip(np.asarray(base) + random.normal(0, 4, (250, 330, 3)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=85)
    signals = tuple(get_signal(name) for name in list_signals())
    sample = SampleReader(signals, RegionMerging()).read(Evidence.open(buffer.getvalue()))
    assert [found.reason for found in sample.signals if not found.usable] == []
    torch.manual_seed(0)
    model = create_model("omgfuser_feature_tiny", [signal.spec for signal in signals]).eval()
    with torch.no_grad():
        output = model(SampleTensors.of(sample, model.patch_size, model.object_rule).whole())
    assert torch.isfinite(output.map_logits).all()
    assert torch.isfinite(output.score_logits).all()
