"""No objects."""

import numpy as np

from forensics.objects import NoObjects


def test_all_patches_are_background() -> None:
    found = NoObjects().segment(np.zeros((50, 33, 3), dtype=np.uint8))
    assert (found.height, found.width) == (50, 33)
    membership = found.membership(16)
    assert membership.shape == (1, 4, 3)
    assert membership.all()
