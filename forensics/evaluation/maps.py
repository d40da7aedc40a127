"""Where the maps come from that are scored: a checkpoint, a signal, or a folder of maps made before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forensics.data.manifest import ManifestRow
from forensics.evaluation.both_ends import both_ends
from forensics.evaluation.metrics import MapArray
from signals import Evidence, Signal, SignalMap, get_signal, list_signals
from signals.errors import WrongUsage, did_you_mean
from signals.extraction import extract
from signals.orientation import upright

if TYPE_CHECKING:
    from forensics.inference import Predictor

# The score of a picture by a signal alone: the mean of this share of its valid cells, the highest ones.
TOP_SHARE = 0.01


@dataclass(frozen=True)
class MapResult:
    """The map of one picture, upright: turned by its EXIF orientation, as people and masks see it.

    Attributes:
        values: float32 in 0..1 or uint8 ``[H, W]``; 0.5, or 128, and above is marked. None: there is no map.
        score: 0..1 for the whole picture, where the source has one.
        failure: Why there is no map, in one line.
        signals: Of a checkpoint: each signal it asks for, and whether this picture could be read by it.
        confidence: float32 ``[H, W]`` in 0..1, the source's own map of where ``values`` are right; None without one.
    """

    values: MapArray | None
    score: float | None = None
    failure: str | None = None
    signals: Mapping[str, bool] = field(default_factory=dict)
    confidence: NDArray[np.float32] | None = None


class MapSource(Protocol):
    """Anything that gives a map for a picture."""

    @property
    def description(self) -> Mapping[str, Any]:
        """What is scored, by ``kind``, ``name`` and whatever pins it down, as JSON values."""
        ...

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """The map of one picture; where there is none, a result without values that says why.

        Raises:
            BrokenSignal: A signal failed; ``evaluate`` counts it as a failed map.
            UnreadableImage: It cannot read this picture, which was decoded before; likewise.
        """
        ...


class CheckpointMaps:
    """Maps of a checkpoint, turned upright.

    Where the manifest says that masks mark both ends of a copy, what the map says of one end is said of the other too,
    see :func:`forensics.evaluation.both_ends.both_ends`; of forged and authentic pictures alike.

    Args:
        predictor: The loaded checkpoint.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    @property
    def description(self) -> Mapping[str, Any]:
        """Name and hash of the checkpoint, the signals it asks for, and where it ran."""
        checkpoint = self._predictor.checkpoint
        return {
            "kind": "checkpoint",
            "name": checkpoint.name,
            "sha256": checkpoint.sha256,
            "signals": [spec.name for spec in checkpoint.specs],
            "device": self._predictor.device.type,
        }

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """Predicts one picture."""
        prediction = self._predictor.predict(evidence)
        usable = {signal.spec.name: signal.usable for signal in prediction.signals}
        asked_for_both = row.columns.get("mask_meaning") == "both_ends"
        marked = both_ends(prediction.map, evidence) if asked_for_both else prediction.map
        turned = upright(marked, evidence.orientation)
        told = prediction.confidence
        confidence = None if told is None else upright(told, evidence.orientation)
        return MapResult(turned, prediction.score, signals=usable, confidence=confidence)


class SignalMaps:
    """A signal of kind ``score`` as a localizer, turned upright.

    Every pixel takes the score of its cell; cells that are not valid score 0. The picture's score is the mean of the
    highest 1 % of the valid cells: signals themselves judge no picture.

    Args:
        signal: The signal.

    Raises:
        WrongUsage: It is a feature, which only a network can read.
    """

    def __init__(self, signal: Signal) -> None:
        if signal.spec.kind != "score" or signal.spec.channels != 1:
            raise WrongUsage(
                f"signal {signal.spec.name}: a feature for networks to read, it marks nothing by itself"
                f"{did_you_mean(signal.spec.name, score_signals())}"
            )
        self._signal = signal

    @property
    def description(self) -> Mapping[str, Any]:
        """Name and version of the signal, and how its cells become pixels and a score."""
        spec = self._signal.spec
        return {
            "kind": "signal",
            "name": spec.name,
            "version": spec.version,
            "enlarged": f"each pixel takes the value of its cell of {spec.stride} x {spec.stride}",
            "score": f"mean of the highest {TOP_SHARE:.0%} of the valid cells",
            "device": "cpu",
        }

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """Reads the signal; a picture it cannot read has no map."""
        found = extract(self._signal, evidence)
        name = found.spec.name
        if not found.usable:
            return MapResult(None, failure=found.reason, signals={name: False})
        values = found.values[0][found.valid]
        if values.size and not 0 <= values.min() <= values.max() <= 1:
            return MapResult(None, failure=f"signal {name}: its values leave 0..1", signals={name: False})
        pixels = pixels_of(found, evidence.height, evidence.width)
        return MapResult(upright(pixels, evidence.orientation), top_mean(values), signals={name: True})


def score_signals() -> list[str]:
    """Names of all signals that can be scored by themselves."""
    return [name for name in list_signals() if get_signal(name).spec.kind == "score"]


def pixels_of(found: SignalMap, height: int, width: int) -> NDArray[np.float32]:
    """A signal's first channel as float32 ``[H, W]`` in stored orientation: each pixel takes its cell's value.

    Cells that are not valid are 0; pixels outside the grid take the nearest cell's value.
    """
    stride, offset = found.spec.stride, found.spec.offset
    rows, columns = (
        ((np.arange(side) - offset) // stride).clip(0, cells - 1)
        for side, cells in zip((height, width), found.valid.shape, strict=True)
    )
    cells = np.where(found.valid, found.values[0], 0).astype(np.float32)
    return np.asarray(cells[rows][:, columns])


def top_mean(values: NDArray[Any], share: float = TOP_SHARE) -> float:
    """Mean of the highest share of the values, at least one of them; 0 without any.

    >>> top_mean(np.array([0.0, 0.25, 0.75, 1.0]), share=0.5)
    0.875
    """
    if not values.size:
        return 0.0
    count = max(1, round(share * values.size))
    return float(np.partition(values.ravel(), -count)[-count:].mean(dtype=np.float64))
