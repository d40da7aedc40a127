from __future__ import annotations

import hashlib
import json

from forensics.models.checkpoint import FORMAT

CHECKPOINT = {
    "format": FORMAT,
    "model": "m",
    "arguments": {},
    "signals": [],
    "operating_point": {"map_logit": 0.0, "score_logit": 0.0},
}


def test_shows_what_there_is(tracefuse) -> None:
    ran = tracefuse("info")
    assert ran.exit_code == 0
    for word in ("torch", "Devices", "cpu", "cuda", "Checkpoints", "splicebuster_counts"):
        assert word in ran.out


def test_describes_a_checkpoint(tracefuse, tmp_path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    fields = json.dumps({**CHECKPOINT, "training": {"seed": 7}, "parent": None}).encode()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "checkpoint.json").write_bytes(fields)
    ran = tracefuse("info", folder)
    assert ran.exit_code == 0
    assert hashlib.sha256(b"weights" + fields).hexdigest() in ran.out
    rows = {row.split()[0]: row.split(maxsplit=1)[1] for row in ran.out.splitlines()}
    assert rows["training.seed"] == "7"
    assert rows["parent"] == "unknown"


def test_missing_checkpoint_is_4(tracefuse) -> None:
    ran = tracefuse("info", "nowhere")
    assert (ran.exit_code, ran.err.count("\n")) == (4, 1)
