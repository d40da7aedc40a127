"""Areas that are equal to the last bit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from signals.copymove.identical import BLOCK, coded_bits, find_identical

SIDE = 160


def luma_of(pixels: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


@pytest.fixture
def noisy() -> np.ndarray:
    """A smooth scene with noise: uint8 ``[160, 160, 3]``."""
    random = np.random.default_rng(0)
    smooth = 120 + 900 * cv2.GaussianBlur(random.normal(0, 1, (SIDE, SIDE)), (0, 0), 12)
    return np.clip(smooth[..., None] + random.normal(0, 3, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


def brute_force(pixels: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Where pixels equal those ``dy`` rows and ``dx`` columns on."""
    equal = np.zeros(pixels.shape[:2], dtype=bool)
    for y in range(SIDE - dy):
        for x in range(max(0, -dx), SIDE - max(0, dx)):
            equal[y, x] = (pixels[y, x] == pixels[y + dy, x + dx]).all()
    return equal


@pytest.mark.parametrize("shift", [(61, 43), (61, -43), (0, 50), (37, 0)])
def test_finds_an_area_and_its_displacement(noisy: np.ndarray, shift: tuple[int, int]) -> None:
    dy, dx = shift
    pixels = noisy.copy()
    pixels[40 + dy : 64 + dy, 70 + dx : 90 + dx] = pixels[40:64, 70:90]
    (found,) = find_identical(pixels, luma_of(pixels))
    assert (found.dy, found.dx) == shift
    assert found.first[40:64, 70:90].mean() > 0.95
    assert (found.first & ~brute_force(pixels, dy, dx)).sum() == 0
    assert found.decades > 50


def test_noise_alone_and_flat_pictures_repeat_nothing(noisy: np.ndarray) -> None:
    assert find_identical(noisy, luma_of(noisy)) == []
    flat = np.full((SIDE, SIDE, 3), 99, np.uint8)
    assert find_identical(flat, luma_of(flat)) == []
    assert find_identical(flat[:BLOCK], luma_of(flat[:BLOCK])) == []


def test_one_level_apart_is_not_equal(noisy: np.ndarray) -> None:
    pixels = noisy.copy()
    pixels[101:125, 113:133] = pixels[40:64, 70:90]
    pixels[101:125:4, 113:133:4] += 1
    assert find_identical(pixels, luma_of(pixels)) == []


def test_patterns_that_repeat_again_and_again_are_no_copies(noisy: np.ndarray) -> None:
    tiled = np.tile(noisy[:20, :20], (8, 8, 1))
    assert find_identical(tiled, luma_of(tiled)) == []


def test_a_patch_laid_down_seven_times_is_a_pattern(noisy: np.ndarray) -> None:
    pixels = noisy.copy()
    for top, left in [(3, 5), (9, 61), (4, 118), (57, 9), (63, 70), (55, 125), (110, 30)]:
        pixels[top : top + 24, left : left + 24] = noisy[3:27, 5:29]
    assert find_identical(pixels, luma_of(pixels)) == []


def test_what_repeats_close_by_is_texture(noisy: np.ndarray) -> None:
    pixels = noisy.copy()
    pixels[40:90, 83:96] = pixels[40:90, 70:83]
    assert find_identical(pixels, luma_of(pixels)) == []


def test_of_many_copies_the_largest_are_found(noisy: np.ndarray) -> None:
    pixels = np.tile(noisy, (4, 4, 1))
    pixels += np.random.default_rng(6).integers(0, 2, pixels.shape).astype(np.uint8)
    for number in range(20):
        row, column = 24 * number, 300 + 5 * number
        pixels[row + 3 : row + 20, column : column + 17] = pixels[row : row + 17, 40:57]
    pixels[551:611, 511:571] = pixels[500:560, 400:460]
    displacements = [(one.dy, one.dx) for one in find_identical(pixels, luma_of(pixels))]
    assert displacements[0] == (51, 111)
    assert len(displacements) > 10


def test_flat_areas_do_not_join_a_copy(noisy: np.ndarray) -> None:
    pixels = noisy.copy()
    pixels[110:] = 99
    pixels[61:85, 113:133] = pixels[20:44, 70:90]
    (found,) = find_identical(pixels, luma_of(pixels))
    assert not found.first[100:].any()


def test_whole_blocks_of_what_was_a_jpeg_prove_nothing(noisy: np.ndarray) -> None:
    pixels = noisy.copy()
    pixels[88:112, 96:120] = pixels[40:64, 72:96]  # moved by (48, 24)
    assert find_identical(pixels, luma_of(pixels)) == []


def test_a_coder_pays_more_for_noise_than_for_a_slope() -> None:
    slope = np.tile(np.arange(SIDE, dtype=np.uint8), (SIDE, 1))
    noise = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE)).astype(np.uint8)
    assert coded_bits(slope)[0].mean() < 0.1
    # Predicting what cannot be predicted costs a little more than its eight bits.
    assert 8 < coded_bits(noise)[0][1:, 1:].mean() < 9


def test_words_on_a_page_are_no_copies() -> None:
    page = np.full((200, 400, 3), 250, np.uint8)
    for row, words in enumerate(["found found", "photo found", "camera photo", "noise camera"]):
        cv2.putText(page, words, (11, 40 + 41 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1, cv2.LINE_AA)
    assert find_identical(page, luma_of(page)) == []


def test_chance_repeats_do_not_hide_a_copy(noisy: np.ndarray) -> None:
    """Twenty large areas moved by whole blocks, which prove nothing, and one small copy."""
    pixels = np.tile(noisy, (4, 4, 1))
    pixels += np.random.default_rng(5).integers(0, 2, pixels.shape).astype(np.uint8)
    for number in range(20):
        row, column = 40 * (number // 5), 64 * (number % 5)
        source = column + 8 * number
        pixels[400 + row : 432 + row, column : column + 48] = pixels[row : row + 32, source : source + 48]
    pixels[203:223, 507:527] = pixels[180:200, 560:580]
    found = find_identical(pixels, luma_of(pixels))
    assert (23, -53) in [(one.dy, one.dx) for one in found]


@pytest.mark.parametrize("quality", [30, 60])
@pytest.mark.parametrize("scale", [1.25, 1.5])
def test_an_enlarged_jpeg_repeats_nothing(noisy: np.ndarray, quality: int, scale: float) -> None:
    _, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    pixels = cv2.resize(decoded, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    assert find_identical(pixels, luma_of(pixels)) == []
