"""The page that teaches to add a signal is true: its code is the template's, its commands run, its network reads it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from forensics.data.sample import SampleReader, SampleTensors
from forensics.objects import RegionMerging
from signals import Evidence, Signal, get_signal
from signals.extraction import extract

CHECKOUT = Path(__file__).resolve().parent.parent
TEMPLATE = CHECKOUT / "examples" / "signal_plugin"
PAGE = (CHECKOUT / "docs" / "add-a-signal.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
NEEDED = ("color_roughness.py", "pyproject.toml")
WIDTH, HEIGHT = 163, 110


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files with what ``pip install -e .`` would leave beside them, and a photo with colors."""
    folder = tmp_path_factory.mktemp("package")
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    installed = folder / f"color_roughness-{project['version']}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    ((group, points),) = project["entry-points"].items()
    lines = [f"{name} = {target}" for name, target in points.items()]
    (installed / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")
    pixels = np.random.default_rng(0).integers(0, 250, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "photo.jpg", quality=95)
    return folder


def run(package: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(package), str(CHECKOUT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=package, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def blocks(kind: str, holding: str) -> str:
    (block,) = (block for block in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) if holding in block)
    return block


def test_the_page_and_the_template_are_one() -> None:
    template = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATE.iterdir() if path.is_file()}
    template.pop("README.md")
    assert template == FILES


def test_it_takes_few_lines() -> None:
    assert sum(FILES[name].count("\n") for name in NEEDED) <= 60


def test_the_commands_give_a_picture(package: Path) -> None:
    commands = blocks("bash", "tracefuse").splitlines()
    assert commands[0] == "pip install -e ."
    for command in commands[1:]:
        program, *arguments = command.split()
        assert program == "tracefuse"
        said = run(package, "-m", "forensics", *arguments)
        if arguments == ["signals", "list"]:
            (line,) = (line for line in said.splitlines() if line.split()[:1] == ["color_roughness"])
            assert "Reads how rough" in line
    with Image.open(package / "map.png") as drawn:
        assert drawn.size == (WIDTH, HEIGHT)
        assert len(drawn.getcolors()) > 20
    with np.load(package / "map.npz") as saved:
        assert saved["values"].shape == (1, -(-HEIGHT // 8), -(-WIDTH // 8))
        assert saved["usable"]


def test_its_test_passes(package: Path) -> None:
    said = run(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "test_color_roughness.py")
    assert re.search(r"^5 passed", said, re.MULTILINE)


@pytest.fixture
def installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package, seen by this process too until the test ends."""
    monkeypatch.setattr("signals.registry._instances", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(package)
    return package


def test_a_network_reads_it(installed: Path) -> None:
    namespace: dict[str, Any] = {}
    exec(blocks("python", "create_model"), namespace)
    model = namespace["model"].eval()
    assert model.signal_names == ("dct", "color_roughness")
    reader = SampleReader(tuple(get_signal(name) for name in model.signal_names), RegionMerging())
    sample = reader.read(Evidence.open(installed / "photo.jpg"))
    inputs = SampleTensors.of(sample, model.patch_size, model.object_rule).whole()
    assert inputs.signals["color_roughness"].present.all()
    with torch.inference_mode():
        found = model(inputs)
    assert found.map_logits.isfinite().all()
    without = replace(inputs, signals={"dct": inputs.signals["dct"]})
    with torch.inference_mode():
        assert not torch.equal(model(without).map_logits, found.map_logits)


@pytest.mark.parametrize(("name", "inside", "outside"), [("splice", 0.27, 0.08), ("copy_move", 0.33, 0.30)])
def test_its_numbers_are_right(installed: Path, name: str, inside: float, outside: float) -> None:
    found = extract(get_signal("color_roughness"), Evidence.open(CHECKOUT / "examples" / f"{name}.jpg"))
    mask = np.asarray(Image.open(CHECKOUT / "examples" / "masks" / f"{name}_jpg.png"))[::8, ::8] > 0
    for area, mean in ((mask, inside), (~mask, outside)):
        assert found.values[0][area & found.valid].mean() == pytest.approx(mean, abs=0.006)
        assert f"{mean:.2f}" in PAGE


def test_the_detector_of_the_page_works() -> None:
    namespace: dict[str, Any] = {}
    exec(blocks("python", "from_callable"), namespace)
    signal = namespace["glow"]()
    assert isinstance(signal, Signal)
    found = extract(signal, Evidence.from_pixels(np.full((20, 33, 3), 51, dtype=np.uint8)))
    np.testing.assert_allclose(found.values, 0.2, atol=1e-6)
