"""A JPEG with a flipped bit still decodes; most of what then looks wrong is told, and nothing is told of whole files."""

from __future__ import annotations

import random

import numpy as np

from signals import Evidence
from signals.errors import UnreadableImage


def test_most_visible_damage_is_told_and_the_error_stream_stays_clean(noise, encode, capfd) -> None:
    whole = encode(noise(240, 320), "jpeg", quality=85)
    assert Evidence.open(whole).warnings == ()
    truth = Evidence.open(whole).pixels.astype(int)
    flips, visible, told = random.Random(0), 0, 0
    for _ in range(80):
        damaged = bytearray(whole)
        damaged[flips.randrange(700, len(whole) - 10)] ^= 1 << flips.randrange(8)
        try:
            evidence = Evidence.open(bytes(damaged))
            changed = (np.abs(evidence.pixels.astype(int) - truth).max(axis=2) > 16).mean()
        except UnreadableImage:
            continue
        if changed > 0.01:
            visible += 1
            told += bool(evidence.warnings)
    assert visible >= 10
    assert told >= 0.6 * visible
    assert "Corrupt" not in capfd.readouterr().err
