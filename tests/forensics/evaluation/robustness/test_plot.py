"""The drawn curves: lines stand where their numbers are."""

import numpy as np
import pytest

from forensics.evaluation.robustness.plot import HEADER, PANEL_HEIGHT, PANEL_WIDTH, Dot, Panel, draw_panels


def blue_rows(panel):
    """Rows of the panel, below the header, where the curve's own blue is."""
    pixels = np.asarray(draw_panels([panel], "measure", "set")).astype(int)[HEADER:]
    blue = (np.abs(pixels - (0x1F, 0x5F, 0xA8)).max(axis=2) < 12).any(axis=1)
    return blue.nonzero()[0]


def test_a_line_stands_at_its_value():
    middles = {}
    for value in (0.0, 0.5, 1.0):
        rows = blue_rows(Panel("noise", (Dot("clean", value), Dot("3", value))))
        middles[value] = rows.mean()
    assert middles[0.0] > middles[0.5] > middles[1.0]
    assert middles[0.5] == pytest.approx((middles[0.0] + middles[1.0]) / 2, abs=0.6)


def test_a_level_without_a_number_is_a_gap():
    with_gap = (Dot("clean", 0.9), Dot("3", None), Dot("7", 0.1))
    without = (Dot("clean", 0.9), Dot("3", 0.5), Dot("7", 0.1))
    assert len(blue_rows(Panel("noise", with_gap))) < len(blue_rows(Panel("noise", without))) / 2


def test_the_picture_grows_with_its_panels():
    panels = [Panel(str(number), (Dot("clean", 0.5, 0.4, 0.6, 0.2), Dot("1", 0.5))) for number in range(6)]
    assert draw_panels(panels, "m", "s").size == (4 * PANEL_WIDTH, HEADER + 2 * PANEL_HEIGHT)
