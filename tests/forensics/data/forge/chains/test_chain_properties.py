"""Properties of any chain, drawn by a recipe or written by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from forensics.data.forge.chains.chain import Chain
from forensics.data.forge.chains.geometry import Crop, Resize
from forensics.data.forge.chains.jpeg import JpegSave, decode
from forensics.data.forge.chains.saves import PngSave, WebpSave
from forensics.data.forge.chains.screenshot import Screenshot

ADAPTER: TypeAdapter[Chain] = TypeAdapter(Chain)
PIXELS = st.integers(0, 20)
TABLE = st.lists(st.integers(1, 255), min_size=64, max_size=64).map(tuple)
TABLES = st.one_of(st.just(()), st.lists(TABLE, min_size=1, max_size=2).map(tuple))
KERNELS = st.sampled_from(["area", "linear", "bicubic", "lanczos"])
JPEG = st.builds(JpegSave, st.integers(1, 100), TABLES, st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]), st.booleans())
WEBP = st.builds(WebpSave, st.integers(0, 100), st.integers(0, 2))
# one after the other enlarges the canvas at most fourfold
REDUCTION = st.builds(Resize, st.floats(0.5, 1), KERNELS)
SCREENSHOT = st.builds(
    Screenshot,
    st.floats(0.5, 1),
    *[PIXELS] * 4,
    KERNELS,
    st.sampled_from(["phone", "desktop", "viewer"]),
    st.booleans(),
    st.integers(0, 2**31 - 1),
)
STEPS = st.lists(st.one_of(JPEG, WEBP, REDUCTION, SCREENSHOT, st.builds(Crop, *[PIXELS] * 4)), max_size=3)
CHAINS = st.builds(Chain, st.just("any"), STEPS.map(tuple), st.one_of(JPEG, WEBP, st.builds(PngSave)))
# a picture is left after three screenshots whose bars are as wide as can be
SIZES = st.tuples(st.integers(121, 200), st.integers(121, 200))


def noise(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)


@given(CHAINS, SIZES)
@settings(max_examples=60, deadline=None)
def test_the_canvas_leads_to_the_size_and_the_file_to_what_was_promised(chain: Chain, size: tuple[int, int]) -> None:
    canvas = chain.canvas(size)
    pixels, mask = noise(canvas), np.zeros(canvas, bool)
    before = pixels.copy()
    seen, moved = chain.apply(pixels, mask)
    data, extension, again = chain.encode(pixels, mask)
    assert seen.shape == (*size, 3)
    assert moved.shape == again.shape == size
    assert not moved.any()
    assert (decode(data) == seen).all()
    assert extension == chain.final.extension
    assert (pixels == before).all()


@given(CHAINS)
@settings(max_examples=100, deadline=None)
def test_json_gives_the_chain_back(chain: Chain) -> None:
    assert ADAPTER.validate_json(ADAPTER.dump_json(chain)) == chain


@given(CHAINS, SIZES)
@settings(max_examples=40, deadline=None)
def test_a_full_mask_marks_all_but_frames(chain: Chain, size: tuple[int, int]) -> None:
    mask = chain.apply_mask(np.ones(chain.canvas(size), bool))
    framed = any(isinstance(step, Screenshot) for step in chain.steps)
    # the marked pixels are a box, whatever frames and crops came, but for corners that a reduction rounded off
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert (~box).sum() <= 16
    assert framed or mask.all()
