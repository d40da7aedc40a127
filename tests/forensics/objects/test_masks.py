import numpy as np
import pytest

from forensics.objects import ObjectMasks


def half_covered() -> ObjectMasks:
    """One object: a whole patch, exactly half of the next, one pixel of the one below."""
    mask = np.zeros((1, 32, 32), dtype=bool)
    mask[0, :16, :24] = True
    mask[0, 16, 0] = True
    return ObjectMasks(mask, 32, 32)


def test_any_overlap_counts_in_the_feature_rule() -> None:
    owned, background = half_covered().membership(16, "any", samples=16)
    assert owned.tolist() == [[True, True], [True, False]]
    assert background.tolist() == [[False, False], [False, True]]


def test_more_than_half_counts_in_the_score_rule() -> None:
    owned, background = half_covered().membership(16, "majority", samples=16)
    assert owned.tolist() == [[True, False], [False, False]]
    assert background.tolist() == [[False, True], [True, True]]


def test_no_objects_means_one_background() -> None:
    membership = ObjectMasks(np.zeros((0, 8, 8), dtype=bool), 20, 40).membership(16)
    assert membership.shape == (1, 2, 3)
    assert membership.all()


def test_masks_of_a_smaller_copy_are_scaled_to_the_picture() -> None:
    mask = np.zeros((1, 10, 10), dtype=bool)
    mask[0, :, 5:] = True
    owned, _ = ObjectMasks(mask, 160, 160).membership(16)
    assert owned[:, 5:].all()
    assert not owned[:, :5].any()


def test_more_than_64_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        ObjectMasks(np.zeros((65, 4, 4), dtype=bool), 4, 4)
