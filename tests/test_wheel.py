"""The wheel alone, outside the checkout, analyzes a picture with the checkpoint it carries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel; the dependencies come from the environment of the tests."""
    built, target = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built], cwd=CHECKOUT, check=True)
    (wheel,) = built.glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", target, wheel]
    subprocess.run(install, check=True)
    return target


def run(installed: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=installed, env=environment, capture_output=True, text=True, check=False
    )


def test_it_is_the_wheel_that_runs(installed: Path) -> None:
    where = run(installed, "-c", "import forensics, signals; print(forensics.__file__, signals.__file__)")
    assert where.stdout.count(str(installed)) == 2


def test_it_analyzes_a_picture(installed: Path, tmp_path: Path) -> None:
    picture = CHECKOUT / "examples" / "forged.jpg"
    done = run(installed, "-m", "forensics", "analyze", picture, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "forged" / "report.json").read_text())
    assert report["checkpoint"]["name"] == "default"
    assert (tmp_path / "forged" / "report.html").stat().st_size > 10_000


def test_it_carries_the_configurations(installed: Path) -> None:
    found = run(installed, "-c", "from forensics.resources import configs_dir; print(*configs_dir().glob('*.yaml'))")
    assert "base.yaml" in found.stdout
    assert str(installed) in found.stdout
