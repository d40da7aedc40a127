from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from forensics.data.forge.chains.jpeg import JpegSave, nearest_quality

# luma table of ITU-T T.81 table K.1, first row; libjpeg scales it by (200 - 2 Q) / 100 from quality 50 on
K1_FIRST_ROW = np.array([16, 11, 10, 16, 24, 40, 51, 61])


def read_tables(data: bytes) -> list[list[int]]:
    with Image.open(io.BytesIO(data)) as image:
        return [list(image.quantization[key]) for key in sorted(image.quantization)]


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("quality", [50, 75, 90])
def test_standard_tables_follow_the_formula(noise: np.ndarray, quality: int) -> None:
    expected = np.maximum(1, (K1_FIRST_ROW * (200 - 2 * quality) + 50) // 100)
    luma = read_tables(JpegSave(quality).encode(noise))[0]
    assert luma[:8] == expected.tolist()
    assert nearest_quality((tuple(luma),)) == quality


def test_tables_of_a_camera_are_written_as_they_are(noise: np.ndarray) -> None:
    luma, chroma = tuple(range(1, 65)), tuple(range(64, 0, -1))
    assert read_tables(JpegSave(80, (luma, chroma)).encode(noise)) == [list(luma), list(chroma)]


@pytest.mark.parametrize(("name", "sampling"), [("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))])
def test_subsampling(noise: np.ndarray, name: str, sampling: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(JpegSave(90, (), name, progressive=True).encode(noise))) as image:
        assert image.layer[0][1:3] == sampling
        assert image.info.get("progressive")


def test_noise_fits_into_a_progressive_file() -> None:
    """Pillow's buffer of a byte a pixel does not hold it."""
    pixels = np.random.default_rng(1).integers(0, 256, (280, 280, 3), dtype=np.uint8)
    data = JpegSave(90, subsampling="4:4:4", progressive=True).encode(pixels)
    assert len(data) > pixels.shape[0] * pixels.shape[1]
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (280, 280)
        image.load()
