from __future__ import annotations

import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from signals import Evidence, get_signal
from signals.copymove.candidates import Candidate
from signals.copymove.features import channels_of
from signals.copymove.find import Copies, Copy, find_copies
from signals.copymove.growth import grow
from signals.copymove.transform import translation

SIDE = 320


def scene(seed: int = 0, side: int = SIDE) -> np.ndarray:
    """A painted scene, textured at several scales, without noise: float32 ``[side, side, 3]``."""
    random = np.random.default_rng(seed)
    total = np.full((side, side), 120.0)
    for sigma, strength in ((24, 900), (8, 220), (2.5, 36), (1.2, 8)):
        total += strength * cv2.GaussianBlur(random.normal(0, 1, (side, side)), (0, 0), sigma)
    return np.repeat(total.clip(30, 225)[..., None], 3, axis=2).astype(np.float32)


def shot(painted: np.ndarray, seed: int = 1, noise: float = 2.5) -> np.ndarray:
    """What a camera with some noise makes of a scene: uint8."""
    random = np.random.default_rng(seed)
    grain = np.repeat(random.normal(0, noise, painted.shape[:2])[..., None], 3, axis=2)
    return np.rint(painted + grain).clip(0, 255).astype(np.uint8)


def paste(
    pixels: np.ndarray, linear: list[list[float]], source: tuple[int, int], target: tuple[int, int], radius: int = 42
):
    """The picture with a disc of it drawn again elsewhere, and the masks of both ends."""
    map_ = np.column_stack([np.array(linear, float), np.array(target) - np.array(linear, float) @ np.array(source)])
    size = pixels.shape[1::-1]
    disc = cv2.circle(np.zeros(size[::-1], np.uint8), source, radius, 1, -1)
    moved = cv2.warpAffine(disc, map_, size, flags=cv2.INTER_NEAREST)
    drawn = cv2.warpAffine(pixels, map_, size, flags=cv2.INTER_CUBIC)
    return np.where(moved[..., None] > 0, drawn, pixels), disc > 0, moved > 0


def overlap(cells: np.ndarray, mask: np.ndarray) -> float:
    found = cells.repeat(4, 0).repeat(4, 1)[: mask.shape[0], : mask.shape[1]]
    return 2 * (found & mask).sum() / (found.sum() + mask.sum())


TURN = np.deg2rad(20)
MAPS = {
    "translation": [[1, 0], [0, 1]],
    "rotation and scale": [[1.1 * np.cos(TURN), -1.1 * np.sin(TURN)], [1.1 * np.sin(TURN), 1.1 * np.cos(TURN)]],
    "flip": [[-1, 0], [0, 1]],
}


@pytest.mark.parametrize("name", MAPS)
def test_finds_a_copy(name):
    pixels, source, target = paste(shot(scene()), MAPS[name], (80, 90), (230, 221))
    evidence = Evidence.from_pixels(pixels)
    (copy,) = find_copies(evidence).copies
    assert overlap(copy.first | copy.second, source | target) > 0.7
    map_ = copy.map if copy.first[22, 20] else np.linalg.inv(np.vstack([copy.map, [0, 0, 1]]))[:2]
    assert np.abs(map_[:, :2] - MAPS[name]).max() < 0.03
    assert np.abs(map_ @ (80, 90, 1) - (230, 221)).max() < 1
    scores = get_signal("copymove_duplicated").extract(evidence).values[0]
    assert scores[22, 20] == scores[55, 57] == 1
    assert scores[5:10, 60:70].max() == 0


def test_finds_two_copies():
    pixels, source, first = paste(shot(scene(3)), MAPS["translation"], (70, 70), (231, 91), 36)
    pixels, _, second = paste(pixels, MAPS["translation"], (70, 70), (103, 243), 36)
    copies = find_copies(Evidence.from_pixels(pixels)).copies
    assert len(copies) in (2, 3)  # the two copies are also copies of each other
    assert overlap(np.any([copy.first | copy.second for copy in copies], axis=0), source | first | second) > 0.7


def test_finds_a_copy_that_was_compressed_afterwards(encode):
    pixels, source, target = paste(shot(scene(4)), MAPS["translation"], (80, 90), (221, 211))
    (copy,) = find_copies(Evidence.open(encode(pixels, "jpeg", quality=92))).copies
    assert overlap(copy.first | copy.second, source | target) > 0.6


def test_the_same_thing_seen_twice_is_no_copy():
    painted, _, _ = paste(scene(5), MAPS["translation"], (80, 90), (221, 211))
    copies = find_copies(Evidence.from_pixels(shot(painted)))
    assert copies.copies == ()
    assert any(match.area.sum() > 200 for match in copies.matches), "the likeness itself is seen"


