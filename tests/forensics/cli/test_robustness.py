"""``tracefuse robustness``, ``compare`` and ``leaderboard`` from the command line."""

import json

import numpy as np
import pytest
from PIL import Image

from forensics.data.manifest import ManifestRow, write_manifest

SUITE = """
name: mine
about: two levels
perturbations:
  - {family: jpeg, level: 70, steps: [{name: jpeg, quality: 70}]}
  - {family: noise, level: 15, steps: [{name: noise, sigma: 15}]}
"""


@pytest.fixture
def manifest(tmp_path):
    rows = []
    for number in range(4):
        random = np.random.default_rng(number)
        image, mask = tmp_path / f"{number}.jpg", tmp_path / f"{number}-mask.png"
        Image.fromarray(random.integers(0, 256, (96, 96, 3), np.uint8)).save(image, quality=92)
        marked = np.zeros((96, 96), np.uint8)
        marked[24:64, 32:80] = 255
        Image.fromarray(marked).save(mask)
        rows.append(ManifestRow(image, mask if number < 2 else None, int(number < 2)))
    write_manifest(tmp_path / "set.csv", rows)
    (tmp_path / "mine.yaml").write_text(SUITE)
    return tmp_path / "set.csv"


def test_robustness_writes_numbers_page_and_curves(tracefuse, manifest):
    ran = tracefuse("robustness", manifest, "--signal", "ela_score", "--preset", "mine.yaml", "--out", "out")
    assert ran.exit_code == 0, ran.err
    assert "noise 15" in ran.out
    out = manifest.parent / "out"
    stored = json.loads((out / "robustness.json").read_text())
    assert stored["schema"] == "robustness/1"
    assert [level["counts"]["scored"] for level in stored["levels"]] == [4, 4, 4]
    assert stored["levels"][1]["signals"] == {"ela_score": {"usable": 4}}
    assert "## Area under the curves" in (out / "robustness.md").read_text()
    for name in ("pixel_f1_at_0.5.png", "pixel_auc.png", "score_auc.png"):
        with Image.open(out / name) as image:
            assert image.width == 2 * 320
    assert not (out / "perturbed").exists()


def test_robustness_keeps_pictures_where_asked(tracefuse, manifest):
    arguments = ("--signal", "ela_score", "--preset", "mine.yaml", "--out", "out", "--limit", 2, "--keep")
    assert tracefuse("robustness", manifest, *arguments).exit_code == 0
    kept = sorted(path.name for path in (manifest.parent / "out" / "perturbed" / "jpeg-70" / "images").iterdir())
    assert kept == ["0.jpg.jpg", "2.jpg.jpg"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--signal", "ela_score", "--checkpoint", "default"), "only one of them"),
        (("--signal", "ela_score", "--preset", "spam"), "did you mean span"),
        (("--signal", "ela_score", "--as-coded"), "leave it out"),
    ],
)
def test_robustness_refuses_in_one_line(tracefuse, manifest, arguments, words):
    ran = tracefuse("robustness", manifest, *arguments)
    assert ran.exit_code == 2
    assert words in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.fixture
def results(tracefuse, manifest):
    for signal in ("ela_score", "noise_low"):
        assert tracefuse("evaluate", manifest, "--signal", signal, "--out", f"{signal}.json").exit_code == 0
    return manifest.parent / "ela_score.json", manifest.parent / "noise_low.json"


def test_compare_and_leaderboard_read_what_evaluate_wrote(tracefuse, results):
    ran = tracefuse("compare", *results, "--out", "difference.json")
    assert ran.exit_code == 0, ran.err
    assert "pixel_auc" in ran.out
    stored = json.loads((results[0].parent / "difference.json").read_text())
    assert stored["shared"] == 4
    for name, row in stored["measures"].items():
        files = [json.loads(path.read_text())["measures"][name]["value"] for path in results]
        assert row["difference"]["mean"] == pytest.approx(files[1] - files[0], abs=1e-9)
    for page in ("board.md", "board.html"):
        ran = tracefuse("leaderboard", *results, "--out", page)
        assert ran.exit_code == 0, ran.err
        text = (results[0].parent / page).read_text()
        assert "signal ela_score" in text
        assert "prior: blind guess" in text


def test_compare_names_what_is_missing_in_one(tracefuse, manifest, results):
    assert tracefuse("evaluate", manifest, "--signal", "blk", "--limit", 2, "--out", "few.json").exit_code == 0
    ran = tracefuse("compare", results[0], "few.json")
    assert ran.exit_code == 0
    assert "only in ela_score.json, not compared: 1.jpg, 3.jpg" in ran.err


def test_compare_names_a_measure_that_one_file_alone_has(tracefuse, results):
    stored = json.loads(results[0].read_text())
    del stored["measures"]["tracefuse/pixel_auc"]
    results[0].with_name("less.json").write_text(json.dumps(stored))
    ran = tracefuse("compare", "less.json", results[1])
    assert ran.exit_code == 0, ran.err
    assert "Not compared, B alone has them: pixel_auc." in " ".join(ran.out.split())


def test_compare_refuses_another_protocol(tracefuse, manifest, results):
    arguments = ("--signal", "blk", "--protocol", "imdlbenco", "--out", "other.json")
    assert tracefuse("evaluate", manifest, *arguments).exit_code == 0
    ran = tracefuse("compare", results[0], "other.json")
    assert (ran.exit_code, len(ran.err.strip().splitlines())) == (2, 1)
    assert "different protocols" in ran.err


def test_a_folder_stands_for_the_evaluations_in_it(tracefuse, results):
    folder = results[0].parent
    assert tracefuse("compare", *results, "--out", "difference.json").exit_code == 0
    ran = tracefuse("leaderboard", folder, "--out", "board.md")
    assert ran.exit_code == 0, ran.err
    assert "2 results" in ran.out
    assert "difference.json: left out" in ran.err


def test_a_leaderboard_is_markdown_or_html(tracefuse, results):
    ran = tracefuse("leaderboard", *results, "--out", "board.txt")
    assert ran.exit_code == 2
    assert "name it .md or .html" in ran.err
