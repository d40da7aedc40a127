from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.chains.platforms import get_platform, list_platforms
from forensics.data.forge.recipe import Recipe
from signals.errors import WrongUsage
from signals.evidence import Evidence
from tests.conftest import paint_scene


@pytest.mark.parametrize("name", list_platforms())
@pytest.mark.parametrize("size", [(400, 5001), (6000, 301), (640, 480)])
def test_large_pictures_are_reduced_to_the_longest_side_and_small_ones_kept(name: str, size: tuple[int, int]) -> None:
    platform = get_platform(name)
    step = platform.resize(size)
    if max(size) <= platform.long_side:
        assert step is None
    else:
        assert step is not None
        reduced = step.apply(np.zeros((*size, 3), np.uint8)).shape
        assert max(reduced[:2]) == platform.long_side
        assert abs(min(reduced[:2]) - min(size) * platform.long_side / max(size)) <= 0.51


@pytest.mark.parametrize(("name", "quality"), [("social_2048", 82), ("social_1600", 75), ("social_1280", 71)])
def test_the_robustness_protocol_is_in_the_table(name: str, quality: int) -> None:
    assert get_platform(name).long_side == int(name[-4:])
    assert get_platform(name).save().quality == quality


@pytest.mark.parametrize("name", list_platforms())
def test_files_bear_no_metadata_and_the_platforms_own_coding(name: str) -> None:
    platform = get_platform(name)
    save = platform.draw_save(np.random.default_rng(0))
    evidence = Evidence.open(save.encode(paint_scene(1, 64, 96)))
    assert evidence.jpeg is not None
    assert evidence.structure is not None
    assert platform.quality[0] <= save.quality <= platform.quality[1]
    assert evidence.jpeg.progressive == platform.progressive
    assert evidence.structure.exif == b""
    assert not {"APP1", "APP2", "APP13", "COM"} & set(evidence.jpeg.markers)


def test_the_recipe_names_platforms_of_the_table() -> None:
    assert set(Recipe().platforms) <= set(list_platforms())


def test_an_unknown_platform_lists_the_near_ones() -> None:
    with pytest.raises(WrongUsage, match="did you mean messenger"):
        get_platform("mesenger")
