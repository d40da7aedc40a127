"""Fits the fixed filters of ``signals/noise/bayar.py``: the best linear prediction of a pixel from its neighbors.

    python -m benchmarks.fit_bayar --photos FOLDER --manifest MANIFEST.csv

Least squares over the photos of the split ``train``, on the sum of the three colors. Neighbors at the same distance
and mirrored positions share a weight; the weights sum to 1 and are printed in 1024ths, ready to be pasted.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image

UNIT = 1024
NEIGHBORHOODS = {
    "3x3": [(0, 1), (1, 1)],
    "5x5 ring": [(0, 2), (1, 2), (2, 2)],
    "5x5": [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2)],
}


def orbit(place: tuple[int, int]) -> list[tuple[int, int]]:
    """The place in all its mirrored positions."""
    y, x = place
    return sorted({(a * i, b * j) for i, j in ((y, x), (x, y)) for a in (-1, 1) for b in (-1, 1)})


def moments(plane: np.ndarray, places: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of predicting the pixel from the mean of each orbit, as differences to the last orbit."""
    height, width = plane.shape
    means = []
    for place in places:
        shifted = [plane[2 + y : height - 2 + y, 2 + x : width - 2 + x] for y, x in orbit(place)]
        means.append(sum(shifted) / len(shifted))
    free = np.stack([(mean - means[-1]).ravel() for mean in means[:-1]])
    goal = (plane[2:-2, 2:-2] - means[-1]).ravel()
    return free @ free.T, free @ goal


def kernel(weights: np.ndarray, places: list[tuple[int, int]]) -> np.ndarray:
    """int ``[5, 5]`` in 1024ths: the weights, spread over their orbits, and -1024 in the center."""
    result = np.zeros((5, 5), dtype=int)
    for weight, place in zip(weights, places, strict=True):
        for y, x in orbit(place):
            result[2 + y, 2 + x] = round(UNIT * weight / len(orbit(place)))
    rounded = result.sum()
    # Orbits have four or eight places, so what rounding took or added can be shared by the four nearest ones.
    for y, x in orbit(places[0]):
        result[2 + y, 2 + x] += (UNIT - rounded) // 4
    result[2, 2] = -UNIT
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.manifest.open(newline="") as file:
        files = [row["file"] for row in csv.DictReader(file) if row["split"] == "train"]
    sums: dict[str, list[np.ndarray]] = {}
    for name in files:
        with Image.open(arguments.photos / name) as image:
            plane = np.asarray(image.convert("RGB")).sum(axis=2, dtype=np.float64)
        for title, places in NEIGHBORHOODS.items():
            found = moments(plane, places)
            known = sums.setdefault(title, [np.zeros_like(part) for part in found])
            for total, part in zip(known, found, strict=True):
                total += part / plane.var()
    for title, places in NEIGHBORHOODS.items():
        free = np.linalg.solve(*sums[title])
        weights = np.append(free, 1 - free.sum())
        print(f"{title}, from {len(files)} photos: {np.round(weights, 4).tolist()}")
        print(kernel(weights, places).tolist())


if __name__ == "__main__":
    main()
