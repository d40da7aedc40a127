"""Signals as localizers: cells become pixels, pictures that cannot be read have no map."""

from __future__ import annotations

import doctest
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from forensics.data.manifest import ManifestRow
from forensics.evaluation import maps
from forensics.evaluation.maps import SignalMaps, pixels_of, score_signals, top_mean
from signals import Evidence, SignalMap, SignalSpec, get_signal
from signals.errors import WrongUsage
from signals.orientation import upright


def cells(height, width, stride, offset=0):
    spec = SignalSpec("made", "1", stride=stride, offset=offset, kind="score", range=(0.0, 1.0))
    grid = spec.grid(height, width)
    values = (np.arange(grid[0] * grid[1], dtype=np.float32).reshape(grid) / (grid[0] * grid[1]))[None]
    return SignalMap(spec, values, np.ones(grid, bool))


@pytest.mark.parametrize(("stride", "offset"), [(1, 0), (4, 0), (8, 0), (8, 4), (16, 0)])
def test_every_pixel_takes_the_value_of_its_cell(stride, offset):
    found = cells(37, 50, stride, offset)
    pixels = pixels_of(found, 37, 50)
    assert pixels.shape == (37, 50)
    for row, column in ((0, 0), (17, 31), (36, 49), (8, 8)):
        cell = [max(0, (place - offset) // stride) for place in (row, column)]
        cell = [min(place, last - 1) for place, last in zip(cell, found.valid.shape, strict=True)]
        assert pixels[row, column] == found.values[0][tuple(cell)]


def test_cells_that_are_not_valid_mark_nothing():
    found = cells(16, 16, 8)
    found.valid[1, 1] = False
    found.values[0, 1, 1] = np.nan
    pixels = pixels_of(found, 16, 16)
    assert not pixels[8:, 8:].any()
    assert pixels[8, 7] == found.values[0, 1, 0]


def test_the_score_is_the_mean_of_the_highest_percent():
    assert doctest.testmod(maps, extraglobs={"np": np}).failed == 0
    values = np.random.default_rng(0).permutation(np.arange(1000) / 1000)
    assert top_mean(values) == pytest.approx(np.mean([(999 - n) / 1000 for n in range(10)]))
    assert (top_mean(values[:3]), top_mean(np.zeros(0))) == (values[:3].max(), 0.0)


@dataclass(frozen=True)
class Reddest:
    """Marks red cells; cannot read pictures without any."""

    spec = SignalSpec("reddest", "7", stride=8, kind="score", range=(0.0, 1.0))
    reads = blind_when = "Red."

    def extract(self, evidence):
        red = evidence.pixels[::8, ::8, 0].astype(np.float32) / 255
        if not red.any():
            return SignalMap.unusable(self.spec, "Nothing in it is red.")
        return SignalMap(self.spec, red[None], np.ones(red.shape, bool))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_maps_are_turned_upright(tmp_path, orientation):
    pixels = np.zeros((24, 40, 3), np.uint8)
    pixels[:8, :16, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    evidence = Evidence.open(tmp_path / "a.png")
    found = SignalMaps(Reddest()).map_of(ManifestRow(tmp_path / "a.png", None, 0), evidence)
    assert np.array_equal(found.values, upright(pixels[..., 0] / np.float32(255), orientation))
    assert found.score == 1.0


def test_a_picture_the_signal_cannot_read_has_no_map_and_says_why(tmp_path):
    evidence = Evidence.from_pixels(np.zeros((24, 40, 3), np.uint8))
    found = SignalMaps(Reddest()).map_of(ManifestRow(tmp_path / "a.png", None, 0), evidence)
    assert (found.values, found.score, found.failure) == (None, None, "Nothing in it is red.")


def test_features_are_refused_and_all_scores_are_named():
    assert "ela_score" in score_signals()
    assert "dct" not in score_signals()
    with pytest.raises(WrongUsage, match="feature"):
        SignalMaps(get_signal("dct"))
    assert SignalMaps(Reddest()).description["version"] == "7"
