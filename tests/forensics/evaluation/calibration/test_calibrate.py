from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from forensics.calibration.calibration import Calibration
from forensics.evaluation.calibration.calibrate import CalibrationReport, Settings, calibrate, to_json
from forensics.evaluation.calibration.false_alarms import count_alarms, fit_threshold, flags, flags_of_others
from forensics.evaluation.calibration.gates import FILE, FILE_AND_SIGNALS, NOTHING, choose_gate, is_found, worth_finding
from forensics.evaluation.calibration.measuring import Measured
from forensics.evaluation.calibration.ratios import fit_ratios, judge_ratios
from forensics.evaluation.calibration.report import calibration_markdown, calibration_page, false_alarm_sentence
from signals.errors import WrongUsage

SETTINGS = Settings("ab" * 32, "cd" * 32, "calibration", 0, 0.05)
FAMILIES = ("splice", "copy_move", "removal")
DEGRADATIONS = ("as forged", "saved anew 50")


def photos(cameras: int = 20, drift: float = 0.5, seed: int = 0) -> list[Measured]:
    """Versions of pristine photos whose scores rise with size."""
    random = np.random.default_rng(seed)
    rows = []
    for camera in range(cameras):
        own = random.normal(0, 0.2)
        for name, size in (("original", 2.4), ("jpeg 85", 2.4), ("half", 0.6), ("256 px", 0.066)):
            logit = own + drift * np.log2(size) + random.normal(0, 0.5)
            facts = {"megapixels": size, "quality": 85.0, "is_jpeg": 1.0}
            rows.append(Measured(f"photo {camera}", f"camera {camera}", name, "", float(logit), 0.01, 0, 0, facts))
    return rows


def generated(distance: float = 3.0, seed: int = 1, helpful: str = "quality") -> list[Measured]:
    """Forgeries and twins; the named fact decides whether the model sees an edit."""
    random = np.random.default_rng(seed)
    rows = []
    for pair in range(240):
        quality, flat = float(random.integers(40, 100)), float(random.random())
        seen = {"quality": (quality - 40) / 60, "flat": 1 - flat, "none": 0.5}[helpful]
        hit = random.random() < expit(12 * (seen - 0.5))
        facts = {"megapixels": 0.5, "quality": quality, "is_jpeg": 1.0, "flat": flat}
        for family in (FAMILIES[pair % 3], ""):
            logit = random.normal(distance * hit * bool(family), 0.7)
            area, overlap = (0.1, 0.5 * hit) if family else (0.0, 0.0)
            kind = DEGRADATIONS[pair % 2]
            camera = f"photo {pair % 20}"
            rows.append(Measured(camera, camera, kind, family, float(logit), 0.05, area, float(overlap), facts))
    return rows


@pytest.fixture(scope="module")
def report() -> CalibrationReport:
    return calibrate(photos(), generated(), SETTINGS)


def test_pristine_photos_of_new_cameras_are_flagged_as_often_as_asked(report: CalibrationReport) -> None:
    unseen = photos(cameras=1000, seed=9)
    flagged = flags(unseen, report.calibration.threshold)
    sizes = np.array([photo.facts["megapixels"] for photo in unseen])
    assert flagged.mean() == pytest.approx(0.05, abs=0.04)
    for size in np.unique(sizes):
        assert flagged[sizes == size].mean() < 0.12
    assert report.false_alarms.share.mean <= 0.05


def test_without_the_slope_large_photos_would_be_flagged(report: CalibrationReport) -> None:
    threshold = report.calibration.threshold
    blind = replace(threshold, intercept=float(threshold.logit(0.066)), slope=0.0)
    unseen = [photo for photo in photos(cameras=400, seed=9) if photo.kind == "original"]
    assert flags(unseen, blind).mean() > 0.5


