"""A forged picture as it is written: its files, what the manifest says of it, and its history."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from forensics.data.forge.forger import ForgedPicture
from forensics.data.photos import PhotoPool


@dataclass(frozen=True)
class Entry:
    """One picture.

    Attributes:
        key: Its number, its edits and its chain: the stem of its files.
        image: Bytes of the file.
        extension: Of the file.
        mask: Bytes of a grey PNG, 0 and 255; None for a pristine picture.
        label: 1 forged, 0 pristine.
        columns: Further columns of the manifest.
        history: The plan, pure JSON.
    """

    key: str
    image: bytes
    extension: str
    mask: bytes | None
    label: int
    columns: Mapping[str, str]
    history: Mapping[str, Any]


def make_entry(picture: ForgedPicture, photos: PhotoPool) -> Entry:
    """Packs a picture made of the photos."""
    history = picture.history
    case = history["chain"]["case"]
    edits = "+".join(picture.edits) or "none"
    host = photos.by_id[history["host"]["photo"]]
    height, width = picture.mask.shape
    donors = dict.fromkeys(donor["photo"] for donor in history["donors"]) if "splice" in picture.edits else {}
    columns = {
        "edit": edits,
        "jpeg_case": case,
        "pair": str(history["pair"]),
        "source": host.id,
        "camera": host.camera,
        "donor": ";".join(donors),
        "split": host.split,
        "width": str(width),
        "height": str(height),
        "mask_area": f"{picture.mask.mean():.6f}",
        "visible": f"{picture.visible:.2f}",
        "mask_meaning": "altered",
    }
    mask = _encode_mask(picture) if picture.label else None
    key = f"{history['index']:07d}-{edits}-{case}"
    return Entry(key, picture.data, picture.extension, mask, picture.label, columns, history)


def _encode_mask(picture: ForgedPicture) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture.mask.astype(np.uint8) * 255).save(stream, "PNG")
    return stream.getvalue()
