from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.data.forge.camera.demosaicing import demosaic, list_demosaicings
from forensics.data.forge.camera.mosaic import FIRST_RED, measure_colors
from signals.errors import WrongUsage

# Eight bits hold square roots: a step is 2 / 255 of full light at most.
STEP = {"vng": 2 / 255, "edge_aware": 1 / 65535}


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(1).random((40, 46), dtype=np.float32)


@pytest.mark.parametrize("algorithm", list_demosaicings())
@pytest.mark.parametrize(("pattern", "size"), [("RGGB", (16, 16)), ("GRBG", (33, 20)), ("BGGR", (24, 31))])
def test_one_color_stays_one_color(algorithm, pattern, size):
    color = np.array([0.7, 0.45, 0.2], np.float32)
    colors = np.broadcast_to(color, (*size, 3))
    result = demosaic(measure_colors(colors, pattern), pattern, algorithm)
    assert result.shape == colors.shape
    assert result.dtype == np.float32
    assert np.abs(result - color).max() <= STEP.get(algorithm, 1e-5)
    assert np.ptp(result.reshape(-1, 3), axis=0).max() <= 1e-5


@pytest.mark.parametrize("algorithm", list_demosaicings())
@pytest.mark.parametrize("pattern", FIRST_RED)
def test_what_was_measured_is_kept(algorithm, pattern, noise):
    result = demosaic(noise, pattern, algorithm)
    assert np.abs(measure_colors(result, pattern) - noise).max() <= STEP.get(algorithm, 1e-5)


@pytest.mark.parametrize(
    "algorithm", ["bilinear", "color_difference", "median", "malvar", "hamilton_adams", "menon", "ahd"]
)
def test_ramps_are_kept_inside(algorithm):
    y, x = np.mgrid[:30, :36].astype(np.float32)
    colors = np.stack([0.1 + 0.01 * x, 0.2 + 0.005 * y + 0.004 * x, 0.9 - 0.01 * y - 0.01 * x], axis=-1)
    result = demosaic(measure_colors(colors, "GBRG"), "GBRG", algorithm)
    # the sum over 5x5 and the homogeneity of what the mirrored border bends reach further than the interpolation
    assert np.abs(result - colors)[6:-6, 6:-6].max() <= 1e-5


@pytest.mark.parametrize("pattern", FIRST_RED)
def test_bilinear_is_that_of_opencv(pattern, noise):
    levels = np.round(noise * 65535).astype(np.uint16)
    expected = cv2.cvtColor(levels, getattr(cv2, f"COLOR_Bayer{pattern}2RGB"))
    ours = demosaic(levels / np.float32(65535), pattern, "bilinear") * 65535
    assert np.abs(ours - expected)[1:-1, 1:-1].max() <= 0.76  # OpenCV rounds sums of four and of two


def test_hue_of_green_neighbors_is_kept(noise):
    """Cok's ratios at one blue pixel, whose red comes of the four red ones at its corners."""
    z, offset = noise.astype(np.float64), 1 / 64

    def green(y, x):
        return (z[y - 1, x] + z[y + 1, x] + z[y, x - 1] + z[y, x + 1]) / 4

    y, x = 11, 13
    corners = [(10, 12), (10, 14), (12, 12), (12, 14)]
    hue = np.mean([(z[corner] + offset) / (green(*corner) + offset) for corner in corners])
    expected = hue * (green(y, x) + offset) - offset
    assert demosaic(noise, "RGGB", "constant_hue")[y, x, 0] == pytest.approx(expected, abs=1e-5)


def test_hamilton_and_adams_choose_by_gradients(noise):
    """Green of all red pixels inside, pixel by pixel."""
    z = noise.astype(np.float64)
    result = demosaic(noise, "RGGB", "hamilton_adams")
    for y in range(4, 36, 2):
        for x in range(4, 40, 2):
            bend_x, bend_y = 2 * z[y, x] - z[y, x - 2] - z[y, x + 2], 2 * z[y, x] - z[y - 2, x] - z[y + 2, x]
            along_x, along_y = (
                (z[y, x - 1] + z[y, x + 1]) / 2 + bend_x / 4,
                (z[y - 1, x] + z[y + 1, x]) / 2 + bend_y / 4,
            )
            steps = abs(z[y, x - 1] - z[y, x + 1]) + abs(bend_x), abs(z[y - 1, x] - z[y + 1, x]) + abs(bend_y)
            assert result[y, x, 1] == pytest.approx(along_x if steps[0] < steps[1] else along_y, abs=1e-5)


