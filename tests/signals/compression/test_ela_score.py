from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.literal.ela_score import literal
from signals import Evidence, get_signal
from signals.compression.ela_score import relative_level


def _saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(buffer))


def test_equals_the_plain_algorithm(noise, encode):
    evidence = Evidence.open(encode(noise(61, 83), "jpeg", quality=85))
    assert np.allclose(get_signal("ela_score").measure(evidence).values, literal(evidence), atol=1e-5)


@pytest.mark.parametrize("last", [90, 95])
def test_finds_the_part_that_was_never_saved(noise, last):
    original = noise(256, 320)
    plain = _saved(original, 70)
    forged = plain.copy()
    forged[80:176, 112:208] = original[80:176, 112:208]
    inside = np.zeros((32, 40), dtype=bool)
    inside[12:20, 16:24] = True
    outside = np.ones_like(inside)
    outside[6:26, 10:30] = False
    forged, twin = (_measured(_saved(pixels, last)) for pixels in (forged, plain))
    assert forged[inside].min() > forged[outside].max() + 0.5
    assert abs(twin).max() < 0.5


def _measured(pixels: np.ndarray) -> np.ndarray:
    return get_signal("ela_score").measure(Evidence.from_pixels(pixels)).values


def test_a_picture_that_settled_at_one_quality_is_read_at_the_other(noise):
    settled = noise(96, 96)
    for _ in range(6):
        settled = _saved(settled, 80)
    assert get_signal("ela_score").extract(Evidence.from_pixels(settled)).usable


def test_fine_detail_is_allowed_a_larger_change():
    errors = np.full((9, 9), 2.0, np.float32)
    detail = np.full((9, 9), 1.0, np.float32)
    plain, detailed = relative_level(errors, detail), relative_level(errors, detail + 2)
    # Four times the sum of detail and one, to the power of .3: .6 doublings; here it is twice.
    assert np.allclose(plain - detailed, 0.3, atol=1e-6)


def test_a_whole_picture_that_changes_more_is_not_altered(noise):
    mild, strong = _saved(noise(128, 160), 75), noise(128, 160)
    for pixels in (mild, strong):
        assert abs(np.median(_measured(pixels))) < 1e-6


def test_nothing_to_read_in_a_flat_picture():
    found = get_signal("ela_score").extract(Evidence.from_pixels(np.full((64, 64, 3), 128, np.uint8)))
    assert not found.usable
    assert "flat" in found.reason
