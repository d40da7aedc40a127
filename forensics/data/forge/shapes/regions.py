"""Regions of what a picture shows: grown segments, objects of the segmenter, cut-out foregrounds."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import draw_seed, integer, uniform
from forensics.objects.regions import RegionMerging

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
Alpha = NDArray[np.float32]

_WORKING_SIDE = 160


def draw_region(random: np.random.Generator, kind: str, pixels: Pixels, area: float) -> Alpha:
    """Finds a region on a reduced copy and draws it at full size.

    Args:
        kind: ``segments`` (pieces of similar color grown together), ``objects`` (the region of floor 2's segmenter
            near to the wanted area), ``cutout`` (GrabCut foreground of a random box, Rother et al. 2004, with a
            soft edge along what the picture shows).
        pixels: uint8 RGB ``[H, W, 3]``.
        area: Wanted share of the picture, met approximately.

    Returns:
        float32 ``[H, W]``: 0 or 1, for ``cutout`` also between.
    """
    height, width = pixels.shape[:2]
    small = _reduce(pixels)
    region = _REGIONS[kind](random, small, area)
    # objects of the coarse levels have steps of four pixels
    smooth = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 2.0 if kind == "objects" else 0.8)
    full = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    # smoothing may have cut the region at a thin place
    alpha = _solid(full.astype(np.uint8), closing=1).astype(np.float32)
    return _soften(alpha, pixels, round(2 * max(1.0, height / small.shape[0]))) if kind == "cutout" else alpha


def _reduce(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _grow_segments(random: np.random.Generator, small: Pixels, area: float) -> Mask:
    """Watershed cells merged from a random one to the neighbor of the most similar color, up to the area."""
    height, width = small.shape[:2]
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.0), cv2.COLOR_RGB2LAB)
    cells = int(np.clip(6 / area, 20, 400))
    labels = np.zeros((height, width), dtype=np.int32)
    labels[random.integers(0, height, cells), random.integers(0, width, cells)] = np.arange(1, cells + 1)
    cv2.watershed(lab, labels)
    # ridges between cells join the cell of the higher number
    labels = np.where(labels > 0, labels, cv2.dilate(labels.astype(np.float32), np.ones((3, 3))).astype(np.int32))
    flat = np.maximum(labels, 0).ravel()
    sizes = np.bincount(flat, minlength=cells + 1)
    color = np.stack([np.bincount(flat, lab[..., c].ravel(), cells + 1) for c in range(3)], axis=1)
    mean = color / np.maximum(sizes, 1)[:, None]

    start = int(labels[random.integers(0, height), random.integers(0, width)])
    mask = (labels == start).astype(np.uint8)
    members = {start}
    while mask.sum() < area * height * width:
        border = np.unique(labels[(cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0) & (mask == 0)])
        around = [int(label) for label in border if label > 0 and int(label) not in members]
        if not around:
            break
        reference = color[list(members)].sum(axis=0) / max(1, sizes[list(members)].sum())
        distance = np.linalg.norm(mean[around] - reference, axis=1) * random.uniform(0.8, 1.25, len(around))
        chosen = around[int(distance.argmin())]
        members.add(chosen)
        mask[labels == chosen] = 1
    return _solid(mask)


def _pick_object(random: np.random.Generator, small: Pixels, area: float) -> Mask:
    """One of the objects nearest in area; pieces grown together where none is near."""
    found = RegionMerging(min_area=min(0.003, area / 2)).segment(small).masks
    masks = np.stack([_solid(mask.astype(np.uint8), closing=1) for mask in found])
    shares = masks.mean(axis=(1, 2))
    miss = np.abs(np.log(shares / area))
    # what covers half of the picture is no object in it
    near = np.flatnonzero((miss < np.log(2)) & (shares < 0.5))
    if len(near) == 0:
        return _grow_segments(random, small, area)
    # one of the three nearest, so that another attempt may find another object
    nearest = near[np.argsort(miss[near], kind="stable")][:3]
    return np.asarray(masks[int(random.choice(nearest))])


def _cut_out(random: np.random.Generator, small: Pixels, area: float) -> Mask:
    """Foreground of a random box; pieces grown together where GrabCut finds none."""
    height, width = small.shape[:2]
    side = np.sqrt(min(0.8, 1.8 * area))
    stretch = np.sqrt(uniform(random, (0.6, 1.7)))
    box_width = int(np.clip(side * width * stretch, 8, width - 4))
    box_height = int(np.clip(side * height / stretch, 8, height - 4))
    left, top = integer(random, 1, width - box_width - 1), integer(random, 1, height - box_height - 1)
    labels = np.zeros((height, width), dtype=np.uint8)
    cv2.setRNGSeed(draw_seed(random))
    try:
        box = (left, top, box_width, box_height)
        cv2.grabCut(small, labels, box, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        return _grow_segments(random, small, area)
    mask = _solid(((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8))
    if not 0.25 * area <= mask.mean() <= 2 * area:
        return _grow_segments(random, small, area)
    return mask


_REGIONS = {"segments": _grow_segments, "objects": _pick_object, "cutout": _cut_out}


def _solid(mask: NDArray[np.uint8], closing: int = 3) -> Mask:
    """Largest piece, gaps up to ``closing`` - 1 pixels and holes filled."""
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((closing, closing), np.uint8)), dtype=np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    if contours:
        cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled.astype(bool)


def _soften(alpha: Alpha, pixels: Pixels, radius: int, flatness: float = 1e-4) -> Alpha:
    """Guided filter (He et al., TPAMI 2013): the edge of alpha follows the picture's, ``radius`` pixels to each side.

    Args:
        flatness: The filter's epsilon, for a guide of 0..1: edges weaker than its root are smoothed over.
    """
    guide = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    box = (2 * radius + 1, 2 * radius + 1)
    mean, mean_alpha = cv2.blur(guide, box), cv2.blur(alpha, box)
    slope = (cv2.blur(guide * alpha, box) - mean * mean_alpha) / (cv2.blur(guide * guide, box) - mean * mean + flatness)
    offset = mean_alpha - slope * mean
    matte = cv2.blur(slope, box) * guide + cv2.blur(offset, box)
    # contrast is stretched so that the band round the edge ends at 0 and 1
    matte = np.clip((matte - 0.1) / 0.8, 0, 1)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, box)
    bounded = np.clip(matte, cv2.erode(alpha, ellipse), cv2.dilate(alpha, ellipse))
    return np.asarray(bounded, dtype=np.float32)
