"""Shapes of regions: free outlines and pieces of what the picture shows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, integer, uniform

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

OUTLINES = frozenset({"blob", "ellipse", "polygon"})
_WORKING_SIDE = 160


def draw_mask(random: np.random.Generator, kind: str, pixels: Pixels, area: float) -> Mask:
    """Draws a region.

    Args:
        kind: ``blob`` (smooth random outline), ``ellipse`` (or rectangle), ``polygon``, ``segments`` (pieces
            of similar color grown together), ``cutout`` (GrabCut foreground of a random box).
        pixels: uint8 RGB ``[H, W, 3]``; read by ``segments`` and ``cutout`` only.
        area: Wanted share of the picture, met approximately.

    Returns:
        bool ``[H, W]``; may be empty when an outline is smaller than a pixel.
    """
    if kind in OUTLINES:
        return _fill_outline(random, _OUTLINE[kind](random), pixels.shape[:2], area)
    small = _reduce(pixels)
    region = _cut_out(random, small, area) if kind == "cutout" else _grow_segments(random, small, area)
    height, width = pixels.shape[:2]
    smooth = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 0.8)
    full = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    # smoothing may have cut the region at a thin place
    return _solid(full.astype(np.uint8), closing=1)


def _blob(random: np.random.Generator) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(1, integer(random, 3, 9)):
        radius += random.normal(0, 0.35 / wave) * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.15)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _ellipse(random: np.random.Generator) -> NDArray[np.float64]:
    if chance(random, 0.4):
        return np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _polygon(random: np.random.Generator) -> NDArray[np.float64]:
    corners = integer(random, 3, 10)
    angle = np.sort(random.uniform(0, 2 * np.pi, corners))
    # at least a triangle round the center, so that the outline has an inside
    angle = np.sort(np.concatenate([angle, random.uniform(0, 2 * np.pi) + np.arange(3) * 2 * np.pi / 3]) % (2 * np.pi))
    radius = random.uniform(0.4, 1.0, len(angle))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


_OUTLINE = {"blob": _blob, "ellipse": _ellipse, "polygon": _polygon}


def _fill_outline(random: np.random.Generator, points: NDArray[np.float64], size: tuple[int, ...], area: float) -> Mask:
    """Scales an outline to the wanted area and puts it at a random place, whole where it fits."""
    height, width = size
    stretch = np.sqrt(uniform(random, (0.45, 2.2)))
    turn = random.uniform(-np.pi, np.pi) if chance(random, 0.5) else 0.0
    points = points * [stretch, 1 / stretch]
    points = points @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    inside = cv2.contourArea(points.astype(np.float32))
    points = points * np.sqrt(area * height * width / max(inside, 1e-6))
    extent = points.max(axis=0) - points.min(axis=0)
    # a shape longer than the picture is pressed into it
    points = points * np.minimum(1, 0.98 * np.array([width, height]) / np.maximum(extent, 1e-6))
    extent = points.max(axis=0) - points.min(axis=0)
    corner = random.uniform(0, 1, 2) * (np.array([width, height]) - extent)
    points = points - points.min(axis=0) + corner
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1)
    return mask.astype(bool)


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


def _cut_out(random: np.random.Generator, small: Pixels, area: float) -> Mask:
    """Foreground of a random box; pieces grown together where GrabCut finds none."""
    height, width = small.shape[:2]
    side = np.sqrt(min(0.8, 1.8 * area))
    stretch = np.sqrt(uniform(random, (0.6, 1.7)))
    box_width = int(np.clip(side * width * stretch, 8, width - 4))
    box_height = int(np.clip(side * height / stretch, 8, height - 4))
    box = (
        integer(random, 1, width - box_width - 1),
        integer(random, 1, height - box_height - 1),
        box_width,
        box_height,
    )
    seed = integer(random, 0, 2**31 - 1)
    labels = np.zeros((height, width), dtype=np.uint8)
    cv2.setRNGSeed(seed)
    try:
        cv2.grabCut(small, labels, box, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        return _grow_segments(random, small, area)
    mask = _solid(((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8))
    if not 0.25 * area <= mask.mean() <= 2 * area:
        return _grow_segments(random, small, area)
    return mask


def _solid(mask: NDArray[np.uint8], closing: int = 3) -> Mask:
    """Largest piece, gaps up to ``closing`` - 1 pixels and holes filled."""
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((closing, closing), np.uint8)), dtype=np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    if contours:
        cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled.astype(bool)
