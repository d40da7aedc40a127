import numpy as np
import pytest
import torch

from forensics.data.sample import Sample, SampleTensors, Window, stack_inputs
from forensics.objects import ObjectMasks
from signals import SignalMap, SignalSpec

SPEC = SignalSpec("noise", "1", channels=2, stride=8)


def sample(height: int, width: int, *, usable: bool = True) -> Sample:
    rng = np.random.default_rng(height + width)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    grid = SPEC.grid(height, width)
    values = rng.normal(size=(2, *grid)).astype(np.float32)
    noise = SignalMap(SPEC, values, np.ones(grid, dtype=np.bool_), side={"table": np.arange(3)})
    if not usable:
        noise = SignalMap.unusable(SPEC, "made so")
    masks = np.zeros((1, height, width), dtype=np.bool_)
    masks[:, : height // 2] = True
    return Sample(pixels, (noise,), ObjectMasks(masks, height, width))


def test_a_whole_picture_is_padded_to_whole_patches() -> None:
    picture = sample(40, 56)
    inputs = SampleTensors.of(picture, 16, "any").whole()
    assert inputs.rgb.shape == (1, 3, 48, 64)
    assert inputs.membership.shape == (1, 2, 3, 4)
    noise = inputs.signals["noise"]
    assert noise.values.shape == (1, 2, 6, 8)
    assert noise.valid[0, :5, :7].all()
    assert not noise.valid[0, 5:].any()
    assert not noise.valid[0, :, 7:].any()
    torch.testing.assert_close(inputs.rgb[0, :, :40, :56], torch.from_numpy(picture.pixels).permute(2, 0, 1) / 255)
    assert torch.equal(inputs.rgb[0, :, 40], inputs.rgb[0, :, 39])


def test_a_window_shows_the_same_as_the_whole_picture_there() -> None:
    tensors = SampleTensors.of(sample(96, 128), 16, "any")
    whole, part = tensors.whole(), tensors.window(Window(32, 48, 64, 80))
    assert torch.equal(part.rgb, whole.rgb[:, :, 32:96, 48:128])
    assert torch.equal(part.membership, whole.membership[:, :, 2:6, 3:8])
    assert torch.equal(part.signals["noise"].values, whole.signals["noise"].values[:, :, 4:12, 6:16])


def test_stacked_pictures_keep_their_own_signals_and_objects() -> None:
    with_signal = SampleTensors.of(sample(32, 32), 16, "any").whole()
    without = SampleTensors.of(sample(32, 32, usable=False), 16, "any").whole()
    batch = stack_inputs([without, with_signal])
    assert batch.signals["noise"].present.tolist() == [False, True]
    assert torch.equal(batch.signals["noise"].values[1:], with_signal.signals["noise"].values)
    assert torch.equal(batch.signals["noise"].side["table"][1], torch.arange(3.0))


def test_pictures_of_different_sizes_do_not_stack() -> None:
    small, large = (SampleTensors.of(sample(side, 32), 16, "any").whole() for side in (32, 64))
    with pytest.raises(RuntimeError, match="size"):
        stack_inputs([small, large])
