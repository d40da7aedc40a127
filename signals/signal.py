"""What a signal is: a specification, a map on its own grid, and a function from evidence to map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from signals.errors import WrongUsage

if TYPE_CHECKING:
    from signals.evidence import Evidence

Kind = Literal["feature", "score"]


@dataclass(frozen=True)
class SignalSpec:
    """All that a network needs to know of a signal.

    Attributes:
        name: Registered name; one output a name.
        version: Changes only when values change beyond the test tolerance.
        parameters: Settings the values depend on (JSON values). ``levels`` marks a categorical
            signal: every channel holds an index in ``0 .. levels - 1``; ``samples`` marks a histogram:
            the channels of a cell count its so many observations.
        channels: Number C of channels of the map.
        stride: Pixels from one cell of the map to the next, in both directions.
        offset: Pixel at which the first cell begins.
        dtype: NumPy name of the values' type.
        kind: ``feature`` for a network to read, ``score`` for a map in which high means altered.
        range: Smallest and largest value there can be, None where there is no bound; a drawing always spans it.
    """

    name: str
    version: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    channels: int = 1
    stride: int = 1
    offset: int = 0
    dtype: str = "float32"
    kind: Kind = "feature"
    range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]+", self.name):
            raise WrongUsage(f"signal name {self.name!r}: use lower-case letters, digits and underscores")
        if self.stride < 1 or self.channels < 1:
            raise WrongUsage(f"signal {self.name}: stride and channels must be at least 1")

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Size ``(h, w)`` of the map of a picture of ``height`` x ``width`` pixels, rounded up."""
        return -(-height // self.stride), -(-width // self.stride)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**asdict(self), "parameters": dict(self.parameters)}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> SignalSpec:
        """The inverse of :meth:`to_json`."""
        bounds = fields.get("range")
        return cls(**{**fields, "range": None if bounds is None else tuple(bounds)})


class Unusable(Exception):
    """Raised on the way to a map where a picture turns out to hold nothing to read; the text is the reason."""


@dataclass(frozen=True)
class SignalMap:
    """What one signal read in one picture, in stored orientation.

    Attributes:
        spec: Specification of the signal.
        values: ``[C, h, w]`` of the spec's dtype, ``h = ceil(H / stride)``.
        valid: bool ``[h, w]``; False where the picture gives no true value.
        side: Named small arrays of fixed shape, such as the quantization table.
        usable: False if the signal cannot read this picture; then ``values`` has no cells.
        reason: Why it is not usable, one sentence; None if it is.
    """

    spec: SignalSpec
    values: NDArray[Any]
    valid: NDArray[np.bool_]
    side: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    usable: bool = True
    reason: str | None = None

    @classmethod
    def unusable(cls, spec: SignalSpec, reason: str) -> SignalMap:
        """The map of a signal that cannot read the picture."""
        values = np.zeros((spec.channels, 0, 0), dtype=spec.dtype)
        return cls(spec, values, np.zeros((0, 0), dtype=np.bool_), usable=False, reason=reason)


@runtime_checkable
class Signal(Protocol):
    """A forensic signal: reads one kind of trace. One file each; registered by name.

    Attributes:
        spec: Specification of the output.
        reads: One plain sentence: the trace it reads.
        blind_when: One plain sentence: when it sees nothing.
    """

    @property
    def spec(self) -> SignalSpec: ...

    @property
    def reads(self) -> str: ...

    @property
    def blind_when(self) -> str: ...

    def extract(self, evidence: Evidence) -> SignalMap:
        """Reads the signal; returns an unusable map, with the reason, when it cannot."""
        ...
