"""The content-free prior against geometry."""

import numpy as np
import pytest

from forensics.evaluation.metrics import f1_score, roc_auc
from forensics.evaluation.picture import Picture
from forensics.evaluation.prior import DISC_RADII, centered_disc, closeness
from forensics.evaluation.protocols import get_protocol


def disc(height, width, radius):
    y, x = np.mgrid[:height, :width]
    return np.hypot(y - (height - 1) / 2, x - (width - 1) / 2) <= radius * min(height, width)


def f1_of_blank_maps(truths):
    protocol = get_protocol("tracefuse")
    for number, truth in enumerate(truths):
        name = f"{number}.png"
        protocol.update(Picture(name, name, 1, *truth.shape, truth, np.zeros(truth.shape, np.float32)))
    return {measure.name: measure for measure in protocol.compute()}["tracefuse/pixel_f1@0.5"]


@pytest.mark.parametrize("radius", DISC_RADII)
def test_a_centered_disc_of_a_listed_radius_is_found_whole(radius):
    f1 = f1_of_blank_maps([disc(61, 97, radius)])
    assert f1.prior.mean == 1.0
    assert f1.value == 0.0
    assert f1.gain.mean == -1.0
    assert f"{radius:g}" in f1.note


def test_the_disc_has_the_area_of_a_circle():
    assert np.count_nonzero(centered_disc(400, 600, 0.25)) == pytest.approx(np.pi * 100**2, rel=0.01)


def test_one_radius_serves_the_whole_set():
    truths = [disc(60, 60, 0.2), disc(60, 60, 0.4)]
    f1 = f1_of_blank_maps(truths)
    candidates = [np.mean([f1_score(centered_disc(60, 60, r), truth) for truth in truths]) for r in DISC_RADII]
    assert f1.prior.mean == pytest.approx(max(candidates))
    assert f1.prior.mean < 1.0


def test_closeness_separates_an_ellipse_and_is_even_on_halves():
    height, width = 40, 90
    y, x = np.mgrid[:height, :width]
    ellipse = ((y - 19.5) / 20) ** 2 + ((x - 44.5) / 45) ** 2 < 0.3
    assert roc_auc(closeness(height, width), ellipse) == 1.0
    assert roc_auc(closeness(height, width), ~ellipse) == 0.0
    assert roc_auc(closeness(height, width), x < 45) == 0.5
    corner = (y < 5) & (x < 5)
    assert roc_auc(closeness(height, width), corner) < 0.02
