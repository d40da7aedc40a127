"""The loop on a set whose forgeries are red: whoever marks red is right wherever the mask follows."""

import json

import numpy as np
import pytest
from PIL import Image

from forensics.data.manifest import ManifestRow, read_manifest, write_manifest
from forensics.evaluation.evaluate import evaluate
from forensics.evaluation.maps import MapResult
from forensics.evaluation.protocols import get_protocol
from forensics.evaluation.result import EvaluatedSet
from forensics.evaluation.robustness.keep import KeptPictures
from forensics.evaluation.robustness.perturbation import Perturbation
from forensics.evaluation.robustness.report import draw_curves, to_json, to_markdown
from forensics.evaluation.robustness.run import open_perturbed, run
from forensics.evaluation.robustness.suite import Suite, load_suite
from forensics.evaluation.robustness.table import table
from forensics.evaluation.truth import Excluded
from signals.orientation import upright

HEIGHT, WIDTH = 128, 176


class MarksRed:
    """Marks red pixels, upright; one signal that reads JPEG files alone. Remembers what it was shown."""

    description = {"kind": "maps", "name": "red"}  # noqa: RUF012

    def __init__(self):
        self.shown = []

    def map_of(self, row, evidence):
        self.shown.append((row.image.name, evidence.type, evidence.sha256))
        pixels = evidence.pixels.astype(int)
        red = (pixels[..., 0] - pixels[..., 1:].max(axis=2) > 60).astype(np.float32)
        red = upright(red, evidence.orientation)
        return MapResult(red, float(red.any()), signals={"jpeg_only": evidence.type == "jpeg", "always": True})


def perturbations(*titles):
    chosen = [p for p in load_suite("tracefuse").perturbations if p.title in titles]
    assert len(chosen) == len(titles)
    return Suite("mine", "a few", tuple(chosen))


@pytest.fixture
def rows(tmp_path):
    """Four forged JPEGs, one of them stored turned by a quarter, and two authentic ones."""
    random = np.random.default_rng(0)
    found = []
    for number in range(6):
        pixels = np.repeat(random.integers(90, 130, (HEIGHT, WIDTH, 1)), 3, axis=2).astype(np.uint8)
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[24 : 80 + 4 * number, 96:152] = True
        if number < 4:
            pixels[mask] = (235, 15, 15)
        exif = Image.Exif()
        if number == 0:  # shown as 128 x 176, stored as 176 x 128
            exif[274] = 6
            pixels = np.ascontiguousarray(np.rot90(pixels))
        image, path = tmp_path / f"{number}.jpg", tmp_path / f"{number}-mask.png"
        Image.fromarray(pixels).save(image, quality=95, exif=exif)
        Image.fromarray(np.uint8(255) * mask).save(path)
        found.append(ManifestRow(image, path if number < 4 else None, int(number < 4), {"source": f"s{number}"}))
    return found


def scored(rows, suite, **options):
    return run(rows, MarksRed(), get_protocol("tracefuse"), suite, **options)


def test_whoever_sees_the_forgery_is_right_at_every_level(rows):
    suite = perturbations("jpeg 70", "resize 0.5", "crop +3, +5", "noise 7")
    found = scored(rows, suite)
    for level in found.levels:
        measures = {measure.name: measure for measure in level.evaluation.measures}
        assert measures["tracefuse/pixel_f1@0.5"].value > 0.93
        assert measures["tracefuse/score_auc"].value == 1.0
        assert measures["tracefuse/pixel_f1@0.5"].prior.mean < 0.6
    assert found.families == ("jpeg", "resize", "crop", "noise")
    assert [len(found.of_family(family)) for family in found.families] == [2] * 4


def test_the_prior_moves_with_the_mask(rows):
    """A screenshot puts the picture somewhere on a screen: somebody who guesses at its middle scores differently."""
    clean, shot = scored(rows[1:2], perturbations("screenshot display")).levels
    assert shot.measure("tracefuse/pixel_f1@0.5").value > 0.93
    priors = [level.measure("tracefuse/pixel_auc").prior.mean for level in (clean, shot)]
    assert abs(priors[0] - priors[1]) > 0.02


def test_clean_is_the_evaluation_itself(rows):
    found = scored(rows, perturbations("blur 3"))
    assert found.clean.measures == evaluate(rows, MarksRed(), get_protocol("tracefuse")).measures


def test_the_files_that_are_scored(rows):
    maps = MarksRed()
    run(rows[:1], maps, get_protocol("tracefuse"), perturbations("jpeg 70", "webp 75", "blur 3"))
    assert [kind for _, kind, _ in maps.shown] == ["jpeg", "jpeg", "webp", "png"]
    assert {name for name, _, _ in maps.shown} == {"0.jpg"}
    again = MarksRed()
    run(rows[:1], again, get_protocol("tracefuse"), perturbations("jpeg 70", "webp 75", "blur 3"))
    assert again.shown == maps.shown


def test_signals_that_stayed_usable_are_counted(rows):
    clean, jpeg, blur = scored(rows, perturbations("jpeg 70", "blur 3")).levels
    assert clean.usable == jpeg.usable == {"jpeg_only": 6, "always": 6}
    assert blur.usable == {"jpeg_only": 0, "always": 6}


