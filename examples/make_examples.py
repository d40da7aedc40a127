"""Makes the example pictures from the photos in ``sources/`` with the parts of the forge.

Run it from a checkout with TraceFuse installed: ``python examples/make_examples.py``. The two untouched
pictures are copies and are not made here; neither is ``forged.jpg``, which an earlier forge wrote.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.edits.blend import Blend, Edit
from forensics.data.forge.edits.patch import cut, lay
from forensics.data.manifest import ManifestRow, write_manifest
from signals.evidence import Evidence

HERE = Path(__file__).resolve().parent
SEED = 20

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Cutout:
    """Where an object lies: a box ``(x, y, width, height)`` that GrabCut refines, and points surely on it."""

    box: tuple[int, int, int, int]
    inside: tuple[tuple[int, int], ...]


def open_source(name: str) -> Pixels:
    """Reads a photo of ``sources/``, uint8 RGB ``[H, W, 3]``."""
    return Evidence.open(HERE / "sources" / name).pixels


def cut_object(photo: Pixels, cutout: Cutout) -> NDArray[np.bool_]:
    """Mask ``[H, W]`` of the object: GrabCut, largest piece, holes filled."""
    labels = np.full(photo.shape[:2], cv2.GC_BGD, np.uint8)
    x, y, width, height = cutout.box
    labels[y : y + height, x : x + width] = cv2.GC_PR_BGD
    line = np.array(cutout.inside, np.int32)
    cv2.polylines(labels, [line], False, cv2.GC_FGD, max(3, height // 12))
    cv2.setRNGSeed(SEED)
    bgr = np.ascontiguousarray(photo[..., ::-1])
    cv2.grabCut(bgr, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    mask = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    solid = np.zeros_like(mask)
    cv2.drawContours(solid, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return solid.astype(bool)


def paste_object(
    host: Pixels, photo: Pixels, cutout: Cutout, corner: tuple[int, int], scale: float, mirror: bool, seam: float
) -> Edit:
    """Pastes an object, scaled and mirrored or not, with the corner of its box at ``(row, column)``."""
    patch = cut(photo, cut_object(photo, cutout).astype(np.float32))
    pixels, alpha = (patch.pixels[:, ::-1], patch.alpha[:, ::-1]) if mirror else (patch.pixels, patch.alpha)
    pixels = cv2.resize(np.ascontiguousarray(pixels), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = (pixels.shape[1], pixels.shape[0])
    mask = cv2.resize(np.ascontiguousarray(alpha), size, interpolation=cv2.INTER_AREA) > 0.5
    return Blend("feather", seam).paste(host, *lay(host, pixels, mask.astype(np.float32), *corner))


def make_splice() -> Edit:
    """A heron over mountains; the host keeps its camera's compression, on the grid."""
    host = open_source("oppo-r7-plus.jpg")[0:832, 352:1536]
    heron = Cutout((20, 0, 740, 245), ((70, 222), (200, 200), (330, 170), (560, 175), (590, 140), (690, 140)))
    return paste_object(host, open_source("sony-dsc-h9.jpg"), heron, (0, 380), 0.6, True, 0.8)


def make_copy_move() -> Edit:
    """The lower rose of a bouquet once more among the leaves."""
    host = open_source("traveler-sx330z.jpg")
    rose = Cutout((185, 565, 165, 170), ((230, 640), (270, 620), (300, 650), (270, 690)))
    return paste_object(host, host, rose, (405, 580), 1.0, False, 0.8)


def make_splice_png() -> Edit:
    """A rose on the saucer of a coffee cup; saved without loss."""
    host = np.asarray(Image.open(Path(skimage.__file__).parent / "data" / "coffee.png").convert("RGB"))
    rose = Cutout((185, 565, 165, 170), ((230, 640), (270, 620), (300, 650), (270, 690)))
    return paste_object(host, open_source("traveler-sx330z.jpg"), rose, (238, 95), 0.55, True, 0.7)


def save_png(pixels: Pixels) -> bytes:
    """Bytes of a PNG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def main() -> None:
    """Writes the pictures, their masks and the manifest."""
    (HERE / "masks").mkdir(exist_ok=True)
    rows = [ManifestRow(HERE / name, None, 0, {"edit": "none"}) for name in ("untouched.jpg", "untouched.png")]
    for name, edit_name, edit, data in (
        ("splice.jpg", "splice", splice := make_splice(), JpegSave(92).encode(splice.pixels)),
        ("copy_move.jpg", "copy_move", copied := make_copy_move(), JpegSave(95).encode(copied.pixels)),
        ("splice.png", "splice", plain := make_splice_png(), save_png(plain.pixels)),
    ):
        (HERE / name).write_bytes(data)
        mask = HERE / "masks" / f"{name.replace('.', '_')}.png"
        mask.write_bytes(save_png(edit.mask.astype(np.uint8) * 255))
        rows.append(ManifestRow(HERE / name, mask, 1, {"edit": edit_name}))
    # Made by the forge as it was before its plans; kept as it is.
    rows.append(ManifestRow(HERE / "forged.jpg", HERE / "masks" / "forged_jpg.png", 1, {"edit": "copy_move"}))
    write_manifest(HERE / "manifest.csv", rows)


if __name__ == "__main__":
    main()
