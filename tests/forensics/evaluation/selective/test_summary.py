from dataclasses import replace

import numpy as np
import pytest

from forensics.evaluation.selective.gate import file_gate
from forensics.evaluation.selective.judged import JudgedPicture, covariates_table, facts_table
from forensics.evaluation.selective.summary import (
    FILE_GATE,
    NO_ORDER,
    calibration_rows,
    detection_rows,
    localization_rows,
)

GENERATOR = np.random.default_rng(0)


def _pictures(count: int = 300) -> list[JudgedPicture]:
    """Good files are told apart, bad ones are not; ``knowing`` is the truth about each answer, ``blind`` is noise."""
    found = []
    for number in range(count):
        label, quality = number % 2, float(GENERATOR.uniform(30, 100))
        evidence = GENERATOR.normal(0, 1) + (4 * label - 2) * (quality > 65)
        score = float(1 / (1 + np.exp(-4 * evidence)))
        wrong = (score >= 0.5) != (label == 1)
        confidences = {"knowing": -float(wrong), "blind": float(GENERATOR.uniform())}
        facts = {"quality": quality, "megapixels": float(GENERATOR.uniform(0.1, 12))}
        f1 = (0.2 if wrong else 0.9) if label else None
        found.append(JudgedPicture(f"photo{number // 2}", label, score, f1, 0.05, confidences, facts))
    return found


PICTURES = _pictures()


def test_losses() -> None:
    picture = PICTURES[0]
    assert replace(picture, label=1, score=0.2).detection_loss == 1
    assert replace(picture, label=0, score=0.2).detection_loss == 0
    assert replace(picture, score=None).detection_loss is None
    assert replace(picture, label=1, f1=0.75).localization_loss == 0.25
    assert replace(picture, label=0, f1=None, marked=0.1).localization_loss == 0.1


def test_a_confidence_that_knows_is_the_oracle_and_noise_is_none() -> None:
    rows = {row.name: row for row in detection_rows(PICTURES)}
    mean = np.mean([picture.detection_loss for picture in PICTURES])
    assert rows["knowing"].excess_aurc == pytest.approx(0)
    assert rows[NO_ORDER].aurc.mean == pytest.approx(mean)
    assert rows["blind"].aurc.low < mean < rows["blind"].aurc.high
    assert rows["knowing"].coverage_at["0.01"] == pytest.approx(1 - mean, abs=0.02)


def test_the_files_facts_predict_losses_that_depend_on_them() -> None:
    rows = {row.name: row for row in detection_rows(PICTURES)}
    assert rows[FILE_GATE].aurc.high < rows[NO_ORDER].aurc.mean
    assert rows["knowing"].gain is not None
    assert rows["knowing"].gain.low > 0
    assert rows["blind"].gain is not None
    assert rows["blind"].gain.high < 0


def test_the_gate_never_sees_the_source_it_judges() -> None:
    """Each source has a fact and a loss of its own: out of fold nothing of it can be known."""
    sources = [f"photo{number // 6}" for number in range(300)]
    facts = np.array([[float(number // 6)] for number in range(300)])
    losses = GENERATOR.integers(0, 2, 50)[np.arange(300) // 6].astype(float)
    gate = file_gate(facts, losses.tolist(), sources)
    assert gate is not None
    assert abs(np.corrcoef(gate, -losses)[0, 1]) < 0.35


def test_no_gate_without_facts_or_sources() -> None:
    assert file_gate(np.zeros((10, 0)), [0.0] * 10, [str(n) for n in range(10)]) is None
    assert file_gate(np.zeros((10, 1)), [0.0] * 10, ["one"] * 10) is None
    bare = [replace(picture, facts={}) for picture in PICTURES]
    assert {row.name for row in detection_rows(bare)} == {"knowing", "blind", NO_ORDER}
    rows = {row.name: row for row in detection_rows(bare)}
    assert rows[NO_ORDER].gain is None
    # Without a gate, no order at all is to be beaten.
    assert rows["knowing"].gain is not None
    assert rows["knowing"].gain.mean == pytest.approx(rows[NO_ORDER].aurc.mean - rows["knowing"].aurc.mean)


def test_a_gate_that_harms_is_not_what_a_confidence_is_measured_by() -> None:
    """Facts that say nothing, out of fold, order worse than nothing by chance."""
    useless = [
        replace(picture, facts={"quality": float(number % 7)}, confidences={"same": 0.5})
        for number, picture in enumerate(PICTURES[:60])
    ]
    for row in detection_rows(useless):
        if row.name == "same":
            assert row.gain is not None
            assert row.gain.mean <= 1e-12


def test_answers_without_a_confidence_are_the_least_sure() -> None:
    failed = [replace(picture, confidences={}) if picture.detection_loss else picture for picture in PICTURES]
    rows = {row.name: row for row in detection_rows(failed)}
    # All wrong answers come last, whatever the others are.
    assert rows["blind"].excess_aurc == pytest.approx(0)


def test_localization_counts_forged_and_authentic() -> None:
    rows = {row.name: row for row in localization_rows(PICTURES)}
    assert rows[NO_ORDER].aurc.mean == pytest.approx(np.mean([picture.localization_loss for picture in PICTURES]))
    assert rows["knowing"].aurc.mean < rows["blind"].aurc.mean


def test_calibration_on_other_sources() -> None:
    rows = {row.name: row for row in calibration_rows(PICTURES)}
    assert rows["as shown"].cllr is None
    assert rows["Platt"].ece < rows["as shown"].ece
    assert rows["Platt"].cllr is not None
    assert rows["Platt"].smallest_cllr <= rows["Platt"].cllr < 1


def test_sets_that_cannot_be_judged() -> None:
    unscored = [replace(picture, score=None) for picture in PICTURES]
    assert detection_rows(unscored) == ()
    assert calibration_rows(unscored) == ()
    assert localization_rows([]) == ()
    assert calibration_rows([picture for picture in PICTURES if picture.label]) == ()


def test_covariates_of_files_without_quality() -> None:
    pictures = [replace(PICTURES[0], facts={"megapixels": 2.0}), replace(PICTURES[0], facts={"quality": 50.0})]
    assert covariates_table(pictures).tolist() == [[1, 1], [0.5, 0]]
    assert np.isnan(facts_table(pictures)).sum() == 2


def test_a_missing_score_is_a_score_of_0_where_others_have_one() -> None:
    """A tool that gives no score where it would be wrong gains nothing by it."""
    silent = [
        replace(picture, score=None, confidences={}) if picture.label and picture.detection_loss else picture
        for picture in PICTURES
    ]
    rows = {row.name: row for row in detection_rows(silent)}
    assert rows[NO_ORDER].n == len(PICTURES)
    assert rows[NO_ORDER].aurc.mean == pytest.approx(np.mean([picture.detection_loss for picture in PICTURES]))
    assert rows["knowing"].risk_at["0.5"] == 0
    zeros = [replace(picture, score=0.0) if picture.score is None else picture for picture in silent]
    assert calibration_rows(silent) == calibration_rows(zeros)
    assert calibration_rows(silent)[0].n == len(PICTURES)
