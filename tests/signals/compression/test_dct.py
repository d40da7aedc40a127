from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.fft import dctn

from signals import Evidence, get_signal

GOLDEN = Path(__file__).parents[2] / "golden" / "omgfuser" / "dct_synthetic.npz"


@pytest.mark.parametrize("case", ["q75_420_odd", "q90_422", "q50_444_prog", "gray_q80"])
def test_volume_equals_the_reference(case):
    golden = np.load(GOLDEN)
    evidence = Evidence.open(golden[f"{case}.file_bytes"].tobytes())
    signal_map = get_signal("dct").extract(evidence)
    rows, columns = signal_map.valid.shape
    picture = signal_map.values.reshape(8, 8, rows, columns).transpose(2, 0, 3, 1).reshape(8 * rows, 8 * columns)
    assert np.array_equal(picture, golden[f"{case}.volume_argmax"])
    assert np.array_equal(signal_map.side["quantization_table"], golden[f"{case}.qtable"])
    assert signal_map.side["was_jpeg"] == 1
    assert signal_map.valid.all()


def test_other_files_give_the_rounded_block_dct(noise, encode):
    pixels = noise(24, 40)
    signal_map = get_signal("dct").extract(Evidence.open(encode(pixels, "png")))
    luma = pixels @ np.array([0.299, 0.587, 0.114]) - 128
    block = dctn(luma[8:16, 16:24], norm="ortho")
    expected = np.minimum(np.abs(block), 20)
    assert np.abs(signal_map.values[:, 1, 2].reshape(8, 8) - expected).max() <= 0.5 + 1e-3
    assert (signal_map.side["quantization_table"] == 1).all()
    assert signal_map.side["was_jpeg"] == 0


def test_rows_behind_a_cut_are_not_valid(noise, encode):
    data = encode(noise(240, 160), "jpeg", quality=90)
    whole = get_signal("dct").extract(Evidence.open(data))
    evidence = Evidence.open(data[: int(len(data) * 0.6)])
    signal_map = get_signal("dct").extract(evidence)
    rows = evidence.decoded_rows // 8
    assert signal_map.valid[:rows].all()
    assert not signal_map.valid[rows:].any()
    assert 0 < rows < 30
    assert np.array_equal(signal_map.values[:, :rows], whole.values[:, :rows])


def test_rgb_jpeg_has_no_luma(noise, encode):
    signal_map = get_signal("dct").extract(Evidence.open(encode(noise(24, 40), "jpeg", keep_rgb=True)))
    assert not signal_map.usable
    assert "luma" in (signal_map.reason or "")


def test_subsampled_luma_is_refused(noise, encode):
    data = bytearray(encode(noise(32, 32), "jpeg", subsampling=2))
    frame = data.index(b"\xff\xc0")
    # Sampling factors of the three components: luma 1x1, the first chroma 2x2.
    data[frame + 11], data[frame + 14] = 0x11, 0x22
    signal_map = get_signal("dct").extract(Evidence.open(bytes(data)))
    assert not signal_map.usable
    assert "full resolution" in (signal_map.reason or "")
