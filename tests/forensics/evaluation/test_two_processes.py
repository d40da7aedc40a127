"""Two processes give the numbers of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("two_processes.py")


def script() -> ModuleType:
    spec = spec_from_file_location("two_processes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_two_processes_give_the_numbers_of_one(tmp_path):
    """A sampler repeats a picture to fill the last round; one process has nothing at all."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), "2", str(tmp_path / "two.json")]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    two, one = json.loads((tmp_path / "two.json").read_text()), json.loads(json.dumps(script().scored(0, 1)))
    assert one.keys() == two.keys()
    for key, expected in one.items():
        assert expected["pictures"] == two[key]["pictures"], key
        assert expected["measures"] == two[key]["measures"], key
