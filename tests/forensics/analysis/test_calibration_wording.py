"""What a calibration adds to a report, and what it must not say."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import jsonschema
import numpy as np
import pytest

from forensics.analysis.calibration_wording import ratio_sentence
from forensics.calibration.analyzability import FILE_FEATURES, Analyzability
from forensics.calibration.calibration import Calibration, Reading
from forensics.calibration.calibrators import Platt
from forensics.calibration.likelihood import LikelihoodRatio
from forensics.calibration.threshold import ScoreThreshold
from forensics.inference.prediction import Prediction
from tests.forensics.analysis.conftest import FakePredictor

PLATT = Platt((2.0, 0.0, 0.0), 0.0, (0.0, 0.8, 0.0), (1.0, 1.0, 1.0), 0.0, np.log10(20))
CALIBRATION = Calibration(
    "ab" * 32,
    ScoreThreshold(0.5, 0.1, 0.06, 2.4, 0.04),
    LikelihoodRatio(PLATT, (0.3, -4.0), (1.0, 1.0), 19, 300, 300),
    Analyzability(
        FILE_FEATURES,
        (1.0, 0.5, 0.0, 0.0),
        -0.5,
        (0.8, 0, 1, 1),
        (0.1, 1, 1, 1),
        (0.3, -4, -5, 0),
        (1, 1, 5, 1),
        70,
        200,
        19,
    ),
    {"false_alarms": 0.05, "cameras": 18, "cllr": 0.82, "analyzability_from": "file facts"},
)


class Calibrated(FakePredictor):
    """The fake, with a reading of its own."""

    def predict(self, evidence: Any, explain: bool = False) -> Prediction:
        plain = super().predict(evidence, explain)
        logit = float(np.log(self.score / (1 - self.score)))
        reading = CALIBRATION.read(logit, evidence, plain.signals)
        return Prediction(**{**plain.__dict__, "reading": reading})


def saved(score: float, pixels: np.ndarray, folder: Any, **settings: Any) -> tuple[dict[str, Any], str]:
    from forensics.analysis.analyzer import Analyzer

    report = Analyzer(Calibrated(score, **settings)).analyze(pixels)
    report.save(folder)
    told = json.loads((folder / "report.json").read_text())
    schema = json.loads(files("forensics.analysis").joinpath("schema/report.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(told)
    return told, " ".join((folder / "report.html").read_text().split())


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        (0.7, "times as common among generated forgeries as among their unedited twins."),
        (0.3, "times as common among unedited pictures as among generated forgeries of them."),
        (0.5, "it says next to nothing."),
    ],
)
def test_a_report_says_what_the_score_is_worth(pixels: np.ndarray, tmp_path: Any, score: float, sentence: str) -> None:
    told, page = saved(score, pixels, tmp_path)
    expected = 2 * np.log(score / (1 - score)) / np.log(10)
    assert told["log10_likelihood_ratio"] == pytest.approx(np.clip(expected, -np.log10(20), np.log10(20)), abs=1e-6)
    assert told["calibration"]["likelihood_ratio"] == {"bound": np.log10(20), "sources": 19, "cllr": 0.82}
    assert 0 < told["analyzability"]["value"] < 1
    assert "Small pictures hide edits; this one has 0.012 megapixels." in told["analyzability"]["reasons"]
    assert sentence in page
    assert "It is not the probability that this picture was changed" in page
    assert "An edit that the model cannot read gives such a score too." in page or score >= 0.5
    assert "from 19 photos" in page
    assert not re.search(r"authentic|genuine|untouched", page, re.IGNORECASE)


def test_a_picture_that_cannot_be_analyzed_gets_no_numbers(pixels: np.ndarray, tmp_path: Any) -> None:
    told, page = saved(0.9, pixels, tmp_path, usable=(False, False))
    assert told["verdict"] == "cannot be analyzed"
    assert told["log10_likelihood_ratio"] is told["analyzability"]["value"] is told["calibration"] is None
    assert "What the score is worth" not in page


def test_at_the_bound_it_says_that_there_may_be_more() -> None:
    likelihood = CALIBRATION.likelihood
    assert likelihood is not None
    assert "at least 20 times" in ratio_sentence(likelihood.bound, likelihood)
    assert "about 10 times" in ratio_sentence(1.0, likelihood)


def test_a_reading_knows_where_it_comes_from() -> None:
    assert Reading(None, None, (), CALIBRATION).calibration is CALIBRATION
