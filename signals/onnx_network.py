"""Networks in ONNX files, from pixels to a map. Needs onnxruntime, an optional dependency."""

from __future__ import annotations

import hashlib
import importlib
import math
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from signals.errors import BrokenSignal, WrongUsage
from signals.evidence import Evidence
from signals.map_grid import resized

Output = Literal["logits", "probabilities"]
Layout = Literal["NCHW", "NHWC"]

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass(frozen=True)
class OnnxNetwork:
    """A network that gives one map of one picture. Made by :meth:`open`.

    Attributes:
        name: Name of the signal, for messages.
        path: The file.
        digest: SHA-256 of the file, hexadecimal.
        output: Whether the network gives logits or probabilities.
        layout: Order of the input's axes.
        mean: Subtracted from each channel, which is 0..1 before.
        std: Then divided by.
        multiple: Sides that are not fixed are padded to a multiple of this.
    """

    name: str
    path: Path
    digest: str
    output: Output
    layout: Layout
    mean: tuple[float, ...]
    std: tuple[float, ...]
    multiple: int

    @classmethod
    def open(
        cls,
        name: str,
        path: Path,
        output: Output,
        layout: Layout,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        multiple: int,
    ) -> OnnxNetwork:
        """Opens a file and finds out whether it can be used.

        Raises:
            WrongUsage: The settings do not fit, onnxruntime is not installed, or the file cannot be used.
        """
        if output not in get_args(Output) or layout not in get_args(Layout):
            choices = f"output is one of {', '.join(get_args(Output))}, layout one of {', '.join(get_args(Layout))}"
            raise WrongUsage(f"signal {name}: output {output!r} with layout {layout!r} is unknown; {choices}.")
        if len(mean) != 3 or len(std) != 3 or not all(map(math.isfinite, mean + std)) or min(std) <= 0 or multiple < 1:
            what = "three numbers each for mean and std, std and multiple above zero"
            raise WrongUsage(f"signal {name}: these settings of the network do not fit; give {what}.")
        path = path.absolute()
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise WrongUsage(f"signal {name}: {path} cannot be read ({error.strerror}); check the path.") from error
        network = cls(name, path, digest, output, layout, mean, std, multiple)
        problem = network._problem()
        if problem is not None:
            raise WrongUsage(f"signal {name}: {path.name} {problem}; give another layout or export it anew.")
        return network

    def settings(self) -> dict[str, Any]:
        """All but the file that its maps depend on, as JSON values."""
        return {
            "output": self.output,
            "layout": self.layout,
            "mean": list(self.mean),
            "std": list(self.std),
            "multiple": self.multiple,
        }

    def predict(self, evidence: Evidence) -> NDArray[np.float32]:
        """The network's map of a picture, covering all of it.

        Returns:
            float32 ``[h, w]``; 0..1 if the network keeps its promise.

        Raises:
            BrokenSignal: The output has another shape, or the file has changed.
        """
        session = self._session()
        (given,) = session.get_inputs()
        fixed = self._fixed_sides(given)
        image = evidence.pixels.astype(np.float32) / np.float32(255)
        height, width = (side or own for side, own in zip(fixed, image.shape[:2], strict=True))
        mean, std = (np.array(numbers, dtype=np.float32) for numbers in (self.mean, self.std))
        image = (resized(image, height, width) - mean) / std
        below, right = (0 if side else -own % self.multiple for side, own in zip(fixed, image.shape[:2], strict=True))
        image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge")
        batch = image.transpose(2, 0, 1)[None] if self.layout == "NCHW" else image[None]
        batch = np.ascontiguousarray(batch, dtype=_TYPES[given.type])
        found = np.asarray(session.run([session.get_outputs()[0].name], {given.name: batch})[0])
        if found.ndim not in (3, 4) or set(found.shape[:-2]) != {1} or not found.size:
            what = f"its network gave an array of shape {found.shape}, not [1, 1, h, w] or [1, h, w]"
            raise BrokenSignal(f"signal {self.name}: {what}; export one map of one channel")
        map_ = found.reshape(found.shape[-2:]).astype(np.float32)
        if self.output == "logits":
            map_ = np.asarray(expit(map_), dtype=np.float32)
        if below or right:
            map_ = resized(map_, height + below, width + right)[:height, :width]
        return map_

    def _problem(self) -> str | None:
        """Why the network cannot be given a picture, or None."""
        inputs = self._session().get_inputs()
        if len(inputs) != 1:
            return f"has {len(inputs)} inputs, not one"
        (given,) = inputs
        first, last = (given.shape[1], given.shape[3]) if len(given.shape) == 4 else (None, None)
        channels, other = (first, last) if self.layout == "NCHW" else (last, first)
        # A free axis may be the channels, unless there is a better one in the other place.
        if len(given.shape) != 4 or (channels != 3 and (isinstance(channels, int) or other == 3)):
            axes = "[1, 3, H, W]" if self.layout == "NCHW" else "[1, H, W, 3]"
            return f"takes an array of shape {given.shape}, not {axes}"
        if isinstance(given.shape[0], int) and given.shape[0] != 1:
            return f"takes {given.shape[0]} pictures at once, not one"
        if given.type not in _TYPES:
            return f"takes a {given.type}, not numbers in floating point"
        return None

    def _fixed_sides(self, given: Any) -> tuple[int | None, int | None]:
        """Height and width of the input, None where any is taken."""
        sides = given.shape[2:] if self.layout == "NCHW" else given.shape[1:3]
        height, width = (side if isinstance(side, int) else None for side in sides)
        return height, width

    def _session(self) -> Any:
        # The threads of a session do not survive a fork.
        return _open_session(self.name, self.path, self.digest, os.getpid())


@lru_cache(maxsize=8)
def _open_session(name: str, path: Path, digest: str, process: int) -> Any:
    """The network, ready to run, once a process."""
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        what = "networks in ONNX files need onnxruntime, which is not installed"
        raise WrongUsage(f"signal {name}: {what}; run pip install 'tracefuse[onnx]'.") from error
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise BrokenSignal(f"signal {name}: {path.name} has changed since it was opened; start anew")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised; the rest is not for the terminal
    try:
        return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # every kind of damage is an exception class of its own
        what = " ".join(str(error).split())[:160]
        raise WrongUsage(f"signal {name}: {path.name} is no network that can be run ({what}).") from error
