from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from forensics.data.forge.edits.marks import LOGO_KINDS, LogoKind, LogoMark, Mark, TextMark
from forensics.data.forge.edits.overlay import Overlay, draw_overlay
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.lettering import FONTS, Font, draw_words, render_line, rotate
from tests.conftest import paint_scene

TEXT = TextMark("Photo 12", "aileron", 0.0)
PLAIN = Overlay(TEXT, 0.2, 0.5, 0.5, 0.0, (255, 0, 0), (0, 0, 255), 1.0)


def test_ink_has_its_color_and_the_rest_is_untouched() -> None:
    host = paint_scene(1, 200, 300)
    edit = replace(PLAIN, mark=replace(TEXT, font="aileron_bold"), height=0.4).apply(host)
    assert edit is not None
    inner = cv2.erode(edit.mask.astype(np.uint8), np.ones((5, 5))) > 0
    assert inner.any()
    # a pixel may shine through where two letters overlap
    assert (edit.pixels[inner] == (255, 0, 0)).all(axis=-1).mean() > 0.99
    far = cv2.dilate(edit.mask.astype(np.uint8), np.ones((5, 5))) == 0
    np.testing.assert_array_equal(edit.pixels[far], host[far])


def test_opacity_mixes_and_leaves_the_mask_as_it_is() -> None:
    host = np.full((120, 200, 3), 100, dtype=np.uint8)
    solid, faint = PLAIN.apply(host), replace(PLAIN, opacity=0.4).apply(host)
    assert solid is not None
    assert faint is not None
    np.testing.assert_array_equal(solid.mask, faint.mask)
    expected = 100 + 0.4 * (solid.pixels.astype(float) - 100)
    assert np.abs(faint.pixels - expected).max() <= 1


@pytest.mark.parametrize(("y", "x"), [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_marks_stay_inside_where_they_are_put(y: float, x: float) -> None:
    host = np.zeros((100, 160, 3), dtype=np.uint8)
    edit = replace(PLAIN, y=y, x=x, angle=20.0).apply(host)
    assert edit is not None
    rows, columns = np.nonzero(edit.mask)
    assert (rows.mean() < 50) == (y == 0)
    assert (columns.mean() < 80) == (x == 0)


def test_marks_that_are_too_long_shrink() -> None:
    long = replace(PLAIN, mark=TextMark("confidential official update archive", "opencv_bold", 0.1), height=0.3)
    edit = long.apply(np.zeros((80, 120, 3), dtype=np.uint8))
    assert edit is not None
    columns = np.flatnonzero(edit.mask.any(axis=0))
    assert np.ptp(columns) > 60


def test_an_outline_surrounds_the_letters() -> None:
    host = np.full((120, 240, 3), 100, dtype=np.uint8)
    edit = replace(PLAIN, mark=replace(TEXT, outline=0.12)).apply(host)
    assert edit is not None
    red, blue = (edit.pixels == (255, 0, 0)).all(axis=-1), (edit.pixels == (0, 0, 255)).all(axis=-1)
    assert red.any()
    assert blue.any()
    near = cv2.dilate(red.astype(np.uint8), np.ones((17, 17))) > 0
    assert near[blue].all()
    plain = PLAIN.apply(host)
    assert plain is not None
    assert edit.mask.sum() > plain.mask.sum()


@pytest.mark.parametrize("kind", LOGO_KINDS)
def test_logos_show_both_colors(kind: LogoKind) -> None:
    mark: Mark = LogoMark(kind, "AB", 5, 0.5)
    edit = replace(PLAIN, mark=mark, height=0.4).apply(np.full((150, 200, 3), 100, dtype=np.uint8))
    assert edit is not None
    for color in ((255, 0, 0), (0, 0, 255)):
        assert (edit.pixels == color).all(axis=-1).sum() > 50
    height = np.ptp(np.flatnonzero(edit.mask.any(axis=1))) + 1
    assert abs(height - 60) <= 3


@pytest.mark.parametrize("font", FONTS)
def test_lines_are_drawn_in_every_font_and_size(font: Font) -> None:
    small, large = (render_line("Sale 2024-05-01 @mail", font, height) for height in (12, 48))
    assert small.dtype == np.float32
    assert 0.5 < small.max() <= 1
    assert 2.5 < large.shape[1] / small.shape[1] < 6
    # cropped to the ink
    for edge in (large[0], large[-1], large[:, 0], large[:, -1]):
        assert edge.any()
    wider = render_line("Sale 2024-05-01 @mail Sale", font, 48)
    assert wider.shape[1] > large.shape[1]


def test_fonts_differ() -> None:
    assert len({render_line("Sale 12", font, 40).tobytes() for font in FONTS}) == len(FONTS)


def test_a_line_of_nothing_has_no_ink() -> None:
    assert not render_line(" ", "aileron", 20).any()


def test_words_are_ascii_and_of_many_kinds() -> None:
    random = np.random.default_rng(0)
    lines = [draw_words(random) for _ in range(300)]
    assert all(line.isascii() and line.strip() and len(line) < 60 for line in lines)
    assert len(set(lines)) > 250


@pytest.mark.parametrize("angle", [90.0, 33.0, -120.0])
def test_turning_keeps_the_ink(angle: float) -> None:
    ink = render_line("Turn", "aileron_bold", 40)
    assert rotate(ink, angle).sum() == pytest.approx(ink.sum(), rel=0.02)


def test_drawn_overlays_are_always_seen() -> None:
    random = np.random.default_rng(3)
    host = paint_scene(5, 256, 256)
    shares = []
    for _ in range(60):
        edit = draw_overlay(random, Recipe()).apply(host)
        shares.append(0.0 if edit is None else edit.mask.mean())
    assert np.mean(np.array(shares) > 0) >= 0.95
    assert max(shares) < 0.5
