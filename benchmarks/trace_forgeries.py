"""Pairs of pictures that differ in one trace only: a forgery that carries it, and a twin of equal content without.

Hosts and donors are, but for one trace, photos at half their size, which leaves neither a JPEG grid nor demosaicking
nor much noise of their own; each maker then puts in the trace that its signals read.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from signals import Evidence

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """What a forgery is made of.

    Attributes:
        host: uint8 ``[H, W, 3]``, without traces.
        donor: uint8 ``[H, W, 3]``, of another photo, without traces.
        mask: bool ``[H, W]``: where the donor goes.
        random: Draws qualities, shifts and noise.
    """

    host: Pixels
    donor: Pixels
    mask: Mask
    random: np.random.Generator


@dataclass(frozen=True)
class Pair:
    """A forgery and its twin; ``mask`` holds for both."""

    forged: Evidence
    twin: Evidence
    mask: Mask


def aligned_double_jpeg(scene: Scene) -> Pair:
    """The host was a JPEG before, the donor was not; all is saved as JPEG. Twin: neither was."""
    first = int(scene.random.integers(55, 71))
    last = first + int(scene.random.integers(15, 26))
    forged = _jpeg(_paste(_decoded(scene.host, first), scene.donor, scene.mask), last)
    return Pair(forged, _jpeg(_paste(scene.host, scene.donor, scene.mask), last), scene.mask)


def shifted_double_jpeg(scene: Scene) -> Pair:
    """The donor was a JPEG before, on another grid; all is saved at high quality. Twin: it was none."""
    first = int(scene.random.integers(55, 71))
    last = first + int(scene.random.integers(15, 26))
    donor = _on_shifted_grid(scene, first)
    forged = _jpeg(_paste(scene.host, donor, scene.mask), last)
    return Pair(forged, _jpeg(_paste(scene.host, scene.donor, scene.mask), last), scene.mask)


def foreign_grid(scene: Scene) -> Pair:
    """Host and donor were JPEGs on grids of different origin; saved as PNG. Twin: on the same grid."""
    quality = int(scene.random.integers(65, 86))
    host = _decoded(scene.host, quality)
    forged = _png(_paste(host, _on_shifted_grid(scene, quality), scene.mask))
    return Pair(forged, _png(_paste(host, _decoded(scene.donor, quality), scene.mask)), scene.mask)


def lower_first_quality(scene: Scene) -> Pair:
    """The donor was a JPEG of lower quality on the same grid. Twin: of the host's quality."""
    last = int(scene.random.integers(88, 96))
    host = _decoded(scene.host, last)
    forged = _jpeg(_paste(host, _decoded(scene.donor, int(scene.random.integers(55, 71))), scene.mask), last)
    return Pair(forged, _jpeg(_paste(host, _decoded(scene.donor, last), scene.mask), last), scene.mask)


def missing_demosaicking(scene: Scene) -> Pair:
    """The host is interpolated from a Bayer mosaic, the donor is not; PNG. Twin: the whole picture is."""
    forged = _paste(_demosaicked(scene.host), scene.donor, scene.mask)
    twin = _demosaicked(_paste(scene.host, scene.donor, scene.mask))
    return Pair(_png(forged), _png(twin), scene.mask)


def weaker_noise(scene: Scene) -> Pair:
    """The host has sensor-like noise, the donor hardly any; PNG. Twin: the same noise everywhere."""
    pasted = _paste(scene.host, scene.donor, scene.mask).astype(np.float32)
    noise = scene.random.normal(0, scene.random.uniform(2.5, 4.5), pasted.shape)
    forged = pasted + np.where(scene.mask[..., None], noise / 5, noise)
    return Pair(_png(_rounded(forged)), _png(_rounded(pasted + noise)), scene.mask)