def test_periodic_texture_is_no_copy():
    y, x = np.mgrid[:SIDE, :SIDE]
    wave = 120 + 40 * np.sin(x * 2 * np.pi / 20) * np.sin(y * 2 * np.pi / 20)
    painted = np.repeat(wave[..., None], 3, axis=2).astype(np.float32)
    for pixels in (np.rint(painted).astype(np.uint8), shot(painted)):
        assert find_copies(Evidence.from_pixels(pixels)).copies == ()


def test_untouched_noise_and_flat_parts_are_silent(noise):
    pixels = noise(256, 256)
    pixels[:, 128:] = 255
    assert find_copies(Evidence.from_pixels(pixels)).copies == ()


def test_flat_pictures_are_refused():
    for name in ("copymove", "copymove_altered", "copymove_duplicated"):
        found = get_signal(name).extract(Evidence.from_pixels(np.full((100, 100, 3), 90, np.uint8)))
        assert not found.usable
        assert "flat" in found.reason


def test_the_end_with_the_seam_is_the_pasted_one():
    painted = scene(6)
    painted[:, 160:] -= 25
    pixels, source, target = paste(shot(painted), MAPS["translation"], (80, 90), (240, 211))
    evidence = Evidence.from_pixels(pixels)
    (copy,) = find_copies(evidence).copies
    assert copy.pasted is not None
    scores = get_signal("copymove_altered").extract(evidence).values[0]
    assert overlap(scores > 0.5, target) > 0.7
    assert (scores[22, 20], scores[52, 60]) == (0, 1)
    assert not source[211, 240]


def test_features_tell_the_map():
    pixels, _, _ = paste(shot(scene()), MAPS["flip"], (80, 90), (230, 221))
    evidence = Evidence.from_pixels(pixels)
    found = get_signal("copymove").extract(evidence)
    content, _, residual, fit, scale, cosine, _, flip, _, copied, pasted = found.values[:, 27, 28].astype(float)
    assert content > 0.9
    assert residual > 0.9
    assert fit < 0.3
    assert abs(scale) < 0.02
    assert cosine == pytest.approx(1, abs=0.01)
    assert flip == 1
    assert copied == 1
    assert pasted >= 0
    assert np.array_equal(found.values, get_signal("copymove").extract(Evidence.from_pixels(pixels)).values)


def test_ends_in_bounded_time():
    pixels = shot(scene(7, 512))
    start = time.process_time()
    assert find_copies(Evidence.from_pixels(pixels)).copies == ()
    assert time.process_time() - start < 10


def test_the_plain_yardstick_is_fooled_by_likeness():
    from benchmarks.literal.copymove import literal

    painted, random = scene(5), np.random.default_rng(8)
    for x, y in random.integers(45, 115, (25, 2)):
        cv2.rectangle(painted, (x, y), (x + 9, y + 7), (int(random.integers(30, 225)),) * 3, -1)
    alike, _, _ = paste(painted, MAPS["translation"], (80, 90), (221, 211))
    evidence = Evidence.from_pixels(shot(alike, noise=1.0))
    assert literal(evidence).any()
    assert find_copies(evidence).copies == ()


def _object_twice(seed: int) -> np.ndarray:
    """A scene in which one object stands twice, a whole number of pixels apart, before any camera sees it."""
    painted, target = scene(seed), scene(seed + 99)[:96, :96]
    disc = cv2.circle(np.zeros((96, 96), np.float32), (48, 48), 46, 1.0, -1)[..., None]
    for y, x in ((20, 17), (203, 190)):
        part = painted[y : y + 96, x : x + 96]
        part[:] = disc * target + (1 - disc) * part
    return painted


@pytest.mark.parametrize("quality", [75, 88])
@pytest.mark.parametrize("noise", [1.0, 2.0])
def test_look_alikes_that_compression_made_equal_prove_nothing(noise, quality, encode):
    for seed in range(2):
        data = encode(shot(_object_twice(seed), seed, noise), "jpeg", quality=quality)
        assert not any(copy.proven for copy in find_copies(Evidence.open(data)).copies)


def test_a_copy_saved_at_high_quality_is_proven(encode):
    pixels, *_ = paste(shot(scene()), MAPS["translation"], (80, 90), (230, 221))
    copies = find_copies(Evidence.open(encode(pixels, "jpeg", quality=95, subsampling=0))).copies
    assert [copy.proven for copy in copies] == [True]
    assert "down to the noise" in find_copies(Evidence.from_pixels(pixels)).explanation


def test_a_small_copy_is_found_to_the_bit_where_nothing_was_lost():
    pixels, source, target = paste(shot(scene(11)), MAPS["translation"], (81, 90), (230, 221), 13)
    (copy,) = find_copies(Evidence.from_pixels(pixels)).copies
    assert copy.proven
    assert copy.correlation == pytest.approx(1)
    assert overlap(copy.first | copy.second, source | target) > 0.85


