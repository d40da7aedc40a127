import pytest
import torch

from forensics.inference.tiles import Blend, TilePlan


@pytest.mark.parametrize("patch", [16, 32])
@pytest.mark.parametrize("size", [(32, 32), (512, 512), (544, 96), (3008, 4000), (32, 60000)])
def test_tiles_cover_every_patch_overlap_and_stay_on_the_grid(size: tuple[int, int], patch: int) -> None:
    plan = TilePlan(*size, patch=patch, tile=512, overlap=64)
    covered = torch.zeros(size[0] // patch, size[1] // patch, dtype=torch.int64)
    starts, widths = set(), set()
    for window in plan.windows():
        assert window.height <= 512
        assert window.width <= 512
        assert window.top % patch == window.left % patch == 0
        assert window.top + window.height <= size[0]
        assert window.left + window.width <= size[1]
        covered[window.top // patch :, window.left // patch :][: window.height // patch, : window.width // patch] += 1
        starts.add(window.left)
        widths.add(window.width)
    assert (covered >= 1).all()
    gaps = [after - before for before, after in zip(sorted(starts), sorted(starts)[1:], strict=False)]
    assert all(gap <= min(widths) - 64 for gap in gaps)


def test_tiles_are_no_larger_than_covering_takes() -> None:
    plan = TilePlan(1536, 1536, patch=16, tile=512, overlap=64)
    sides = [(window.height, window.width) for window in plan.windows()]
    assert sides == [(432, 432)] * 16  # 4 x 432 = 1536 + 3 x 64


def test_blending_what_agrees_changes_nothing() -> None:
    plan = TilePlan(640, 1104, patch=16, tile=512, overlap=64)
    truth = torch.randn(3, 40, 69, generator=torch.Generator().manual_seed(0))
    blend = Blend(3, plan, stride=16)
    for window in plan.windows():
        top, left = window.top // 16, window.left // 16
        blend.add(window, truth[:, top : top + window.height // 16, left : left + window.width // 16])
    torch.testing.assert_close(blend.result(), truth)


def test_blending_moves_gradually_from_one_tile_to_the_next() -> None:
    plan = TilePlan(16, 928, patch=16, tile=512, overlap=96)
    blend = Blend(1, plan, stride=1)
    for value, window in enumerate(plan.windows()):
        blend.add(window, torch.full((1, window.height, window.width), float(value)))
    row = blend.result()[0, 0]
    assert row[0] == 0
    assert row[-1] == 1
    assert (row.diff() >= 0).all()
    assert row.diff().max() < 0.05