def enlarged_donor(scene: Scene) -> Pair:
    """The donor was enlarged; PNG. Twin: it was not, at nearly the same content."""
    factor = scene.random.uniform(1.2, 1.7)
    height, width = scene.donor.shape[:2]
    large = cv2.resize(scene.donor, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    forged = _paste(scene.host, large[:height, :width], scene.mask)
    return Pair(_png(forged), _png(_paste(scene.host, scene.donor, scene.mask)), scene.mask)


def other_camera(scene: Scene) -> Pair:
    """The donor comes from another camera, both as they were taken; PNG. Twin: it comes from the host's own."""
    same = np.roll(scene.host, (scene.host.shape[0] // 2, scene.host.shape[1] // 2), (0, 1))
    forged = _paste(scene.host, scene.donor, scene.mask)
    return Pair(_png(forged), _png(_paste(scene.host, same, scene.mask)), scene.mask)


def cloned_area(scene: Scene) -> Pair:
    """A part of the host stands in it twice; JPEG 92. The mask marks both ends. Twin: the host, with its noise."""
    noise = scene.random.normal(0, 1.5, scene.host.shape)
    host = _rounded(scene.host + noise)
    height, width = scene.mask.shape
    vertical, horizontal = height // 2, width // 2
    moved = np.roll(host, (vertical, horizontal), (0, 1))
    forged = _paste(host, moved, scene.mask)
    source = np.roll(scene.mask, (-vertical, -horizontal), (0, 1))
    return Pair(_jpeg(forged, 92), _jpeg(host, 92), scene.mask | source)


@dataclass(frozen=True)
class Trace:
    """A trace, its maker and the signals that read it.

    Attributes:
        make: Makes a pair from a scene.
        signals: Names of the signals.
        native: Whether the scene's photos stay as they were taken, not at half their size.
    """

    make: Callable[[Scene], Pair]
    signals: tuple[str, ...]
    native: bool = False


# The volumes dct and splicebuster_counts, made for networks alone, show no single trace cell by cell.
TRACES = {
    "aligned double JPEG": Trace(aligned_double_jpeg, ("adq1", "adq2", "dct_ye", "ela", "ela_score")),
    "shifted double JPEG": Trace(shifted_double_jpeg, ("nadq",)),
    "foreign grid": Trace(foreign_grid, ("blk", "cagi", "zero_votes", "zero")),
    "lower first quality": Trace(lower_first_quality, ("ghost",)),
    "missing demosaicking": Trace(missing_demosaicking, ("cfa_ferrara", "cfa_dirik")),
    "weaker noise": Trace(weaker_noise, ("noise_wavelet", "noise_median", "noise_pca", "noise_low", "srm", "bayar")),
    "enlarged donor": Trace(enlarged_donor, ("resampling",)),
    "other camera": Trace(other_camera, ("splicebuster",), native=True),
    "cloned area": Trace(cloned_area, ("copymove", "copymove_duplicated", "copymove_altered")),
}


def make_scene(host: Pixels, donor: Pixels, seed: int, *, native: bool = False) -> Scene:
    """A scene from two photos with an ellipse of a tenth of the picture at a random place.

    Args:
        host: uint8 ``[H, W, 3]`` as decoded.
        donor: uint8 ``[H', W', 3]`` as decoded.
        seed: Draws everything.
        native: Leave the photos as they are; otherwise they are taken at half their size.
    """
    random = np.random.default_rng(seed)
    if not native:
        host, donor = (cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for p in (host, donor))
    height, width = (min(h, d) // 8 * 8 for h, d in zip(host.shape[:2], donor.shape[:2], strict=True))
    ratio = random.uniform(0.7, 1.4)
    radius = np.sqrt(0.1 * height * width / np.pi)
    vertical, horizontal = radius * ratio, radius / ratio
    y = random.uniform(vertical, height - vertical)
    x = random.uniform(horizontal, width - horizontal)
    rows, columns = np.mgrid[:height, :width]
    mask = ((rows - y) / vertical) ** 2 + ((columns - x) / horizontal) ** 2 <= 1
    return Scene(host[:height, :width], donor[:height, :width], mask, random)


def _paste(host: Pixels, donor: Pixels, mask: Mask) -> Pixels:
    return np.where(mask[..., None], donor, host)


def _on_shifted_grid(scene: Scene, quality: int) -> Pixels:
    """The donor after JPEG on a grid that does not begin at a multiple of 8."""
    down, right = (int(scene.random.integers(1, 8)) for _ in range(2))
    padded = np.pad(scene.donor, ((8 - down, 0), (8 - right, 0), (0, 0)), mode="edge")
    return _decoded(padded, quality)[8 - down :, 8 - right :]


def _demosaicked(pixels: Pixels) -> Pixels:
    """Bilinear interpolation of the RGGB mosaic of the picture."""
    mosaic = pixels[..., 1].copy()
    mosaic[::2, ::2] = pixels[::2, ::2, 0]
    mosaic[1::2, 1::2] = pixels[1::2, 1::2, 2]
    # OpenCV names a mosaic by its second row: this is the code of RGGB for RGB output.
    return np.asarray(cv2.cvtColor(mosaic, cv2.COLOR_BayerRGGB2RGB), dtype=np.uint8)


def _rounded(values: NDArray[np.floating]) -> Pixels:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _encode(pixels: Pixels, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def _decoded(pixels: Pixels, quality: int) -> Pixels:
    with Image.open(io.BytesIO(_encode(pixels, "jpeg", quality=quality))) as image:
        return np.asarray(image.convert("RGB"))


def _jpeg(pixels: Pixels, quality: int) -> Evidence:
    return Evidence.open(_encode(pixels, "jpeg", quality=quality))


def _png(pixels: Pixels) -> Evidence:
    return Evidence.open(_encode(pixels, "png", compress_level=1))