def test_a_camera_is_judged_by_the_others() -> None:
    rows = photos()
    loud = [replace(row, logit=9.0) if row.camera == "camera 3" else row for row in rows]
    flagged = flags_of_others(loud, 0.05, 0.05)
    assert flagged[[row.camera == "camera 3" for row in loud]].all()
    alarms = count_alarms(loud, flagged)
    assert (alarms.photos, alarms.cameras) == (20, 20)
    assert alarms.any_version >= 1
    assert alarms.low < alarms.flagged / 20 < alarms.high


def test_the_ratio_is_bounded_by_the_photos_and_rises_with_the_score(report: CalibrationReport) -> None:
    fitted = report.calibration.likelihood
    assert fitted is not None
    assert fitted.bound == pytest.approx(np.log10(21))
    facts = [{"quality": 80.0, "megapixels": 0.5}] * 3
    told = fitted.log10([0.01, 0.5, 0.99], facts)
    assert told[0] < 0 < told[2]
    assert report.ratios.smallest_cllr <= report.ratios.cllr < 0.9


def test_a_score_that_tells_nothing_gets_no_ratio() -> None:
    for distance in (0.0, -3.0):
        rows = generated(distance)
        quality = judge_ratios(rows, fit_ratios(rows))
        assert not quality.kept or quality.cllr > 0.98
    assert not quality.kept  # a score that falls with forgery is no evidence for it


@pytest.mark.parametrize(("helpful", "chosen"), [("quality", FILE), ("flat", FILE_AND_SIGNALS)])
def test_the_gate_that_ships_is_the_one_that_earns_it(helpful: str, chosen: str) -> None:
    forged = worth_finding(generated(helpful=helpful))
    gates = choose_gate(forged, [row.overlap > 0.2 for row in forged])
    assert gates.chosen == chosen
    areas = {row.name: row.aurc for row in gates.rows}
    assert areas[chosen] < areas[NOTHING] - 0.1


def test_small_edits_are_not_asked_for() -> None:
    rows = generated()
    assert len(worth_finding(rows)) == 240
    assert not worth_finding([replace(row, area=0.019 * bool(row.family)) for row in rows])


def test_an_edit_that_was_flagged_elsewhere_was_not_found() -> None:
    forged = worth_finding(generated())[0]
    assert is_found(replace(forged, overlap=0.3), True)
    assert not is_found(replace(forged, overlap=0.1), True)
    assert not is_found(replace(forged, overlap=0.3), False)


def test_json_is_the_whole_of_it(report: CalibrationReport) -> None:
    stored = json.loads(json.dumps(report.calibration.to_json()))
    assert json.loads(json.dumps(Calibration.from_json(stored).to_json())) == stored
    assert stored["measured"]["cameras"] == 20
    json.dumps(to_json(report), allow_nan=False)


def test_tables_fit_and_say_what_ships(report: CalibrationReport) -> None:
    from rich.console import Console

    console = Console(width=80, record=True, file=io.StringIO())
    console.print(calibration_page(report))
    printed = console.export_text()
    assert max(map(len, printed.splitlines())) <= 80
    card = calibration_markdown(report)
    assert "Shipped: facts of the file alone" in " ".join(printed.split())
    assert "Shipped: facts of the file alone" in card
    assert all(title in card for title in ("| version |", "| Cllr |", "| facts |"))
    assert "of 20 photos flagged" in false_alarm_sentence(report.false_alarms, "test")


def test_too_few_photos_are_refused() -> None:
    one = [row for row in photos() if row.camera == "camera 0"]
    with pytest.raises(WrongUsage, match="two or more"):
        calibrate(one, generated(), SETTINGS)
    few = [row for row in generated() if row.source in ("photo 1", "photo 2")]
    with pytest.raises(WrongUsage, match="5 folds need 5"):
        calibrate(photos(), few, SETTINGS)


def test_a_threshold_without_cameras_of_many_versions() -> None:
    rows = photos(cameras=2)
    assert np.isfinite(fit_threshold(rows, 0.05).intercept)
