import numpy as np

from forensics.data.forge.forger import Forger
from forensics.data.forge.recipe import get_recipe
from forensics.data.forge.sheet import CELL, OUTLINE, caption, contact_sheet
from forensics.data.photos import PhotoPool


def test_pairs_side_by_side_with_the_outline_of_the_mask(pool: PhotoPool) -> None:
    forger = Forger(pool, get_recipe("splice"), 4)
    pairs = [(forger.forge(index, (160, 200)), forger.forge(index + 1, (160, 200))) for index in (0, 2, 4)]
    sheet = np.asarray(contact_sheet(pairs))
    assert sheet.shape[1] > 2 * 3 * CELL
    outlined = (np.abs(sheet.astype(int) - OUTLINE).sum(2) < 60).sum(0)
    # Only the third cell of each block carries the outline.
    assert outlined[: 2 * CELL].max() == 0
    assert outlined[2 * CELL : 3 * CELL + 40].max() > 0


def test_the_caption_says_what_was_done(pool: PhotoPool) -> None:
    forged = Forger(pool, get_recipe("copy_move"), 4).forge(6, (160, 200))
    text = caption(forged)
    for word in ("6", "copy move", forged.history["chain"]["case"], "200 x 160", f"{100 * forged.mask.mean():.1f} %"):
        assert word in text
