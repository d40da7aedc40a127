"""What nobody who looks at the pictures has to beat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forensics.evaluation.prior import DISC_RADII, centered_disc
from forensics.evaluation.protocols import get_protocol
from forensics.evaluation.protocols.blind import closeness_map
from forensics.evaluation.value_counts import count_values, fine_levels
from tests.forensics.evaluation.protocol_pictures import (
    HEIGHT,
    NAMES,
    WIDTH,
    forged,
    mixed_set,
    noisy,
    region,
    scored,
)


def test_prior_gain_and_skill():
    """Masks that are a centered disc: the prior is perfect in F1, and a map that is the disc gains nothing."""
    disc = centered_disc(61, 97, DISC_RADII[2]) > 0
    (f1, *_) = scored("tracefuse", [forged("a", disc, disc.astype(np.float32))]).values()
    assert (f1.prior.mean, f1.gain.mean, f1.skill) == (1.0, 0.0, None)
    assert f"{DISC_RADII[2]:g}" in f1.note
    pictures = [forged(str(seed), region(seed, seed, 20 + seed, 30), noisy(region(), seed)) for seed in range(6)]
    for key, measure in scored("tracefuse", pictures).items():
        if "pixel" in key:
            assert measure.gain.mean == pytest.approx(measure.value - measure.prior.mean), key
            assert measure.skill.mean == pytest.approx(measure.gain.mean / (1 - measure.prior.mean)), key
            assert measure.skill.low <= measure.skill.mean <= measure.skill.high


def test_a_map_that_marks_everything():
    truth = region()
    ours = scored("tracefuse", [forged("a", truth, np.ones(truth.shape, np.float32))])
    for key, measure in ours.items():
        if "pixel" in key:
            assert measure.all_one == pytest.approx(measure.value), key


# Measured on authentic pictures, or less is better: a blind map would win by marking nothing.
WITHOUT_PRIOR = ("tracefuse/false_alarm_", "tracefuse/failed", "photoholmes/pixel_fpr")


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_of_localization_stands_beside_its_prior_and_the_map_of_ones(name):
    for key, measure in scored(name, mixed_set()).items():
        if "score" in key or key.replace("both_ends/", "").startswith(WITHOUT_PRIOR):
            assert (measure.prior, measure.all_one) == (None, None), key
            continue
        assert measure.prior is not None, key
        assert measure.all_one is not None, key
        assert "prior: " in measure.note, key
        assert (measure.gain is None) == (measure.interval is None), key
        if measure.gain is not None:
            assert measure.gain.mean == pytest.approx(measure.value - measure.prior.mean), key


@pytest.mark.parametrize("name", NAMES)
def test_blind_maps_score_what_such_maps_score(name):
    """A map that marks everything, given as a map, meets its own all_one; of disc and closeness the one its prior."""
    pictures = [forged(str(place), region(right=30 + place), source=f"s{place}") for place in range(3)]

    def given(values):
        return scored(name, [replace(each, values=values) for each in pictures])

    compared = [measure for measure in given(np.ones((HEIGHT, WIDTH), np.float32)).values() if measure.prior]
    assert len(compared) >= 3
    for measure in compared:
        # IMDL-BenCo ranks equal values in no defined order.
        if "imdlbenco/pixel_auc" in measure.name:
            assert measure.all_one == 0.5
        else:
            assert measure.value == pytest.approx(measure.all_one), measure.name
    discs = [given(centered_disc(HEIGHT, WIDTH, radius)) for radius in DISC_RADII]
    near = given(closeness_map(HEIGHT, WIDTH))
    for measure in compared:
        if "prior: closeness" in measure.note:
            close = 2e-3 if name == "imdlbenco" else 1e-6
            assert near[measure.name].value == pytest.approx(measure.prior.mean, abs=close), measure.name
        else:
            best = max(disc[measure.name].value for disc in discs)
            assert best == pytest.approx(measure.prior.mean), measure.name


def test_the_prior_of_a_batch_is_that_of_the_batch():
    pictures = [forged(str(place), region(right=20 + 9 * place)) for place in range(3)]
    whole, blind = get_protocol("omgfuser"), get_protocol("omgfuser")
    whole.update_batch(pictures)
    blind.update_batch([replace(each, values=closeness_map(HEIGHT, WIDTH)) for each in pictures])
    ours, near = ({one.name: one for one in each.compute()}["omgfuser/pixel_f1_best"] for each in (whole, blind))
    assert ours.value == 0
    assert ours.prior.mean == pytest.approx(near.value)


def test_masks_of_both_ends_stand_beside_their_own_prior():
    pictures = [forged("a", region(10, 18, 30, 38)), forged("b", region(0, 0, 8, 8), mask_meaning="both_ends")]
    found = scored("imdlbenco", pictures)
    assert found["imdlbenco/pixel_f1_origin"].prior.mean > 0.8
    assert found["imdlbenco/both_ends/pixel_f1_origin"].prior.mean < 0.5


def test_the_prior_in_16_bits_is_the_prior():
    """The closeness to the center is ranked in 16 bits for speed."""
    near = 1 - np.hypot(*np.meshgrid(np.linspace(-1, 1, 97), np.linspace(-1, 1, 61))) / 2
    truth = np.zeros(near.shape, bool)
    truth[5:30, 20:60] = True
    exact, fine = count_values(near, truth), count_values(fine_levels(near), truth)
    assert fine.auc() == pytest.approx(exact.auc(), abs=1e-4)
    assert fine.average_precision() == pytest.approx(exact.average_precision(), abs=1e-3)
