"""Runs the command line in this process with a predictor that needs no checkpoint."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensics.analysis.analyzer import Analyzer
from forensics.cli.main import run
from forensics.inference.prediction import Prediction
from forensics.objects import ObjectMasks
from signals import SignalMap, SignalSpec
from signals.errors import CheckpointMissing

SPEC = SignalSpec("dct", "1", channels=2, stride=8, dtype="uint8")


class FakePredictor:
    """Says 0.9 of every picture."""

    checkpoint: Any = SimpleNamespace(name="fake", sha256="ab" * 32, specs=(SPEC,))

    def predict(self, evidence: Any, explain: bool = False) -> Prediction:
        height, width = evidence.pixels.shape[:2]
        if evidence.name == "fault.png":
            raise RuntimeError("a fault\nin two lines")
        shape = SPEC.grid(height, width)
        signal = SignalMap(SPEC, np.ones((2, *shape), np.uint8), np.ones(shape, np.bool_))
        valid = np.broadcast_to(np.arange(height)[:, None] < evidence.decoded_rows, (height, width))
        map_ = np.full((height, width), 0.7, np.float32)
        return Prediction(map_, valid, 0.9, (signal,), ObjectMasks(np.zeros((0, 4, 4), np.bool_), height, width))


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    exit_code: int
    out: str
    err: str


@pytest.fixture
def tracefuse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ran]:
    """Runs ``tracefuse`` with arguments in ``tmp_path``."""

    def load(checkpoint: str = "default", device: str = "auto") -> Analyzer:
        if checkpoint != "default":
            raise CheckpointMissing(f"checkpoint {checkpoint}: not found; give another")
        return Analyzer(FakePredictor())

    def command(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["tracefuse", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            run()
        printed = capsys.readouterr()
        return Ran(int(left.value.code or 0), printed.out, printed.err)

    monkeypatch.setattr(Analyzer, "load", staticmethod(load))
    monkeypatch.chdir(tmp_path)
    return command


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """Bytes of a noisy JPEG of any size."""

    def make(width: int = 160, height: int = 96, seed: int = 0) -> bytes:
        noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(noise).save(file, "JPEG", quality=90)
        return file.getvalue()

    return make


@pytest.fixture
def bomb() -> bytes:
    """A PNG whose header promises 50000 x 50000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
