from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from forensics.data.forge.torch.resampling import blur, resample, sample
from tests.conftest import paint_scene

PICTURE = (40 + paint_scene(3, 240, 300) * 0.7).astype(np.uint8)
BATCH = torch.from_numpy(PICTURE).permute(2, 0, 1)[None]


def by_library(size: tuple[int, int], kernel: str) -> np.ndarray:
    if kernel in ("area", "linear"):
        flag = cv2.INTER_AREA if kernel == "area" else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(PICTURE, size[::-1], interpolation=flag))
    method = Image.Resampling.BICUBIC if kernel == "bicubic" else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(PICTURE).resize(size[::-1], method))


@pytest.mark.parametrize(
    ("kernel", "scale"),
    [(kernel, scale) for kernel in ("area", "bicubic", "lanczos") for scale in (0.5, 0.8)]
    + [(kernel, scale) for kernel in ("linear", "bicubic", "lanczos") for scale in (0.8, 1.4)],
)
def test_resampling_is_that_of_opencv_and_pillow(kernel: str, scale: float) -> None:
    size = round(240 * scale), round(300 * scale)
    ours = resample(BATCH, torch.tensor([scale]), torch.zeros(1, 2), size, kernel)
    ours = ours.round().clamp(0, 255)[0].permute(1, 2, 0).numpy()
    differences = np.abs(ours - by_library(size, kernel))[8:-8, 8:-8]
    # Both libraries round their weights, and round between the two axes.
    assert differences.max() <= 1
    assert differences.mean() < 0.25


def test_each_picture_has_its_own_scale_and_start() -> None:
    both = BATCH.repeat(2, 1, 1, 1)
    scales, starts = torch.tensor([0.5, 0.8]), torch.tensor([[10.0, 20.5], [3.25, 0.0]])
    together = resample(both, scales, starts, (90, 100), "lanczos")
    for place in range(2):
        one = slice(place, place + 1)
        alone = resample(BATCH, scales[one], starts[one], (90, 100), "lanczos")
        torch.testing.assert_close(together[one], alone, atol=1e-3, rtol=0)


@pytest.mark.parametrize("kernel", ["linear", "cubic"])
def test_sampling_at_whole_pixels_copies_them(kernel: str) -> None:
    rows, columns = torch.meshgrid(torch.arange(200), torch.arange(250), indexing="ij")
    places = torch.stack([columns + 31, rows + 17], dim=-1)[None].float()
    read = sample(BATCH.float(), places, kernel).round()
    assert torch.equal(read, BATCH[:, :, 17:217, 31:281].float())


def test_blur_is_that_of_opencv() -> None:
    sigmas = torch.tensor([0.6, 2.5])
    ours = blur(BATCH.float().repeat(2, 1, 1, 1), sigmas, reach=9)
    for place, sigma in enumerate(sigmas.tolist()):
        expected = cv2.GaussianBlur(PICTURE.astype(np.float32), (19, 19), sigma, borderType=cv2.BORDER_REPLICATE)
        np.testing.assert_allclose(ours[place].permute(1, 2, 0).numpy(), expected, atol=1e-2)
