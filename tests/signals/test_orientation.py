from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from signals.orientation import upright, upright_size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_agrees_with_pillow(orientation: int) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(stored).save(file, "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    turned = upright(stored, orientation)
    np.testing.assert_array_equal(turned, expected)
    assert upright_size(7, 5, orientation) == (turned.shape[1], turned.shape[0])


def test_refuses_other_orientations() -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        upright(np.zeros((2, 2)), 9)
