from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from signals import Evidence, WrongUsage, get_signal
from signals.block_dct import block_dct
from signals.compression.recompression import recompressed as through_libjpeg
from signals.torch import bayar, dct, ela, recompressed, splicebuster_counts, splicebuster_residual, srm
from signals.torch.integer_dct import forward_dct, inverse_dct

SIZES = [(64, 64), (61, 83), (96, 120)]
BATCHED = {
    "bayar": bayar,
    "dct": dct,
    "ela": ela,
    "recompressed": lambda pixels: recompressed(pixels, 80),
    "splicebuster_counts": lambda pixels: splicebuster_counts(pixels).values,
    "splicebuster_residual": splicebuster_residual,
    "srm": srm,
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["bayar", "ela", "splicebuster_counts", "srm"])
def test_same_values_as_the_numpy_form(name, size, crops):
    pictures, batch = crops(3, *size)
    ours = BATCHED[name](batch)
    for picture, found in zip(pictures, ours, strict=True):
        expected = get_signal(name).extract(Evidence.from_pixels(picture)).values
        assert found.numpy().dtype == expected.dtype
        assert np.array_equal(found.numpy(), expected)


@pytest.mark.parametrize("size", SIZES)
def test_dct_differs_at_most_where_rounding_is_undecided(size, crops):
    pictures, batch = crops(3, *size)
    for picture, found in zip(pictures, dct(batch).numpy(), strict=True):
        expected = get_signal("dct").extract(Evidence.from_pixels(picture)).values
        assert found.dtype == expected.dtype
        parts = np.abs(block_dct(picture)) % 1
        undecided = (np.abs(parts - 0.5) < 1e-3).reshape(*parts.shape[:2], 64).transpose(2, 0, 1)
        assert np.array_equal(found[~undecided], expected[~undecided])
        assert np.abs(found.astype(int) - expected).max() <= 1
        assert undecided.mean() < 0.05


@pytest.mark.parametrize("size", [(64, 64), (61, 83), (9, 11), (34, 18), (8, 8)])
@pytest.mark.parametrize("quality", [10, 50, 75, 90, 100])
def test_jpeg_is_imitated_to_the_last_bit(size, quality, crops):
    pictures, batch = crops(2, *size)
    pictures.append(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    batch = torch.cat([batch, torch.from_numpy(pictures[-1]).permute(2, 0, 1)[None]])
    for picture, found in zip(pictures, recompressed(batch, quality).permute(0, 2, 3, 1).numpy(), strict=True):
        assert np.array_equal(found, through_libjpeg(picture, quality))
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "jpeg", quality=quality, subsampling="4:2:0")
        assert np.array_equal(found, np.asarray(Image.open(buffer)))


@pytest.mark.parametrize("name", sorted(BATCHED))
def test_a_batch_is_its_crops(name, crops):
    _, batch = crops(3, 61, 83)
    together = BATCHED[name](batch)
    alone = torch.cat([BATCHED[name](crop[None]) for crop in batch])
    assert torch.equal(together, alone)


@pytest.mark.parametrize("name", sorted(BATCHED))
def test_floats_are_rounded(name, crops):
    _, batch = crops(2, 48, 56)
    nearly = (batch + 0.4 * torch.rand(batch.shape, generator=torch.Generator().manual_seed(0))).clamp(max=255.4)
    assert torch.equal(BATCHED[name](nearly), BATCHED[name](batch))


@pytest.mark.parametrize("name", sorted(BATCHED))
def test_wrong_batches_are_refused(name):
    for wrong in (torch.zeros(3, 64, 64), torch.zeros(1, 64, 64, 3), torch.zeros(1, 3, 64, 64, dtype=torch.int64)):
        with pytest.raises(WrongUsage):
            BATCHED[name](wrong)


@pytest.mark.parametrize("quality", [0, 101])
def test_wrong_qualities_are_refused(quality):
    with pytest.raises(WrongUsage, match=str(quality)):
        recompressed(torch.zeros(1, 3, 16, 16), quality)


def test_residual_of_a_step_in_closed_form():
    pixels = torch.zeros(1, 3, 8, 12)
    pixels[..., 6:] = 10
    along_rows, along_columns = splicebuster_residual(pixels)[0]
    assert along_rows[4].tolist() == [0, 0, 0, 0, -10, 20, -10, 0, 0, 0, 0, 0]
    assert not along_columns.any()
    turned = splicebuster_residual(pixels.transpose(2, 3))[0]
    assert torch.equal(turned[1], along_rows.T)


def test_integer_dct_is_a_dct_and_its_inverse():
    samples = torch.randint(-128, 128, (50, 8, 8), generator=torch.Generator().manual_seed(1), dtype=torch.int32)
    grey = (samples + 128).repeat_interleave(3, 0).numpy().astype(np.uint8).reshape(50, 3, 8, 8).transpose(0, 2, 3, 1)
    exact = np.stack([block_dct(picture)[0, 0] for picture in grey])
    scaled = forward_dct(samples)
    assert np.abs(scaled.numpy() / 8 - exact).max() < 0.3
    assert (inverse_dct((scaled / 8).round().int()) - samples).abs().max() <= 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("name", sorted(BATCHED))
def test_same_on_a_gpu(name, crops):
    _, batch = crops(3, 61, 83)
    assert torch.equal(BATCHED[name](batch.cuda()).cpu(), BATCHED[name](batch))
