"""What the default run leaves out: the GPU, and a photo of twelve megapixels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from forensics.inference import Predictor
from signals import Evidence

MEASURE = """
import json, resource, sys
import numpy as np
from forensics.inference import Predictor
from signals import Evidence
prediction = Predictor.load(sys.argv[1], "cpu").predict(Evidence.open(sys.argv[2]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"shape": prediction.map.shape, "finite": bool(np.isfinite(prediction.map).all()), "peak": peak}))
"""


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that PyTorch can use")
def test_the_gpu_says_what_the_cpu_says(tiny_checkpoint: Path) -> None:
    evidence = Evidence.from_pixels(np.random.default_rng(0).integers(0, 256, (300, 260, 3), dtype=np.uint8))
    on_cpu, on_gpu = (Predictor.load(tiny_checkpoint, device).predict(evidence) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(on_gpu.map, on_cpu.map, atol=1e-3)
    assert on_gpu.score == pytest.approx(on_cpu.score, abs=1e-3)


@pytest.mark.slow
def test_twelve_megapixels_stay_below_four_gigabytes(tiny_checkpoint: Path, tmp_path: Path) -> None:
    small = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "large.jpg"), cv2.resize(small, (4000, 3000), interpolation=cv2.INTER_CUBIC))
    command = [sys.executable, "-c", MEASURE, str(tiny_checkpoint), str(tmp_path / "large.jpg")]
    measured = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert measured["shape"] == [3000, 4000]
    assert measured["finite"]
    assert measured["peak"] < 4e9
