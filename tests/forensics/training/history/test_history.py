from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.chains.jpeg import JpegSave
from forensics.training.history.history import STEPS, Filtering, History, Resampling, draw_history, vary


def picture(side: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 190, (side, side, 3), dtype=np.uint8)


def test_nothing_happened() -> None:
    assert np.array_equal(History().apply(picture()), picture())


def test_steps_follow_one_another() -> None:
    history = History(resampling=Resampling(1.5, "cubic"), second_save=JpegSave(70))
    made = history.apply(picture())
    assert made.shape == (96, 96, 3)
    assert np.array_equal(made, JpegSave(70).apply(Resampling(1.5, "cubic").apply(picture())))


@pytest.mark.parametrize(
    ("filtering", "ratio"),
    [
        (Filtering("blur", 1.0), (0.0, 0.6)),
        (Filtering("median", 1.0), (0.0, 0.8)),
        (Filtering("sharpening", 1.0), (1.2, 4)),
        (Filtering("tone", 1.0), (0.999, 1.001)),
    ],
)
def test_filters_take_or_give_detail(filtering: Filtering, ratio: tuple[float, float]) -> None:
    assert ratio[0] <= filtering.apply(picture()).std() / picture().std() <= ratio[1]


def test_noise_has_its_deviation_and_its_seed() -> None:
    flat = np.full((128, 128, 3), 120, np.uint8)
    made = Filtering("noise", 4.0, seed=1).apply(flat)
    assert made.std() == pytest.approx(4, rel=0.03)
    assert np.array_equal(made, Filtering("noise", 4.0, seed=1).apply(flat))
    assert not np.array_equal(made, Filtering("noise", 4.0, seed=2).apply(flat))


def test_hardly_two_are_alike_and_a_seed_decides() -> None:
    drawn = [draw_history(np.random.default_rng(seed)) for seed in range(50)]
    assert len(set(map(repr, drawn))) == 50
    assert drawn[7] == draw_history(np.random.default_rng(7))
    assert any(history.camera is None for history in drawn)
    assert draw_history(np.random.default_rng(0), camera=False).camera is None


def test_a_variation_differs_in_one_or_two_steps() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        history = draw_history(random)
        near = vary(history, random)
        changed = [step for step in STEPS if getattr(near, step) != getattr(history, step)]
        assert 1 <= len(changed) <= 2
    native = draw_history(random, camera=False)
    assert vary(native, random, STEPS[2:]).camera is None
