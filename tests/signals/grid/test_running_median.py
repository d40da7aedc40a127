from __future__ import annotations

import numpy as np
import pytest

from signals.grid.running_median import running_median


@pytest.mark.parametrize("size", [31, 33, 51])
@pytest.mark.parametrize("spare", [0, 1, 15, 16, 17, 70])
@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_is_the_median_of_every_window(size, spare, dtype):
    values = np.random.default_rng(size + spare).integers(-40, 40, (size + spare, 5)).astype(dtype)
    windows = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)
    medians = running_median(values, size)
    assert medians.dtype == dtype
    assert np.array_equal(medians, np.median(windows, axis=-1))


@pytest.mark.parametrize("size", [29, 32, 35])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=f"size {size}"):
        running_median(np.zeros((34, 3)), size)
