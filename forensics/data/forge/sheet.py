"""Contact sheets: generated pictures side by side, for the eyes."""

from __future__ import annotations

import io
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from forensics.data.forge.forger import ForgedPicture, Forger

CELL = 300
GAP = 8
LINE = 16
PAIRS_A_ROW = 2
OUTLINE = (255, 40, 40)
PAPER, INK = (255, 255, 255), (40, 40, 40)


def contact_sheet(pairs: Iterable[tuple[ForgedPicture, ForgedPicture]]) -> Image.Image:
    """Draws pairs: the pristine twin, the forgery, and the forgery with the outline of its mask.

    Args:
        pairs: Each a forged picture and its pristine twin.

    Returns:
        RGB, two pairs a row, each with a line that says what was done.
    """
    blocks = [_block(forged, twin) for forged, twin in pairs]
    width, height = blocks[0].size
    rows = -(-len(blocks) // PAIRS_A_ROW)
    across = min(len(blocks), PAIRS_A_ROW)
    sheet = Image.new("RGB", (GAP + across * (width + 2 * GAP), GAP + rows * (height + GAP)), PAPER)
    for place, block in enumerate(blocks):
        row, column = divmod(place, PAIRS_A_ROW)
        sheet.paste(block, (GAP + column * (width + 2 * GAP), GAP + row * (height + GAP)))
    return sheet


def draw_sheet(forger: Forger, pairs: int) -> bytes:
    """Contact sheet of the first pairs (1 or more) of a forger, as a PNG."""
    drawn = ((forger.forge(2 * pair), forger.forge(2 * pair + 1)) for pair in range(pairs))
    stream = io.BytesIO()
    contact_sheet(drawn).save(stream, "PNG")
    return stream.getvalue()


def caption(forged: ForgedPicture) -> str:
    """Index, edits, compression chain, size and area of the mask, in one line."""
    edits = " + ".join(name.replace("_", " ") for name in forged.edits)
    height, width = forged.mask.shape
    area = f"{100 * forged.mask.mean():.1f} %"
    return f"{forged.history['index']}  {edits}  |  {forged.history['chain']['case']}  |  {width} x {height}, {area}"


def _block(forged: ForgedPicture, twin: ForgedPicture) -> Image.Image:
    pixels = _decode(forged)
    cells = [_decode(twin), pixels, _outlined(pixels, forged.mask)]
    block = Image.new("RGB", (3 * CELL + 2 * GAP, CELL + LINE), PAPER)
    for place, cell in enumerate(cells):
        shown = Image.fromarray(cell)
        shown.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
        block.paste(shown, (place * (CELL + GAP), LINE))
    ImageDraw.Draw(block).text((0, 1), caption(forged), INK, ImageFont.load_default(12))
    return block


def _decode(picture: ForgedPicture) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(picture.data)) as image:
        return np.asarray(image.convert("RGB"))


def _outlined(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    # As thick as one line of the sheet, however much the picture is reduced.
    thickness = max(1, round(2 * max(pixels.shape) / CELL))
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(pixels.copy(), contours, -1, OUTLINE, thickness))