def test_a_copy_shows_in_pictures_without_noise():
    smooth = cv2.GaussianBlur(shot(scene(12)), (0, 0), 1.5)
    pixels, source, target = paste(smooth, MAPS["translation"], (81, 90), (230, 221), 30)
    (copy,) = find_copies(Evidence.from_pixels(pixels)).copies
    assert overlap(copy.first | copy.second, source | target) > 0.85


def test_an_exact_copy_is_the_only_match_of_its_cells():
    pixels, _, _ = paste(shot(scene()), MAPS["translation"], (81, 90), (230, 221))
    values = get_signal("copymove").extract(Evidence.from_pixels(pixels)).values.astype(float)
    content, margin, residual, fit = values[:4, 27, 28]
    assert (content, residual, fit) == (1, 1, 0)
    assert margin > 0.5
    assert values[9, 27, 28] == values[9, 11, 10] == 1
    assert values[9, 20, 20] == 0


def test_the_pasted_end_and_its_source_have_opposite_signs():
    pixels, source, target = paste(shot(scene()), MAPS["rotation and scale"], (80, 90), (230, 221))
    copied, pasted = get_signal("copymove").extract(Evidence.from_pixels(pixels)).values[9:].astype(float)
    there, origin = (mask[4::8, 4::8] & (copied > 0.9) for mask in (target, source))
    assert pasted[there].mean() > 0 > pasted[origin].mean()


def copy_on_a_look_alike(look_alike: int, copy: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A disc copied by (150, 131) on one that looks alike, a pixel further; and the masks of both ends of the copy."""
    painted, _, _ = paste(scene(5), MAPS["translation"], (80, 90), (231, 222), look_alike)
    return paste(shot(painted, seed=5, noise=2.0), MAPS["translation"], (80, 90), (230, 221), copy)


def test_a_look_alike_round_a_copy_does_not_lead_astray(encode):
    pixels, source, target = copy_on_a_look_alike(75, 24)
    (copy,) = find_copies(Evidence.open(encode(pixels, "JPEG", quality=95))).copies
    assert overlap(copy.first | copy.second, source | target) > 0.7


def test_growth_keeps_whole_pixels_under_which_more_agrees():
    pixels, _, _ = copy_on_a_look_alike(60, 30)
    told = translation(150, 131)
    grown = grow(pixels[..., 0].copy(), Candidate(told, (80.0, 90.0), 30.0, 10.0))
    assert grown is not None
    assert np.array_equal(grown[0], told)


def test_candidates_all_over_the_picture_are_no_area():
    pixels, _, _ = paste(shot(scene()), MAPS["translation"], (80, 90), (230, 221))
    assert grow(pixels[..., 0].copy(), Candidate(translation(150, 131), (80.0, 90.0), 150.0, 10.0)) is None


def test_the_finest_grain_alone_shows_a_copy_by_whole_pixels():
    pixels, source, target = paste(shot(scene(), noise=3.0), MAPS["translation"], (80, 90), (230, 221))
    coarse = cv2.GaussianBlur(np.random.default_rng(5).normal(0, 1, pixels.shape[:2]), (0, 0), 1.2)
    painted_over = pixels + (3 * coarse / coarse.std() * target)[..., None]
    (copy,) = find_copies(Evidence.from_pixels(np.rint(painted_over).clip(0, 255).astype(np.uint8))).copies
    assert overlap(copy.first | copy.second, source | target) > 0.7


def copy_between(first: tuple[int, int], second: tuple[int, int], **said: object) -> Copy:
    """A finding between two squares of 2 x 2 cells of 8 pixels, in a picture of 8 x 8 such cells."""
    ends = []
    for row, column in (first, second):
        cells = np.zeros((16, 16), dtype=bool)
        cells[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] = True
        ends.append(cells)
    return replace(Copy(translation(0, 0), *ends, 5.0, True, 1.0, None, 0.0), **said)


def test_a_likely_copy_counts_half():
    copies = Copies((copy_between((0, 0), (5, 5), proven=False),), (), 64, 64)
    copied, pasted = channels_of(copies)[9:]
    assert copied[0, 0] == copied[6, 6] == 0.5
    assert copied.sum() == 4
    assert not pasted.any()


def test_the_clearest_of_copies_that_share_a_cell_tells_the_pasted_end():
    clear = copy_between((0, 0), (5, 5), pasted="first", certainty=0.75)
    faint = copy_between((0, 0), (0, 5), pasted="second", certainty=0.5)
    pasted = channels_of(Copies((clear, faint), (), 64, 64))[10]
    assert pasted[0, 0] == 0.75
    assert pasted[5, 5] == -0.75
    assert pasted[0, 5] == 0.5
