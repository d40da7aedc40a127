"""Measures what every signal gives on untouched photos; the result ships as ``signals/pristine/NAME.json``.

    python -m benchmarks.pristine --photos FOLDER --manifest MANIFEST.csv [--signal NAME ...]

The manifest names the photos' files and splits; photos of the split ``test`` are never read. Each photo is taken
as it is stored, saved once more, resized and saved, and resized and kept without loss: untouched pictures come in all
four forms. A score gets
the values that one cell in 10 ** (4 s) reaches; a feature gets the evenly spaced quantiles of its drawing.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from signals import Evidence, Unusable, get_signal, list_signals
from signals.drawing_plane import drawing_plane
from signals.rarity import anchors
from signals.score import Score

QUANTILES = np.linspace(0, 1, 33)
CELLS_A_PICTURE = 20_000


def untouched_forms(path: Path, random: np.random.Generator) -> Iterator[bytes]:
    """The file; the picture saved again; the picture made smaller and saved, with loss and without."""
    yield path.read_bytes()
    with Image.open(path) as image:
        picture = image.convert("RGB")
    yield _jpeg(picture, int(random.integers(60, 96)))
    scale = random.uniform(0.4, 0.9)
    smaller = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    yield _jpeg(smaller, int(random.integers(70, 98)))
    buffer = io.BytesIO()
    smaller.save(buffer, "png", compress_level=1)
    yield buffer.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "jpeg", quality=quality, subsampling=2)
    return buffer.getvalue()


def read_values(name: str, evidence: Evidence, random: np.random.Generator) -> np.ndarray:
    """A random sample of the raw values of a score, or of the drawn plane of a feature, at valid cells."""
    signal = get_signal(name)
    if isinstance(signal, Score):
        try:
            statistic = signal.measure(evidence)
        except Unusable:
            return np.zeros(0, dtype=np.float32)
        values = np.asarray(statistic.values, dtype=np.float32)[statistic.valid]
    else:
        found = signal.extract(evidence)
        if not found.usable:
            return np.zeros(0, dtype=np.float32)
        values = drawing_plane(signal, found)[found.valid]
    values = values[np.isfinite(values)]
    return values if values.size <= CELLS_A_PICTURE else random.choice(values, CELLS_A_PICTURE, replace=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--signal", action="append", choices=list_signals())
    parser.add_argument("--most", type=int, default=1000, help="read at most so many photos")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "signals" / "pristine")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    names = arguments.signal or list_signals()
    with arguments.manifest.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] != "test"]
    chosen = rows[:: max(1, -(-len(rows) // arguments.most))]
    collected: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for number, row in enumerate(chosen):
        random = np.random.default_rng(number)
        for data in untouched_forms(arguments.photos / row["file"], random):
            evidence = Evidence.open(data)
            for name in names:
                collected[name].append(read_values(name, evidence, random))
    for name in names:
        values = np.concatenate(collected[name])
        score = get_signal(name).spec.kind == "score"
        measured = anchors(values) if score else np.quantile(values, QUANTILES)
        fields = {
            "signal": name,
            "version": get_signal(name).spec.version,
            "photos": len(chosen),
            "cells": int(values.size),
            "anchors" if score else "quantiles": [float(f"{value:.7g}") for value in measured],
        }
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / f"{name}.json").write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {values.size} cells of {len(chosen)} photos in four forms")


if __name__ == "__main__":
    main()
