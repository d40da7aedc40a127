"""A predictor that says what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forensics.analysis.analyzer import Analyzer
from forensics.inference.prediction import Prediction
from forensics.objects import ObjectMasks
from signals import SignalMap, SignalSpec

DCT = SignalSpec("dct", "1", {"levels": 21}, channels=3, stride=8, dtype="uint8")
COUNTS = SignalSpec("splicebuster_counts", "1", channels=2, stride=8, offset=4, dtype="uint8")


class FakePredictor:
    """Marks the upper left quarter, in stored orientation."""

    checkpoint: Any = SimpleNamespace(name="fake", sha256="0123456789abcdef" * 4, specs=(DCT, COUNTS))

    def __init__(self, score: float = 0.9, peak: float = 0.8, usable: tuple[bool, bool] = (True, False)) -> None:
        self.score, self.peak, self.usable = score, peak, usable
        self.decoded = 1.0

    def predict(self, evidence: Any, explain: bool = False) -> Prediction:
        height, width = evidence.pixels.shape[:2]
        map_ = np.full((height, width), 0.1, dtype=np.float32)
        map_[: height // 2, : width // 2] = self.peak
        valid = np.broadcast_to(np.arange(height)[:, None] < self.decoded * height, (height, width))
        signals = tuple(
            self._signal(spec, usable, height, width) for spec, usable in zip((DCT, COUNTS), self.usable, strict=True)
        )
        objects = ObjectMasks(np.ones((1, 4, 4), dtype=np.bool_), height, width)
        return Prediction(map_, valid, self.score, signals, objects, {"decode": 0.1, "network": 0.2})

    def _signal(self, spec: SignalSpec, usable: bool, height: int, width: int) -> SignalMap:
        if not usable:
            return SignalMap.unusable(spec, "It was told not to.")
        shape = spec.grid(height, width)
        values = np.random.default_rng(3).integers(0, 20, (spec.channels, *shape), dtype=np.uint8)
        return SignalMap(spec, values, np.ones(shape, dtype=np.bool_))


@pytest.fixture
def analyzer() -> Callable[..., Analyzer]:
    """Makes an analyzer around a fake predictor."""

    def make(**settings: Any) -> Analyzer:
        decoded = settings.pop("decoded", 1.0)
        predictor = FakePredictor(**settings)
        predictor.decoded = decoded
        return Analyzer(predictor)

    return make


@pytest.fixture
def pixels() -> np.ndarray:
    """A smooth picture with noise, 96 x 128."""
    random = np.random.default_rng(7)
    ramp = np.linspace(40, 200, 128)[None, :, None] + random.normal(0, 6, (96, 128, 3))
    return ramp.clip(0, 255).astype(np.uint8)
