"""Small pictures with truths and maps, and what a protocol says of them."""

from __future__ import annotations

import numpy as np

from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols import get_protocol

HEIGHT, WIDTH = 40, 56
NAMES = ("imdlbenco", "msfusion", "omgfuser", "photoholmes", "tracefuse", "trufor")


def region(top=4, left=6, bottom=30, right=40) -> np.ndarray:
    truth = np.zeros((HEIGHT, WIDTH), bool)
    truth[top:bottom, left:right] = True
    return truth


def noisy(truth, seed=0, strength=0.3) -> np.ndarray:
    random = np.random.default_rng(seed).random(truth.shape)
    return ((1 - strength) * random + strength * truth).astype(np.float32)


def forged(name="a", truth=None, values=None, **more) -> Picture:
    truth = region() if truth is None else truth
    return Picture(name, more.pop("source", name), 1, *truth.shape, truth, values, **more)


def authentic(name="b", values=None, **more) -> Picture:
    return Picture(name, more.pop("source", name), 0, HEIGHT, WIDTH, None, values, **more)


def mixed_set(count=9) -> list[Picture]:
    pictures = []
    for place in range(count):
        truth = region(top=place, right=20 + 3 * place)
        values = noisy(truth, place)
        score = float(np.random.default_rng(place).random())
        if place % 3 == 0:
            pictures.append(authentic(f"{place}", values, source=f"s{place // 2}", score=score))
        else:
            values = None if place == 4 else values
            pictures.append(forged(f"{place}", truth, values, source=f"s{place // 2}", score=score))
    return pictures


def scored(name, pictures):
    protocol = get_protocol(name)
    for picture in pictures:
        protocol.update(picture)
    return {measure.name: measure for measure in protocol.compute()}


def numbers(name, pictures):
    return {key: measure.value for key, measure in scored(name, pictures).items()}
