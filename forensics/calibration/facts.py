"""What is known of a picture before anyone asks whether it was changed: of its file, its pixels and its signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2, nan

import cv2
import numpy as np
from numpy.typing import NDArray

from signals import Evidence, SignalMap
from signals.jpeg_quality import nearest_quality

Facts = Mapping[str, float]

# Beyond this, 0..255, a pixel is as good as black or white: no trace is left in it.
_DARK, _BRIGHT = 4, 251
# Standard deviation of luma, 0..255, below which a block of 8 x 8 pixels shows nothing.
_FLAT = 1.0
_BLOCK = 8


def file_facts(evidence: Evidence) -> dict[str, float]:
    """The few facts of a file that say how much of a trace it can still hold.

    Returns:
        ``megapixels``, ``short_side`` in pixels, ``bytes_per_pixel``, ``is_jpeg`` 1 or 0, and for a JPEG ``quality``,
        the nearest standard quality of its luma table, 1..100; what is not known is absent.
    """
    facts = {
        "megapixels": evidence.width * evidence.height / 1e6,
        "short_side": float(min(evidence.width, evidence.height)),
        "is_jpeg": float(evidence.type == "jpeg"),
    }
    if evidence.data is not None:
        facts["bytes_per_pixel"] = len(evidence.data) / (evidence.width * evidence.height)
    structure = evidence.structure
    luma = structure.tables.get(structure.table_slots[0]) if structure and structure.table_slots else None
    if luma is not None:
        facts["quality"] = float(nearest_quality(luma, "luminance").quality)
    return facts


def signal_facts(evidence: Evidence, signals: Sequence[SignalMap]) -> dict[str, float]:
    """How much there is to read: crude numbers of the pixels, and what the signals could use.

    None of them asks what the model thinks of the picture.

    Args:
        evidence: The picture.
        signals: What the checkpoint's signals read in it.

    Returns:
        ``usable_signals`` and ``valid_cells``: the share of the signals that could read the picture, and the mean
        share of valid cells over all signals; ``sharpness``: log10 of the variance of the Laplacian of luma, 0..255;
        ``saturated`` and ``flat``: the share of pixels near black or white, of 8 x 8 blocks without any detail.
    """
    luma = cv2.cvtColor(evidence.pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    valid = [float(signal.valid.mean()) if signal.usable else 0.0 for signal in signals]
    return {
        "usable_signals": float(np.mean([signal.usable for signal in signals])) if signals else 1.0,
        "valid_cells": float(np.mean(valid)) if signals else 1.0,
        "sharpness": float(np.log10(cv2.Laplacian(luma, cv2.CV_32F).var() + 1)),
        "saturated": float(((luma < _DARK) | (luma > _BRIGHT)).mean()),
        "flat": _flat(luma),
    }


def covariates(facts: Facts) -> tuple[float, float]:
    """What shifts a score apart from edits: compression and size.

    Returns:
        Quality of the last compression in hundredths (1 for files without one) and log2 of the megapixels; what is
        not known counts as none and as one megapixel.
    """
    quality, megapixels = facts.get("quality", nan), facts.get("megapixels", nan)
    return (
        1.0 if np.isnan(quality) else quality / 100,
        0.0 if np.isnan(megapixels) else log2(megapixels),
    )


def _flat(luma: NDArray[np.uint8]) -> float:
    """Share of whole blocks with a standard deviation below the least; 0 for pictures smaller than a block."""
    rows, columns = luma.shape[0] // _BLOCK, luma.shape[1] // _BLOCK
    if not rows or not columns:
        return 0.0
    whole = luma[: rows * _BLOCK, : columns * _BLOCK].astype(np.float32)
    blocks = whole.reshape(rows, _BLOCK, columns, _BLOCK)
    return float((blocks.std(axis=(1, 3)) < _FLAT).mean())
