"""Saves on the device against the library that writes files."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from forensics.data.forge.torch.jpeg import SAMPLINGS, STANDARD, Saves, join, nearest_qualities, save, standard_saves
from signals import Evidence
from tests.conftest import paint_scene

# Of a camera: no multiple of the standard tables, and unlike each other.
LUMA = [int(step) for step in np.clip(np.add.outer(np.arange(8) * 3, np.arange(8)) + 2, 1, 255).ravel()]
CHROMA = [int(step) for step in np.clip(np.add.outer(np.arange(8) * 5, np.arange(8) * 4) + 3, 1, 255).ravel()]


def pictures(height: int, width: int) -> list[np.ndarray]:
    noise = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return [paint_scene(1, height, width), noise]


def batch_of(arrays: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)


def written(pixels: np.ndarray, saves: Saves) -> bytes:
    stream = io.BytesIO()
    tables = saves.tables[0].flatten(1).tolist()
    options = {"qtables": tables} if saves.lender[0] != STANDARD else {"quality": int(saves.quality[0])}
    sampling = SAMPLINGS[int(saves.sampling[0])]
    Image.fromarray(pixels).save(stream, "JPEG", subsampling=sampling, **options)
    return stream.getvalue()


def camera_save(sampling: int) -> Saves:
    tables = torch.tensor([LUMA, CHROMA], dtype=torch.int32).reshape(1, 2, 8, 8)
    return Saves(tables, torch.tensor([sampling]), nearest_qualities(tables), torch.tensor([0]))


@pytest.mark.parametrize("size", [(64, 96), (72, 88), (8, 40)])
def test_pixels_and_coefficients_are_those_of_the_file(size: tuple[int, int]) -> None:
    """Each picture of one batch with a quality, tables and a sampling of its own: nothing differs at all."""
    kinds = [camera_save(place) for place in range(3)]
    kinds += [standard_saves(torch.tensor([q]), torch.tensor([s])) for q in (1, 34, 75, 93, 100) for s in range(3)]
    for pixels in pictures(*size):
        result = save(batch_of([pixels] * len(kinds)), join(kinds))
        for place, kind in enumerate(kinds):
            evidence = Evidence.open(written(pixels, kind))
            assert evidence.jpeg is not None
            component = evidence.jpeg.components[0]
            rows, columns = result.luma.shape[1:3]
            assert np.array_equal(kind.tables[0, 0].numpy(), component.quantization_table)
            assert np.array_equal(result.luma[place].numpy(), component.coefficients[:rows, :columns])
            assert np.array_equal(result.pixels[place].permute(1, 2, 0).numpy(), evidence.pixels)


def test_saving_twice_equals_the_file_of_a_file() -> None:
    pixels = pictures(64, 96)[0]
    first, second = camera_save(2), standard_saves(torch.tensor([61]), torch.tensor([1]))
    once = np.asarray(Image.open(io.BytesIO(written(pixels, first))))
    twice = np.asarray(Image.open(io.BytesIO(written(once, second))))
    ours = save(save(batch_of([pixels]), first).pixels, second).pixels
    assert np.array_equal(ours[0].permute(1, 2, 0).numpy(), twice)


def test_nearest_quality_of_a_standard_table_is_its_own() -> None:
    qualities = torch.tensor([20, 50, 77, 95])
    assert torch.equal(
        nearest_qualities(standard_saves(qualities, torch.zeros(4, dtype=torch.int64)).tables), qualities
    )
