"""Detectors made elsewhere as signals: a function, an ONNX network or a folder of maps that say what is altered."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals.errors import BrokenSignal, ForensicsError, WrongUsage
from signals.evidence import MAX_PIXELS, Evidence
from signals.map_grid import on_grid
from signals.onnx_network import Layout, OnnxNetwork, Output
from signals.score import score_spec
from signals.signal import SignalMap, SignalSpec, Unusable
from signals.validity import decoded_cells

# Rounding may take a probability this far out of 0..1.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Detector:
    """A detector as a signal of kind ``score``. Made by :meth:`from_callable`, :meth:`from_onnx`, :meth:`from_folder`.

    Its values are the detector's own, 0..1: there is no reference of untouched photos, so 0.5 of one detector is not
    0.5 of another, nor that of a score that ships. Register it under its name:
    ``register_signal("mine", lambda: Detector.from_onnx("mine", "mine.onnx", output="logits"))``.

    Attributes:
        spec: Specification of the output.
        reads: One plain sentence: the trace it reads.
        blind_when: One plain sentence: when it sees nothing.
        predict: Gives the detector's map of a picture, ``[h, w]`` in 0..1 of any size, covering the whole picture in
            stored orientation; raises :class:`signals.Unusable` if it has none.
        cacheable: False if the map depends on more than the picture's bytes and ``spec``.
    """

    spec: SignalSpec
    reads: str
    blind_when: str
    predict: Callable[[Evidence], NDArray[Any]]
    cacheable: bool = True

    @classmethod
    def from_callable(
        cls,
        name: str,
        function: Callable[[NDArray[np.uint8]], NDArray[Any]],
        *,
        version: str,
        stride: int = 8,
        reads: str | None = None,
        blind_when: str | None = None,
    ) -> Detector:
        """A detector that is a Python function.

        Args:
            name: Name of the signal.
            function: Takes uint8 ``[H, W, 3]`` RGB, read-only, in stored orientation; returns a map ``[h, w]`` in
                0..1 of any size. It must give the same map for the same pixels.
            version: To be changed whenever its maps change.
            stride: Pixels from one cell of the signal to the next.
            reads: One plain sentence: the trace it reads.
            blind_when: One plain sentence: when it sees nothing.
        """
        spec = score_spec(name, version, stride, parameters={"detector": "callable"})
        return cls(spec, *_sentences(name, reads, blind_when), partial(_call, function))

    @classmethod
    def from_onnx(
        cls,
        name: str,
        path: str | Path,
        *,
        output: Output,
        layout: Layout = "NCHW",
        mean: Sequence[float] = (0, 0, 0),
        std: Sequence[float] = (1, 1, 1),
        multiple: int = 1,
        stride: int = 8,
        reads: str | None = None,
        blind_when: str | None = None,
    ) -> Detector:
        """A detector that is a network in an ONNX file; needs ``pip install 'tracefuse[onnx]'``.

        Its version is the beginning of the file's SHA-256. It runs on the CPU. A network of a fixed input size is
        given the whole picture resized to it, others the picture as it is.

        Args:
            name: Name of the signal.
            path: The file, with its weights inside. One input, float32 RGB; the first output is ``[1, 1, h, w]`` or
                ``[1, h, w]``.
            output: Whether the network gives ``logits`` or ``probabilities``.
            layout: ``NCHW`` or ``NHWC``: order of the input's axes.
            mean: Subtracted from each channel, which is 0..1 before.
            std: Then divided by.
            multiple: Sides that are not fixed are padded to a multiple of this by repeating the border.
            stride: Pixels from one cell of the signal to the next.
            reads: One plain sentence: the trace it reads.
            blind_when: One plain sentence: when it sees nothing.

        Raises:
            WrongUsage: The settings do not fit, onnxruntime is not installed, or the file cannot be used.
        """
        network = OnnxNetwork.open(name, Path(path), output, layout, tuple(mean), tuple(std), multiple)
        spec = score_spec(name, network.digest[:12], stride, parameters={"detector": "onnx", **network.settings()})
        return cls(spec, *_sentences(name, reads, blind_when), network.predict)

    @classmethod
    def from_folder(
        cls,
        name: str,
        folder: str | Path,
        *,
        version: str,
        stride: int = 8,
        reads: str | None = None,
        blind_when: str | None = None,
    ) -> Detector:
        """A detector that has already run: its maps lie in a folder, one a picture.

        The map of ``photo.jpg`` is ``photo.npy``, numbers in 0..1, or else ``photo.png``, grey of 8 or 16 bits, of
        any size, in stored orientation. A picture without a map is not usable.

        Args:
            name: Name of the signal.
            folder: Where the maps lie.
            version: To be changed whenever the maps change.
            stride: Pixels from one cell of the signal to the next.
            reads: One plain sentence: the trace it reads.
            blind_when: One plain sentence: when it sees nothing.

        Raises:
            WrongUsage: There is no such folder.
        """
        maps = Path(folder)
        if not maps.is_dir():
            raise WrongUsage(f"signal {name}: {folder} is not a folder, so it holds no maps; check the path.")
        spec = score_spec(name, version, stride, parameters={"detector": "folder"})
        # What is read depends on the picture's name too.
        return cls(spec, *_sentences(name, reads, blind_when), partial(_read_map, name, maps), cacheable=False)

    def extract(self, evidence: Evidence) -> SignalMap:
        """The detector's map on the signal's grid; each cell is the mean over its pixels.

        Raises:
            BrokenSignal: The detector failed, or what it gave is no map of finite numbers in 0..1.
        """
        try:
            predicted = np.asarray(self.predict(evidence))
        except Unusable as reason:
            return SignalMap.unusable(self.spec, str(reason))
        except ForensicsError:
            raise
        except Exception as error:  # a stranger's detector may raise anything
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise BrokenSignal(f"signal {self.spec.name}: its detector failed; {what[:200]}") from error
        values = on_grid(_checked(self.spec.name, predicted), self.spec, evidence.height, evidence.width)
        valid = decoded_cells(self.spec, evidence)
        return SignalMap(self.spec, np.where(valid, values, np.float32(0))[None], valid)


def _checked(name: str, predicted: Any) -> NDArray[np.float32]:
    """A detector's map as float32 ``[h, w]`` in 0..1."""
    given = np.asarray(predicted)
    if given.ndim != 2 or not given.size:
        raise _broken(name, f"its detector gave an array of shape {given.shape}, not a map [h, w]")
    if given.dtype.kind not in "bfiu":
        raise _broken(name, f"its detector gave an array of type {given.dtype}, not of numbers")
    if not np.isfinite(given).all():
        raise _broken(name, "its detector gave a map with values that are not finite")
    low, high = float(given.min()), float(given.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise _broken(name, f"its detector gave values from {low:g} to {high:g}, outside 0..1")
    return np.asarray(given, dtype=np.float32).clip(0, 1)


def _call(function: Callable[[NDArray[np.uint8]], NDArray[Any]], evidence: Evidence) -> NDArray[Any]:
    # A copy: a stranger's function could write into what every other signal reads.
    return function(evidence.pixels.copy())


def _read_map(name: str, folder: Path, evidence: Evidence) -> NDArray[Any]:
    """The precomputed map of a picture; grey levels become 0..1."""
    if evidence.name is None:
        raise Unusable("The picture has no name by which a map of it could be found.")
    stem = Path(evidence.name).stem
    for path in (folder / f"{stem}.npy", folder / f"{stem}.png"):
        try:
            data = path.read_bytes()
        except (OSError, ValueError):
            continue
        try:
            return _decode_npy(data) if path.suffix == ".npy" else _decode_png(data)
        except Exception as error:  # damaged files raise almost anything
            what = " ".join(str(error).split())[:120] or type(error).__name__
            raise _broken(name, f"its map {path.name} cannot be read ({what})") from error
    raise Unusable(f"There is no map {stem}.npy or {stem}.png of this picture in the folder of the detector.")


def _decode_npy(data: bytes) -> NDArray[Any]:
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))


def _decode_png(data: bytes) -> NDArray[Any]:
    # Image.open would warn of large pictures through the process-wide warnings.
    from PIL.PngImagePlugin import PngImageFile

    with PngImageFile(io.BytesIO(data)) as image:
        largest = {"1": 1, "L": 255, "I;16": 65535}
        if image.mode not in largest:
            raise ValueError(f"it is of the mode {image.mode}, not grey of 8 or 16 bits")
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"it has {image.width} x {image.height} pixels")
        return np.asarray(image, dtype=np.float32) / largest[image.mode]


def _broken(name: str, what: str) -> BrokenSignal:
    return BrokenSignal(f"signal {name}: {what}; tell who made it")


def _sentences(name: str, reads: str | None, blind_when: str | None) -> tuple[str, str]:
    """What is said of a detector whose maker says nothing."""
    return (
        reads or f"Reads what the detector {name} says of each place, on that detector's own scale.",
        blind_when or f"Sees nothing in pictures unlike those that the detector {name} was made for.",
    )
