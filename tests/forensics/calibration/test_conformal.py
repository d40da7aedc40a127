import numpy as np
import pytest

from forensics.calibration.conformal import conformal_threshold


def test_one_photo_a_camera_is_the_split_conformal_quantile() -> None:
    """The ceil((1 - a)(n + 1))-th smallest of n."""
    scores = np.random.default_rng(0).permutation(np.arange(1, 20) / 20)
    units = [str(number) for number in range(19)]
    for false_alarms in (0.05, 0.1, 0.33, 0.5):
        place = int(np.ceil((1 - false_alarms) * 20 - 1e-9))
        assert conformal_threshold(scores.tolist(), units, false_alarms) == pytest.approx(place / 20)


def test_too_few_cameras_promise_nothing() -> None:
    assert conformal_threshold([0.1] * 500, ["a"] * 500, 0.05) == np.inf
    assert conformal_threshold([0.1] * 18, [str(n) for n in range(18)], 0.05) == np.inf


def test_a_camera_weighs_the_same_whatever_the_number_of_its_photos() -> None:
    few = conformal_threshold([0.9, 0.1, 0.2, 0.3], ["loud", "b", "c", "d"], 0.3)
    many = conformal_threshold([0.9] * 50 + [0.1, 0.2, 0.3], ["loud"] * 50 + ["b", "c", "d"], 0.3)
    assert few == many


def test_new_cameras_exceed_it_as_rarely_as_promised() -> None:
    """Photos of a camera share an offset: counting photos as units would promise too much."""
    generator = np.random.default_rng(1)
    alarms = []
    for _ in range(400):
        offsets, counts = generator.normal(0, 1, 31), generator.integers(1, 12, 31)
        scores = [offset + generator.normal(0, 0.3, count) for offset, count in zip(offsets, counts, strict=True)]
        units = np.repeat(np.arange(30), counts[:30]).astype(str)
        threshold = conformal_threshold(np.concatenate(scores[:30]).tolist(), units.tolist(), 0.1)
        alarms.append((scores[30] > threshold).mean())
    assert np.mean(alarms) < 0.1 + 3 * np.std(alarms) / 20
    assert np.mean(alarms) > 0.03


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="one unit a score"):
        conformal_threshold([0.1], [], 0.1)
