from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from forensics.models.checkpoint import find_checkpoint


def test_safetensors_hold_all_that_a_checkpoint_does(tracefuse, tiny_checkpoint: Path, tmp_path: Path) -> None:
    ran = tracefuse(
        "export", tiny_checkpoint, "--format", "safetensors", "--out", tmp_path / "deep" / "one.safetensors"
    )
    assert ran.exit_code == 0
    assert "without a difference" in ran.out
    checkpoint = find_checkpoint(tiny_checkpoint)
    with safe_open(tmp_path / "deep" / "one.safetensors", "pt") as file:
        assert json.loads(file.metadata()["tracefuse"]) == dict(checkpoint.fields)
        for name, value in checkpoint.build().state_dict().items():
            assert torch.equal(file.get_tensor(name), value)


def test_wrong_calls(tracefuse, tiny_checkpoint: Path, tmp_path: Path) -> None:
    ran = tracefuse("export", "nowhere", "--out", tmp_path / "x.onnx")
    assert (ran.exit_code, ran.err.count("\n")) == (4, 1)
    assert tracefuse("export", tiny_checkpoint, "--format", "pickle", "--out", tmp_path / "x").exit_code == 2
    (tmp_path / "file").write_bytes(b"")
    ran = tracefuse("export", tiny_checkpoint, "--format", "safetensors", "--out", tmp_path / "file" / "x")
    assert (ran.exit_code, ran.err.count("\n")) == (5, 1)


def test_onnx_tells_the_parity_it_measured(tracefuse, tiny_checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    ran = tracefuse("export", tiny_checkpoint, "--out", tmp_path / "tiny.onnx")
    assert ran.exit_code == 0, ran.err
    assert "parity over 3 batches" in ran.out
    assert (tmp_path / "tiny.onnx").stat().st_size > 1e5