class ReadsJpegAlone(MarksRed):
    """Blind to any other file, as the signals of JPEG compression are."""

    def map_of(self, row, evidence):
        if evidence.type != "jpeg":
            return MapResult(None, failure="no JPEG", signals={"jpeg_only": False})
        return super().map_of(row, evidence)


def test_a_tool_that_falls_silent_is_no_hole_in_its_curve(rows):
    found = run(rows, ReadsJpegAlone(), get_protocol("tracefuse"), perturbations("blur 3"))
    silent = found.levels[1]
    values = [silent.measure(f"tracefuse/{name}").value for name in ("pixel_f1@0.5", "pixel_auc", "score_auc")]
    assert values == [0.0, 0.5, 0.5]
    assert silent.evaluation.counts["failed"] == 6
    areas = {area.measure: area.area for area in found.areas()}
    assert areas["tracefuse/score_auc"] == pytest.approx((1 + 0.5) / 2)


def test_what_is_finished_is_handed_out_level_by_level(rows, tmp_path):
    write_manifest(tmp_path / "set.csv", rows[:2])
    seen = []
    scored(rows[:2], perturbations("jpeg 70", "blur 3"), finished=seen.append)
    assert [len(found.levels) for found in seen] == [1, 2, 3]
    stored = [to_json(found, EvaluatedSet.of(tmp_path / "set.csv"), False) for found in seen]
    assert [content["complete"] for content in stored] == [False, False, True]
    assert [bool(content["areas"]) for content in stored] == [False, False, True]


def test_a_mask_that_vanishes_is_excluded_by_name(rows, tmp_path):
    dot = np.zeros((HEIGHT, WIDTH), np.uint8)
    dot[50, 50] = 255
    Image.fromarray(dot).save(rows[1].mask)
    found = scored(rows, perturbations("resize 0.25"))
    assert [level.evaluation.counts["excluded"] for level in found.levels] == [0, 1]
    exclusion = found.levels[1].evaluation.excluded[0]
    assert exclusion.image.endswith("1.jpg")
    assert "nothing of what its mask marks is left after resize 0.25" in exclusion.reason
    assert all(area.value.n <= 5 for area in found.areas())


def test_a_file_cut_short_is_not_perturbed(rows):
    data = rows[1].image.read_bytes()
    rows[1].image.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(Excluded, match="cut short"):
        open_perturbed(rows[1], load_suite("span").perturbations[0])


def test_what_cannot_be_done_here_is_named(rows, monkeypatch):
    monkeypatch.setattr(Perturbation, "missing", lambda self: "no encoder" if self.family == "avif" else None)
    found = scored(rows[:2], perturbations("avif 60", "blur 3"))
    assert [(skipped.family, skipped.reason) for skipped in found.skipped] == [("avif", "no encoder")]
    assert found.families == ("blur",)


def test_kept_pictures_are_sets_of_their_own(rows, tmp_path):
    kept = KeptPictures(tmp_path / "kept", tmp_path)
    found = scored(rows, perturbations("resize 0.5", "jpeg 70"), keep=kept)
    for name, level in (("resize-0.5", found.levels[2]), ("jpeg-70", found.levels[1])):
        again = read_manifest(tmp_path / "kept" / name / "manifest.csv")
        assert [row.columns["source"] for row in again] == [f"s{number}" for number in range(6)]
        repeated = evaluate(again, MarksRed(), get_protocol("tracefuse"))
        assert repeated.measures == level.evaluation.measures


def test_the_page_and_the_numbers_agree(rows, tmp_path):
    write_manifest(tmp_path / "set.csv", rows)
    found, of = scored(rows, perturbations("jpeg 70", "noise 7", "noise 23")), EvaluatedSet.of(tmp_path / "set.csv")
    stored = json.loads(json.dumps(to_json(found, of, False), allow_nan=False))
    assert [(level["family"], level["level"]) for level in stored["levels"]] == [
        ("clean", None),
        ("jpeg", 70),
        ("noise", 7),
        ("noise", 23),
    ]
    assert stored["levels"][2]["signals"]["jpeg_only"]["usable"] == 0
    assert {area["family"] for area in stored["areas"]} == {"jpeg", "noise"}
    page = to_markdown(found, of, False)
    for level in stored["levels"]:
        assert f"{level['measures']['tracefuse/pixel_f1@0.5']['value']:.3f}" in page
        assert f"{level['measures']['tracefuse/pixel_f1@0.5']['prior']['mean']:.3f}" in page
    assert "| noise | 23 | 0 of 6 | 6 of 6 |" in page
    assert table(found, of.name).row_count == 4


def test_curves_are_drawn_for_each_measure_of_the_page(rows, tmp_path):
    write_manifest(tmp_path / "set.csv", rows)
    found = scored(rows, perturbations("jpeg 70", "noise 7"))
    drawn = draw_curves(found, EvaluatedSet.of(tmp_path / "set.csv"))
    assert set(drawn) == {"pixel_f1_at_0.5", "pixel_auc", "score_auc"}
