"""A JPEG with a flipped bit still decodes; what the decoder complains of is told, and nothing of whole files."""

from __future__ import annotations

import random

import numpy as np

from signals import Evidence
from signals.errors import UnreadableImage


def test_what_the_decoder_complains_of_is_told_and_the_error_stream_stays_clean(noise, encode, capfd) -> None:
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
    assert told >= 2
    assert "Corrupt" not in capfd.readouterr().err
