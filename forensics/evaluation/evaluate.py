"""Scores a set of pictures, one at a time, and says which were left out and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.data.manifest import ManifestRow
from forensics.evaluation.maps import MapSource
from forensics.evaluation.protocols import Measure, PictureScores, Protocol
from forensics.evaluation.truth import Excluded, read_mask
from signals import Evidence
from signals.errors import UnreadableImage
from signals.orientation import upright

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Exclusion:
    """A picture that was not scored.

    Attributes:
        image: Its path.
        reason: Why, in one line.
    """

    image: str
    reason: str


@dataclass(frozen=True)
class Evaluation:
    """The scores of one source of maps on one set.

    Attributes:
        protocol: Name of the protocol.
        definition: The protocol in words.
        source: What was scored.
        measures: The numbers of the set.
        pictures: What every scored picture measured, in the order of the manifest.
        excluded: The pictures left out.
    """

    protocol: str
    definition: str
    source: Mapping[str, str]
    measures: tuple[Measure, ...]
    pictures: tuple[PictureScores, ...]
    excluded: tuple[Exclusion, ...]

    @property
    def n_scored(self) -> int:
        """Pictures scored."""
        return len(self.pictures)

    @property
    def n_excluded(self) -> int:
        """Pictures left out."""
        return len(self.excluded)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values; the measures keyed by their names."""
        return {
            "protocol": self.protocol,
            "definition": self.definition,
            "source": dict(self.source),
            "n_scored": self.n_scored,
            "n_excluded": self.n_excluded,
            "measures": {measure.name: _without_name(measure) for measure in self.measures},
            "pictures": [asdict(picture) for picture in self.pictures],
            "excluded": [asdict(exclusion) for exclusion in self.excluded],
        }


def evaluate(
    rows: Sequence[ManifestRow],
    maps: MapSource,
    protocol: Protocol,
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """Scores a set.

    Maps and masks are compared upright, at the picture's native size. A picture, mask or map that cannot be
    used is left out with the reason, never resized and never replaced by zeros.

    Args:
        rows: The set.
        maps: Gives the map of each picture.
        protocol: How maps are scored.
        progress: Called with the pictures done and the total after each.

    Raises:
        ForensicsError: The source of maps fails for a reason that is not the picture's.
    """
    pictures: list[PictureScores] = []
    excluded: list[Exclusion] = []
    for done, row in enumerate(rows, start=1):
        try:
            pictures.append(_score(row, maps, protocol))
        except (Excluded, UnreadableImage) as error:
            excluded.append(Exclusion(str(row.image), str(error)))
        progress(done, len(rows))
    return Evaluation(
        protocol=protocol.name,
        definition=protocol.definition,
        source=maps.description,
        measures=protocol.summarize(pictures),
        pictures=tuple(pictures),
        excluded=tuple(excluded),
    )


def _score(row: ManifestRow, maps: MapSource, protocol: Protocol) -> PictureScores:
    evidence = Evidence.open(row.image)
    height, width = upright(evidence.pixels[..., 0], evidence.orientation).shape
    valid = _decoded(evidence)
    truth = None
    if row.label == 1:
        # The mask comes first: it is cheap, and a picture without one need not be predicted.
        truth = _truth(row, height, width)
        if valid is not None and not (truth & valid).any():
            raise Excluded("nothing of what its mask marks could be decoded")
    result = maps.map_of(row, evidence)
    if result.values.shape != (height, width):
        found = " x ".join(str(side) for side in reversed(result.values.shape))
        raise Excluded(f"its map is {found}, the upright picture {width} x {height}")
    return protocol.measure(str(row.image), truth, result, valid)


def _truth(row: ManifestRow, height: int, width: int) -> NDArray[np.bool_]:
    if row.mask is None:
        raise Excluded("it is labeled forged but the manifest names no mask")
    return read_mask(row.mask, height, width)


def _decoded(evidence: Evidence) -> NDArray[np.bool_] | None:
    """Upright, False where the file was cut short; None for a whole picture."""
    if evidence.decoded_rows >= evidence.height:
        return None
    rows = np.arange(evidence.height)[:, None] < evidence.decoded_rows
    return upright(np.repeat(rows, evidence.width, axis=1), evidence.orientation)


def _without_name(measure: Measure) -> dict[str, Any]:
    fields = asdict(measure)
    del fields["name"]
    return fields
