from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.data.forge.chains.jpeg import JpegSave
from forensics.training.history.factorial import render, turned
from forensics.training.history.history import History, Resampling
from forensics.training.history.targets import Targets


def smooth_clouds() -> np.ndarray:
    coarse = np.random.default_rng(0).uniform(40, 210, (2, 6, 6, 3)).astype(np.float32)
    fine = [cv2.resize(one, (208, 208), interpolation=cv2.INTER_CUBIC) for one in coarse]
    return np.stack(fine).clip(0, 255).astype(np.uint8)


def test_what_is_known_of_histories() -> None:
    enlarged = Resampling(2.0, "cubic")
    targets = Targets.of(
        (
            History(first_save=JpegSave(80), shift=(3, 0)),
            History(first_save=JpegSave(80), resampling=enlarged),
            History(first_save=JpegSave(80), resampling=enlarged, second_save=JpegSave(60)),
            History(),
        )
    )
    assert targets.phase.tolist() == [[5, 0], [-1, -1], [0, 0], [-1, -1]]
    assert targets.quality == pytest.approx([0.8, -1, 0.6, -1])
    assert targets.scale == pytest.approx([0, 1, 1, 0])


@pytest.mark.parametrize("turn", range(8))
def test_the_phase_is_that_of_the_pixels(turn: int) -> None:
    """Very coarse saving breaks where blocks begin: in the pixels after cut and turn, and in the targets."""
    clouds = smooth_clouds()
    history = History(first_save=JpegSave(1, subsampling="4:4:4"), shift=(6, 1))
    patches = turned(render(clouds, history)[None][:, :, 9 : 9 + 64, 2 : 2 + 64], turn)[0]
    lightness = patches[0].astype(float).mean(axis=2)
    expected = Targets.of((history,)).cut(9, 2).turned(turn).phase[0]
    for axis in (0, 1):
        steps = np.abs(np.diff(lightness, axis=axis)).mean(axis=1 - axis)
        assert (np.argmax([steps[phase::8].mean() for phase in range(8)]) + 1) % 8 == expected[axis]
