"""What a file says before a pixel is looked at, and how well that alone tells forged from authentic.

Sets whose two classes were saved by different programs can be told apart by their headers. ``header_scores`` measures
it: a detector that does not do better than the headers has shown nothing about forgery.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals import Evidence
from signals.facts.blocks import find_blocks
from signals.jpeg_quality import Kind, nearest_quality
from signals.reading.jpeg_structure import ZIGZAG, JpegStructure, segments

FOLDS = 5

_TYPES = ("jpeg", "png", "webp", "tiff", "bmp", "gif")
_MARKERS = ("DQT", "DHT", "DRI", "COM", "SOF0", "SOF1", "SOF2", *(f"APP{number}" for number in range(16)))
# Chunks of PNG, then of WebP; a space at the end of a name is cut off.
_CHUNKS = ("pHYs", "gAMA", "sRGB", "cHRM", "bKGD", "tIME", "tEXt", "zTXt", "iTXt", "VP8", "VP8L", "VP8X", "ALPH")
# Bytes of the tables of ITU-T T.81, annex K.3, of a grey and of a color picture; optimized tables are all but
# never as long by chance.
_STANDARD_HUFFMAN = (208, 416)
_DHT = 0xC4


def container_features(evidence: Evidence) -> dict[str, float]:
    """Numbers of the container alone: size, format, tables, sampling, markers, metadata. No pixel is decoded.

    How many bytes the picture takes is not among them: it follows from the content; see :func:`content_features`.

    Args:
        evidence: A picture opened from a file or bytes; of an array only the size is known.

    Returns:
        The same names for every picture; NaN where a format has no such thing, 1 and 0 for yes and no.
    """
    data = evidence.data or b""
    return {
        **_size(evidence.width, evidence.height),
        "orientation": float(evidence.orientation),
        **{f"is_{name}": float(evidence.type == name) for name in _TYPES},
        **_metadata(data, evidence.type),
        **_png(data, evidence.type),
        **_jpeg(data, evidence.structure),
    }


def content_features(evidence: Evidence) -> dict[str, float]:
    """Crude numbers of the content, which a fair set may tell apart a little: an edit changes them.

    Returns:
        ``bytes`` of the file and ``bytes_per_pixel`` (NaN for an array); ``sharpness``, the variance of the Laplacian
        of luma in 0..255; ``noise``, the standard deviation that Immerkaer's 3 x 3 mask gives (Fast Noise Variance
        Estimation, CVIU 1996), same unit.
    """
    luma = cv2.cvtColor(evidence.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = float(len(evidence.data)) if evidence.data is not None else nan
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    noise = np.sqrt(np.pi / 2) / 6 * float(np.abs(cv2.filter2D(luma, -1, mask)).mean())
    return {
        "bytes": size,
        "bytes_per_pixel": size / luma.size,
        "sharpness": float(cv2.Laplacian(luma, cv2.CV_32F).var()),
        "noise": float(noise),
    }


def header_row(evidence: Evidence) -> NDArray[np.float32]:
    """The container features of a picture in the order of their names, as a row of the table of a set."""
    features = container_features(evidence)
    return np.array([features[name] for name in sorted(features)], np.float32)


@dataclass(frozen=True)
class OutOfFold:
    """How forged each picture looks to a classifier that never saw its source.

    Attributes:
        scores: float64 ``[n]`` in 0..1, in the order of the pictures; None where it could not be trained.
        reason: Why there are none, in one line.
    """

    scores: NDArray[np.float64] | None
    reason: str | None = None


def header_scores(features: ArrayLike, labels: ArrayLike, sources: Sequence[str], *, seed: int = 0) -> OutOfFold:
    """Gradient boosting on features, five folds that never part a source; each picture is scored by the fold it is in.

    Args:
        features: ``[n, F]``, a row a picture, NaN where unknown; see :func:`header_row`.
        labels: 1 forged, 0 authentic.
        sources: The source of each picture: a forgery and its pristine twin have one.
        seed: Of the folds. Equal arguments give equal scores.

    Returns:
        No scores, with the reason, where a class has fewer sources than there are folds.

    Raises:
        ValueError: Pictures, labels and sources are not of one number.
    """
    table, truth = np.asarray(features, np.float64), np.asarray(labels, np.int64)
    if not len(table) == len(truth) == len(sources):
        raise ValueError(f"{len(table)} pictures, {len(truth)} labels and {len(sources)} sources are not as many")
    for label, name in ((1, "forged"), (0, "authentic")):
        count = len({source for source, its in zip(sources, truth, strict=True) if its == label})
        if count < FOLDS:
            return OutOfFold(None, f"the {name} pictures come from {count} sources; {FOLDS} folds need {FOLDS}")
    return _out_of_fold(table, truth, sources, seed)


def _out_of_fold(table: NDArray[np.float64], truth: NDArray[np.int64], sources: Sequence[str], seed: int) -> OutOfFold:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    scores = np.full(len(truth), nan)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for known, held_out in folds.split(table, truth, list(sources)):
        if len(set(truth[known])) < 2:
            return OutOfFold(None, "a few sources hold most pictures of a class; no five folds have both classes")
        model = HistGradientBoostingClassifier(min_samples_leaf=5, early_stopping=False, random_state=seed)
        # What is constant teaches nothing, and scikit-learn warns of a column without a single number.
        told = [column for column in table.T if not _constant(column[known])]
        if told:
            used = np.stack(told, axis=1)
            scores[held_out] = model.fit(used[known], truth[known]).predict_proba(used[held_out])[:, 1]
        else:
            scores[held_out] = 0.5  # the share of a fold would give its pictures away
    return OutOfFold(scores)


def _constant(column: NDArray[np.float64]) -> bool:
    return bool(np.isnan(column).all() or (column == column[0]).all())


def _size(width: int, height: int) -> dict[str, float]:
    sides = {"width": width, "height": height, "long_side": max(width, height), "short_side": min(width, height)}
    remainders = {
        f"{name}_mod_{unit}": side % unit for name, side in (("width", width), ("height", height)) for unit in (8, 16)
    }
    return {name: float(value) for name, value in (sides | {"pixels": width * height} | remainders).items()}


def _metadata(data: bytes, kind: str) -> dict[str, float]:
    blocks = find_blocks(data, kind)
    count = Counter(blocks.parts)
    present = {
        "has_exif": blocks.exif,
        "has_xmp": blocks.xmp,
        "has_profile": blocks.icc,
        "has_credentials": blocks.credentials,
        "has_software": blocks.software,
    }
    return {
        **{name: float(bool(found)) for name, found in present.items()},
        **{f"chunk_{name}": float(count[name]) for name in _CHUNKS},
    }


def _png(data: bytes, kind: str) -> dict[str, float]:
    """Bits a channel, color type, interlacing, and the two bits by which zlib tells how hard it tried (RFC 1950)."""
    names = ("png_bits", "png_color", "png_interlaced", "png_effort")
    if kind != "png" or len(data) < 29:
        return dict.fromkeys(names, nan)
    start = data.find(b"IDAT")
    effort = data[start + 5] >> 6 if 0 <= start < len(data) - 5 else nan
    return dict(zip(names, map(float, (data[24], data[25], data[28], effort)), strict=True))


def _jpeg(data: bytes, structure: JpegStructure | None) -> dict[str, float]:
    luma, chroma = _tables(structure)
    return {
        **_frame(data, structure),
        **_table("luma", luma, "luminance"),
        **_table("chroma", chroma, "chrominance"),
        **_markers(structure),
    }


def _frame(data: bytes, structure: JpegStructure | None) -> dict[str, float]:
    names = (
        *("jpeg_progressive", "jpeg_scans", "jpeg_components", "jpeg_sampling", "jpeg_tables", "jpeg_jfif"),
        *("jpeg_density", "jpeg_adobe", "jpeg_standard_huffman", "jpeg_more_behind"),
    )
    if structure is None:
        return dict.fromkeys(names, nan)
    bodies = list(segments(data))
    density = next((int.from_bytes(body[7:12], "big") for _, _, body in bodies if body[:5] == b"JFIF\0"), nan)
    huffman = sum(len(body) for code, _, body in bodies if code == _DHT)
    factors = structure.samplings[0] if structure.samplings else (0, 0)
    adobe = nan if structure.adobe_transform is None else structure.adobe_transform
    behind = structure.ended and len(data) - structure.end > 2
    values: tuple[Any, ...] = (
        *(structure.progressive, structure.scans, len(structure.component_ids), 10 * factors[0] + factors[1]),
        *(len(structure.tables), structure.jfif, density, adobe, huffman in _STANDARD_HUFFMAN, behind),
    )
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def _tables(structure: JpegStructure | None) -> list[NDArray[np.uint16] | None]:
    """The quantization tables of the first two components."""
    slots = structure.table_slots[:2] if structure else ()
    found = [structure.tables.get(slot) if structure else None for slot in slots]
    return [*found, None, None][:2]


def _table(name: str, table: NDArray[np.uint16] | None, kind: Kind) -> dict[str, float]:
    """All 64 steps in zig-zag order, and the standard table nearest to them."""
    if table is None:
        steps, nearest = [nan] * 64, (nan, nan)
    else:
        found = nearest_quality(table, kind)
        steps, nearest = [float(step) for step in table.ravel()[ZIGZAG]], (float(found.quality), found.distance)
    numbered = {f"{name}_step_{number}": step for number, step in enumerate(steps)}
    return {f"{name}_quality": nearest[0], f"{name}_distance": nearest[1], **numbered}


def _markers(structure: JpegStructure | None) -> dict[str, float]:
    if structure is None:
        return {f"marker_{name}": nan for name in _MARKERS}
    count = Counter(structure.markers)
    return {f"marker_{name}": float(count[name]) for name in _MARKERS}
