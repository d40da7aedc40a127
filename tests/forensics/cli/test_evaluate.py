"""``tracefuse evaluate`` from the command line."""

import json

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from forensics.cli.evaluate import evaluate
from forensics.data.manifest import ManifestRow, write_manifest
from signals.errors import WrongUsage


@pytest.fixture
def manifest(tmp_path):
    rows = []
    (tmp_path / "maps").mkdir()
    for index in range(6):
        pixels = np.random.default_rng(index).integers(0, 256, (24, 24, 3), np.uint8)
        mask = np.zeros((24, 24), np.uint8)
        mask[:8] = 255
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        Image.fromarray(mask).save(tmp_path / f"mask{index}.png")
        Image.fromarray(mask).save(tmp_path / "maps" / f"{index}.png")
        forged = index < 3
        rows.append(
            ManifestRow(tmp_path / f"{index}.png", tmp_path / f"mask{index}.png" if forged else None, int(forged))
        )
    write_manifest(tmp_path / "manifest.csv", rows)
    return tmp_path / "manifest.csv"


def run(*arguments):
    app = typer.Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_folder_of_maps_is_scored_and_written(manifest):
    out = manifest.parent / "scores.json"
    result = run(manifest, "--maps", manifest.parent / "maps", "--out", out)
    assert result.exit_code == 0, result.output
    assert "tracefuse" in result.stdout
    stored = json.loads(out.read_text())
    assert stored["protocol"] == "tracefuse"
    assert stored["measures"]["tracefuse/pixel_f1@0.5"]["value"] == 1.0
    assert stored["measures"]["tracefuse/false_alarm_area"]["value"] == pytest.approx(1 / 3)


def test_an_excluded_picture_is_one_line_on_stderr_and_exit_code_3(manifest):
    (manifest.parent / "4.png").write_bytes(b"no picture")
    out = manifest.parent / "scores.json"
    result = run(manifest, "--maps", manifest.parent / "maps", "--out", out)
    assert result.exit_code == 3
    assert result.stderr.count("excluded:") == 1
    assert json.loads(out.read_text())["counts"]["scored"] == 5


def test_a_missing_map_is_counted_and_leaves_exit_code_0(manifest):
    (manifest.parent / "maps" / "1.png").unlink()
    out = manifest.parent / "scores.json"
    result = run(manifest, "--maps", manifest.parent / "maps", "--out", out)
    assert result.exit_code == 0
    assert json.loads(out.read_text())["counts"]["failed"] == 1
    assert "1 of them without a map" in " ".join(result.stdout.split())


def test_a_signal_is_scored_as_a_localizer(manifest):
    out = manifest.parent / "scores.json"
    result = run(manifest, "--signal", "ela_score", "--out", out)
    assert result.exit_code == 0, result.output
    stored = json.loads(out.read_text())
    assert (stored["source"]["kind"], stored["source"]["name"]) == ("signal", "ela_score")
    assert "cell" in stored["source"]["enlarged"]


@pytest.mark.parametrize(("signal", "hint"), [("ela", "ela_score"), ("ela_scor", "ela_score")])
def test_features_and_unknown_signals_are_refused_with_a_hint(manifest, signal, hint):
    error = run(manifest, "--signal", signal).exception
    assert isinstance(error, WrongUsage)
    assert hint in str(error)


def test_a_limit_keeps_both_classes_of_a_sorted_manifest(manifest):
    out = manifest.parent / "scores.json"
    assert run(manifest, "--maps", manifest.parent / "maps", "--out", out, "--limit", 2).exit_code == 0
    assert [picture["label"] for picture in json.loads(out.read_text())["pictures"]] == [1, 0]


def test_maps_and_checkpoint_exclude_each_other(manifest):
    result = run(manifest, "--maps", manifest.parent / "maps", "--checkpoint", "default")
    assert isinstance(result.exception, WrongUsage)
    result = run(manifest, "--signal", "zero", "--checkpoint", "default")
    assert isinstance(result.exception, WrongUsage)


def test_unknown_protocol_is_wrong_usage(manifest):
    assert isinstance(run(manifest, "--protocol", "best").exception, WrongUsage)
