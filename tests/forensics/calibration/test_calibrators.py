import json
from dataclasses import asdict

import numpy as np
import pytest

from forensics.calibration.calibrators import Isotonic, Platt
from forensics.evaluation.selective.calibration import cllr, expected_calibration_error

GENERATOR = np.random.default_rng(0)
COUNT = 6000
LABELS = GENERATOR.integers(0, 2, COUNT)
QUALITY = GENERATOR.uniform(0, 1, COUNT)
# Two classes apart by 2 in good pictures and by nothing in bad ones: the log odds are 2 q (x - q).
EVIDENCE = GENERATOR.normal(0, 1, COUNT) + 2 * QUALITY * LABELS
SCORES = 1 / (1 + np.exp(-3 * EVIDENCE + 4))
HALF = slice(0, COUNT // 2), slice(COUNT // 2, COUNT)


@pytest.mark.parametrize("kind", [Platt, Isotonic])
def test_overconfident_scores_become_honest(kind: type[Platt] | type[Isotonic]) -> None:
    fitted = kind.fit(SCORES[HALF[0]], LABELS[HALF[0]].tolist())
    before = expected_calibration_error(SCORES[HALF[1]], LABELS[HALF[1]])
    after = expected_calibration_error(fitted.probability(SCORES[HALF[1]]), LABELS[HALF[1]])
    assert before > 0.15
    assert after < 0.05


@pytest.mark.parametrize("kind", [Platt, Isotonic])
def test_covariates_help_where_the_quality_matters(kind: type[Platt] | type[Isotonic]) -> None:
    covariates = np.stack([QUALITY, QUALITY * EVIDENCE], axis=1)
    plain = kind.fit(SCORES[HALF[0]], LABELS[HALF[0]].tolist())
    told = kind.fit(SCORES[HALF[0]], LABELS[HALF[0]].tolist(), covariates[HALF[0]])
    without = cllr(plain.log10_likelihood_ratio(SCORES[HALF[1]]), LABELS[HALF[1]])
    with_them = cllr(told.log10_likelihood_ratio(SCORES[HALF[1]], covariates[HALF[1]]), LABELS[HALF[1]])
    assert with_them < without - 0.02


def test_platt_finds_the_true_log_odds() -> None:
    labels = GENERATOR.integers(0, 2, COUNT)
    x = GENERATOR.normal(0, 1, COUNT) + 1.5 * labels
    fitted = Platt.fit(1 / (1 + np.exp(-x)), labels.tolist())
    points = np.array([-1.0, 0.5, 2.0])
    expected = (1.5 * points - 1.5**2 / 2) / np.log(10)
    assert fitted.log10_likelihood_ratio(1 / (1 + np.exp(-points))) == pytest.approx(expected, abs=0.08)


def test_the_ratio_is_free_of_the_share_of_forgeries_in_the_fit() -> None:
    labels = (GENERATOR.uniform(0, 1, 20_000) < 0.1).astype(int)
    x = GENERATOR.normal(0, 1, 20_000) + 1.5 * labels
    fitted = Platt.fit(1 / (1 + np.exp(-x)), labels.tolist())
    assert fitted.log10_likelihood_ratio(np.array([1 / (1 + np.exp(-0.75))]))[0] == pytest.approx(0, abs=0.05)
    assert fitted.probability(np.array([1 / (1 + np.exp(-0.75))]))[0] == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("kind", [Platt, Isotonic])
def test_no_ratio_beyond_what_the_pictures_can_show(kind: type[Platt] | type[Isotonic]) -> None:
    scores, labels = [0.001] * 9 + [0.999] * 99, [0] * 9 + [1] * 99
    ratios = kind.fit(scores, labels).log10_likelihood_ratio(np.array([0.0, 0.001, 0.999, 1.0]))
    assert np.abs(ratios).max() <= 1
    assert ratios[0] < 0 < ratios[-1]


@pytest.mark.parametrize("kind", [Platt, Isotonic])
def test_a_higher_score_is_never_less_evidence(kind: type[Platt] | type[Isotonic]) -> None:
    fitted = kind.fit(SCORES, LABELS.tolist())
    ratios = fitted.log10_likelihood_ratio(np.linspace(0, 1, 500))
    assert (np.diff(ratios) >= -1e-12).all()
    assert np.isfinite(fitted.probability(np.linspace(0, 1, 500))).all()


def test_plain_numbers() -> None:
    fitted = Platt.fit(SCORES, LABELS.tolist(), QUALITY[:, None])
    read = Platt(
        **{name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(json.dumps(asdict(fitted))).items()}
    )
    assert read == fitted


def test_misuse() -> None:
    with pytest.raises(ValueError, match="both labels"):
        Platt.fit([0.1, 0.2], [1, 1])
    with pytest.raises(ValueError, match="covariates"):
        Platt.fit(SCORES, LABELS.tolist()).probability(SCORES, QUALITY[:, None])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Platt.fit([0.1, 1.2], [0, 1])
