"""Draws every signal on one forged picture, for ``docs/signals.md``.

Run it from a checkout with TraceFuse installed: ``python examples/draw_signals.py``. It writes ``docs/signals/``:
the forged picture, its mask, and one drawing a signal.
"""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forensics.analysis.signal_drawing import draw_signal
from signals import Evidence, get_signal, list_signals

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "docs" / "signals"
LONGEST = 640

Pixels = NDArray[np.uint8]


def make_forgery() -> tuple[bytes, NDArray[np.bool_]]:
    """A photo saved at quality 72, with an enlarged part of another photo and a copy of a part of itself, saved at 93.

    Returns:
        The bytes of the JPEG, and the mask of what was pasted.
    """
    host = _open("oppo-r7-plus.jpg")[0:832, 352:1536]
    host = _decoded(host, 72)
    heron = cv2.resize(_open("sony-dsc-h9.jpg")[0:250, 10:760], None, fx=1.3, fy=1.3, interpolation=cv2.INTER_CUBIC)
    # The heron with its own sky, in an ellipse: what a hasty hand does.
    forged, pasted = host.copy(), np.zeros(host.shape[:2], dtype=np.bool_)
    top, left = 60, 150
    height, width = heron.shape[:2]
    ellipse = _ellipse(height, width)
    forged[top : top + height, left : left + width][ellipse] = heron[ellipse]
    pasted[top : top + height, left : left + width] |= ellipse
    # A part of the foreground once more beside itself.
    source, goal, size = (600, 130), (596, 700), (190, 330)
    copied = _ellipse(*size)
    part = host[source[0] : source[0] + size[0], source[1] : source[1] + size[1]]
    forged[goal[0] : goal[0] + size[0], goal[1] : goal[1] + size[1]][copied] = part[copied]
    pasted[goal[0] : goal[0] + size[0], goal[1] : goal[1] + size[1]] |= copied
    return _jpeg(forged, 93), pasted


def main() -> None:
    """Writes the pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    data, pasted = make_forgery()
    (TARGET / "forged.jpg").write_bytes(data)
    Image.fromarray(pasted).save(TARGET / "mask.png", optimize=True)
    evidence = Evidence.open(data)
    for name in list_signals():
        signal = get_signal(name)
        found = signal.extract(evidence)
        if not found.usable:
            print(f"{name}: {found.reason}")
            continue
        drawn = Image.fromarray(draw_signal(signal, found, evidence.width, evidence.height, evidence.orientation))
        drawn.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        drawn.save(TARGET / f"{name}.jpg", quality=85, subsampling=0)


def _open(name: str) -> Pixels:
    return Evidence.open(HERE / "sources" / name).pixels


def _ellipse(height: int, width: int) -> NDArray[np.bool_]:
    y, x = np.mgrid[:height, :width]
    return np.asarray(((2 * y + 1) / height - 1) ** 2 + ((2 * x + 1) / width - 1) ** 2 <= 1)


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=quality)
    return buffer.getvalue()


def _decoded(pixels: Pixels, quality: int) -> Pixels:
    return Evidence.open(_jpeg(pixels, quality)).pixels


if __name__ == "__main__":
    main()
