"""One picture with all that a network reads of it, and its tensors, whole or by window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forensics.models.inputs import ModelInput, SignalInput
from forensics.objects import ObjectMasks, ObjectSegmenter, Rule
from signals import Evidence, Signal, SignalMap
from signals.extraction import extract


@dataclass(frozen=True)
class Window:
    """A rectangle of a picture in pixels, on the patch grid; it may reach past the right and lower edge."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Sample:
    """A picture in stored orientation with its signals and objects.

    Attributes:
        pixels: uint8 RGB ``[H, W, 3]``.
        signals: The maps of the signals asked for, usable or not.
        objects: The object masks.
    """

    pixels: NDArray[np.uint8]
    signals: tuple[SignalMap, ...]
    objects: ObjectMasks


@dataclass(frozen=True)
class SampleReader:
    """Reads samples from evidence.

    Attributes:
        signals: The signals to extract, in the network's order.
        segmenter: Finds the objects.
        extract: Reads one signal: from the picture, or :meth:`signals.cache.SignalCache.extract`.
    """

    signals: tuple[Signal, ...]
    segmenter: ObjectSegmenter
    extract: Callable[[Signal, Evidence], SignalMap] = extract

    def read(self, evidence: Evidence) -> Sample:
        """Extracts every signal and the objects of one picture."""
        maps = tuple(self.extract(signal, evidence) for signal in self.signals)
        return Sample(evidence.pixels, maps, self.segmenter.segment(evidence.pixels))


@dataclass(frozen=True)
class SampleTensors:
    """Cuts the tensors of any window out of one sample; the membership is computed once.

    Attributes:
        sample: The picture.
        membership: bool ``[K + 1, ceil(H / patch), ceil(W / patch)]``.
        patch: Patch size of the network in pixels.
    """

    sample: Sample
    membership: NDArray[np.bool_]
    patch: int

    @classmethod
    def of(cls, sample: Sample, patch: int, rule: Rule) -> SampleTensors:
        """Prepares a sample for a network of that patch size and object rule."""
        return cls(sample, sample.objects.membership(patch, rule), patch)

    def whole(self) -> ModelInput:
        """The whole picture as a batch of one, padded to whole patches."""
        _, rows, columns = self.membership.shape
        return self.window(Window(0, 0, rows * self.patch, columns * self.patch))

    def window(self, window: Window) -> ModelInput:
        """One window as a batch of one.

        Pixels past the edge repeat the last ones; signal cells past the edge are invalid.
        """
        pixels = _cut(self.sample.pixels.transpose(2, 0, 1), window, stride=1, mode="edge")
        return ModelInput(
            rgb=torch.from_numpy(pixels)[None].float() / 255,
            signals={m.spec.name: _signal_input(m, window) for m in self.sample.signals if m.usable},
            membership=torch.from_numpy(_cut(self.membership, window, self.patch))[None],
        )


def stack_inputs(inputs: Sequence[ModelInput]) -> ModelInput:
    """Joins batches of one of the same size; a signal some of them lack is marked absent there.

    Raises:
        RuntimeError: The sizes differ.
    """
    objects = max(item.membership.shape[1] for item in inputs)
    names = dict.fromkeys(name for item in inputs for name in item.signals)
    return ModelInput(
        rgb=torch.cat([item.rgb for item in inputs]),
        signals={name: _stack_signal([item.signals.get(name) for item in inputs]) for name in names},
        membership=torch.cat([_pad_objects(item.membership, objects) for item in inputs]),
    )


def _signal_input(signal: SignalMap, window: Window) -> SignalInput:
    stride = signal.spec.stride
    side: Mapping[str, NDArray[Any]] = signal.side
    return SignalInput(
        values=torch.from_numpy(_cut(signal.values, window, stride))[None],
        valid=torch.from_numpy(_cut(signal.valid[None], window, stride)),
        present=torch.ones(1, dtype=torch.bool),
        side={name: torch.from_numpy(np.array(value, dtype=np.float32))[None] for name, value in side.items()},
    )


def _cut(array: NDArray[Any], window: Window, stride: int, mode: Any = "constant") -> NDArray[Any]:
    """The cells ``[C, h, w]`` of a window, padded below and to the right where the picture ends."""
    top, left = window.top // stride, window.left // stride
    height, width = window.height // stride, window.width // stride
    cells = array[:, top : top + height, left : left + width]
    missing = ((0, 0), (0, height - cells.shape[1]), (0, width - cells.shape[2]))
    return np.pad(cells, missing, mode=mode) if any(after for _, after in missing) else np.ascontiguousarray(cells)


def _stack_signal(items: Sequence[SignalInput | None]) -> SignalInput:
    example = next(item for item in items if item is not None)
    absent = SignalInput(
        values=torch.zeros_like(example.values),
        valid=torch.zeros_like(example.valid),
        present=torch.zeros_like(example.present),
        side={name: torch.zeros_like(value) for name, value in example.side.items()},
    )
    filled = [item or absent for item in items]
    return SignalInput(
        values=torch.cat([item.values for item in filled]),
        valid=torch.cat([item.valid for item in filled]),
        present=torch.cat([item.present for item in filled]),
        side={name: torch.cat([item.side[name] for item in filled]) for name in example.side},
    )


def _pad_objects(membership: Tensor, objects: int) -> Tensor:
    missing = objects - membership.shape[1]
    return torch.cat([membership, membership.new_zeros(len(membership), missing, *membership.shape[2:])], dim=1)
