import numpy as np
from scipy.special import expit

from forensics.training.operating_point import Development, choose_operating_point


def forged(inside: float, outside: float) -> Development:
    truth = np.zeros((20, 20), dtype=bool)
    truth[5:10, 5:10] = True
    return Development(np.where(truth, inside, outside).astype(np.float32), 0.9, truth)


def pristine(score: float) -> Development:
    return Development(np.full((4, 4), 0.1, np.float32), score, np.zeros((4, 4), dtype=bool))


def test_map_logit_separates_the_changed_from_the_rest() -> None:
    point = choose_operating_point([forged(0.3, 0.1), forged(0.35, 0.15), pristine(0.2)], false_alarms=0.0)
    assert 0.15 < expit(point.map_logit) < 0.3


def test_score_logit_lets_no_more_than_the_tolerated_share_through() -> None:
    scores = np.linspace(0.01, 0.99, 100)
    point = choose_operating_point([forged(0.9, 0.1), *map(pristine, scores)], false_alarms=0.05)
    assert (scores >= expit(point.score_logit)).sum() == 5


def test_without_tolerance_no_pristine_picture_is_flagged() -> None:
    point = choose_operating_point([forged(0.9, 0.1), pristine(0.4), pristine(0.8)], false_alarms=0.0)
    assert expit(point.score_logit) > 0.8