def test_malvar_is_the_papers_formula(noise):
    """Equations 3 to 6 at four pixels of an array that begins with red."""
    z = noise.astype(np.float64)
    result = demosaic(noise, "RGGB", "malvar")

    def cross(y, x):
        return z[y - 1, x] + z[y + 1, x] + z[y, x - 1] + z[y, x + 1]

    def far(y, x):
        return z[y - 2, x] + z[y + 2, x] + z[y, x - 2] + z[y, x + 2]

    def corners(y, x):
        return z[y - 1, x - 1] + z[y - 1, x + 1] + z[y + 1, x - 1] + z[y + 1, x + 1]

    y, x = 10, 12  # red
    assert result[y, x, 1] == pytest.approx(cross(y, x) / 4 + (z[y, x] - far(y, x) / 4) / 2, abs=1e-5)
    assert result[y, x, 2] == pytest.approx(corners(y, x) / 4 + 3 / 4 * (z[y, x] - far(y, x) / 4), abs=1e-5)
    y, x = 10, 13  # green in a row of red
    beside, above = z[y, x - 2] + z[y, x + 2], z[y - 2, x] + z[y + 2, x]
    laplacian = z[y, x] - (corners(y, x) + beside - above / 2) / 5
    assert result[y, x, 0] == pytest.approx((z[y, x - 1] + z[y, x + 1]) / 2 + 5 / 8 * laplacian, abs=1e-5)
    laplacian = z[y, x] - (corners(y, x) + above - beside / 2) / 5
    assert result[y, x, 2] == pytest.approx((z[y - 1, x] + z[y + 1, x]) / 2 + 5 / 8 * laplacian, abs=1e-5)


@pytest.mark.parametrize("algorithm", ["hamilton_adams", "menon", "dlmmse"])
@pytest.mark.parametrize("turned", [False, True])
def test_lines_are_followed(algorithm, turned):
    """A grey picture that changes across its lines only is interpolated along them, without an error."""
    grey = np.random.default_rng(2).uniform(0.2, 0.8, (1, 40)).astype(np.float32).repeat(36, axis=0)
    colors = np.dstack([grey.T if turned else grey] * 3)
    error = {
        name: np.abs(demosaic(measure_colors(colors, "GRBG"), "GRBG", name) - colors)
        for name in (algorithm, "bilinear")
    }
    assert error[algorithm].max() <= 1e-4
    assert error["bilinear"].mean() >= 0.02


@pytest.mark.parametrize("turned", [False, True])
def test_evenness_mostly_finds_the_lines(turned):
    """Averaged over 3x3 and with ties, it is no sharp decision; a wrong direction would err more than bilinear."""
    grey = np.random.default_rng(2).uniform(0.2, 0.8, (1, 40)).astype(np.float32).repeat(36, axis=0)
    colors = np.dstack([grey.T if turned else grey] * 3)
    ahd, bilinear = (
        np.abs(demosaic(measure_colors(colors, "RGGB"), "RGGB", n) - colors).mean() for n in ("ahd", "bilinear")
    )
    assert ahd < 0.3 * bilinear


@pytest.mark.parametrize("algorithm", list_demosaicings())
@pytest.mark.parametrize(("rows", "columns", "pattern"), [(0, 1, "GRBG"), (1, 0, "GBRG"), (1, 1, "BGGR")])
def test_the_pattern_moves_with_its_name(algorithm, rows, columns, pattern, noise):
    whole = demosaic(noise, "RGGB", algorithm)[rows:, columns:]
    part = demosaic(noise[rows:, columns:], pattern, algorithm)
    inside = slice(15, -15), slice(15, -15)
    assert np.abs(whole - part)[inside].max() <= 1e-5
    other = demosaic(noise[rows:, columns:], "RGGB", algorithm)
    assert np.abs(whole - other)[inside].mean() > 0.05


@pytest.mark.parametrize("algorithm", list_demosaicings())
def test_left_and_right_are_treated_alike(algorithm):
    """An array of odd width is its own mirror image."""
    samples = np.random.default_rng(4).random((40, 47), dtype=np.float32)
    mirrored = demosaic(np.ascontiguousarray(samples[:, ::-1]), "RGGB", algorithm)[:, ::-1]
    assert np.abs(demosaic(samples, "RGGB", algorithm) - mirrored).max() <= STEP.get(algorithm, 1e-5)


def test_better_algorithms_are_better(scene):
    """What papers agree on, by PSNR: colors that help each other by two decibels, all of those since by three."""
    colors = scene.astype(np.float32) / 255
    samples = measure_colors(colors, "RGGB")

    def psnr(name: str) -> float:
        return cv2.PSNR(colors, np.clip(demosaic(samples, "RGGB", name), 0, 1), R=1.0)

    single = psnr("bilinear")
    assert min(psnr(name) for name in ("constant_hue", "color_difference", "median", "dlmmse")) > single + 2
    assert min(psnr(name) for name in ("malvar", "hamilton_adams", "menon", "ahd", "vng")) > single + 3


def test_every_algorithm_is_one_of_its_own(noise):
    results = [demosaic(noise, "RGGB", name) for name in list_demosaicings()]
    for index, one in enumerate(results):
        assert all(np.abs(one - other).mean() > 1e-3 for other in results[:index])


def test_unknown_names_list_the_known():
    with pytest.raises(WrongUsage, match="hamilton_adams"):
        demosaic(np.zeros((16, 16), np.float32), "RGGB", "amaze")
