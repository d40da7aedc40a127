"""What TraceFuse says of one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics import __version__
from forensics.analysis.calibration_wording import calibration_json
from forensics.analysis.copies import COPIES_FILE, copies_json
from forensics.analysis.facts import picture_facts
from forensics.analysis.power.result import Power
from forensics.analysis.regions import Region
from forensics.analysis.verdict import OPERATING_POINT, Judgement, Verdict
from forensics.analysis.writing import write_folder
from forensics.calibration.calibration import Reading
from forensics.inference.prediction import Prediction
from signals import Evidence
from signals.copymove.find import Copies

SCHEMA = "1"
REPORT_FILES = ("report.html", "report.json", "map.png", "overlay.png", "objects.png", COPIES_FILE, "signals")


@dataclass(frozen=True)
class CheckpointFacts:
    """Which trained model spoke.

    Attributes:
        name: Its name.
        sha256: Hash of its files.
        signals: Names of the signals it reads, in its order.
    """

    name: str
    sha256: str
    signals: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """One picture's verdict with all that it rests on.

    Attributes:
        evidence: The picture that was read.
        prediction: What the model says of it; None if it is too small to be given to a model.
        judgement: The verdict and, if it cannot be analyzed, why.
        map: float32 ``[H, W]`` in 0..1, upright; 0.5 is the operating point. Not a probability.
        regions: The areas of the map at or above the operating point, largest first.
        copies: Areas that occur twice in the picture; None if it could not be searched.
        checkpoint: The model.
        created: When, in UTC: ``2026-01-31T12:00:00Z``.
        seconds: Wall time of each stage by name.
        total_seconds: Wall time of the whole analysis.
        power: How many edits planted in copies of parts of the picture were found; None if that was not asked for.
    """

    evidence: Evidence = field(repr=False)
    prediction: Prediction | None = field(repr=False)
    judgement: Judgement
    map: NDArray[np.float32] = field(repr=False)
    regions: tuple[Region, ...] = field(repr=False)
    copies: Copies | None = field(repr=False)
    checkpoint: CheckpointFacts
    created: str
    seconds: Mapping[str, float] = field(repr=False)
    total_seconds: float
    power: Power | None = field(default=None, repr=False)

    @property
    def verdict(self) -> Verdict:
        """One of three; a ``str``."""
        return self.judgement.verdict

    @property
    def score(self) -> float | None:
        """0..1 for the whole picture, 0.5 is the operating point; None if no model could read it."""
        return None if self.prediction is None else self.prediction.score

    @property
    def reading(self) -> Reading | None:
        """What the checkpoint's calibration makes of the score; None without one, and if it cannot be analyzed."""
        if self.prediction is None or self.verdict is Verdict.CANNOT_ANALYZE:
            return None
        return self.prediction.reading

    @property
    def threshold(self) -> float:
        """The operating point of the score and the map."""
        return OPERATING_POINT

    @property
    def changed_fraction(self) -> float:
        """Share of the picture at or above the operating point, 0..1."""
        return float((self.map >= OPERATING_POINT).mean())

    def to_json(self) -> dict[str, Any]:
        """The content of ``report.json`` (``forensics/analysis/schema/report.schema.json``)."""
        reading = self.reading
        return {
            "schema": SCHEMA,
            "tracefuse": __version__,
            "created": self.created,
            "picture": picture_facts(self.evidence),
            "checkpoint": {
                "name": self.checkpoint.name,
                "sha256": self.checkpoint.sha256,
                "signals": list(self.checkpoint.signals),
            },
            "verdict": self.verdict.value,
            "score": self.score,
            "threshold": self.threshold,
            "log10_likelihood_ratio": None if reading is None else reading.log10_likelihood_ratio,
            "analyzability": {
                "value": None if reading is None else reading.analyzability,
                "reasons": [*self.judgement.reasons, *(() if reading is None else reading.reasons)],
            },
            "calibration": calibration_json(reading),
            "map": self._map_json(),
            "power": None if self.power is None else self.power.to_json(),
            "copies": copies_json(self.copies, self.evidence.orientation),
            "signals": self._signals_json(),
            "contributions": self._contributions_json(),
            "timing": {
                "total_s": round(self.total_seconds, 4),
                "stages": {stage: round(seconds, 4) for stage, seconds in self.seconds.items()},
            },
            "warnings": list(self.evidence.warnings),
        }

    def save(self, out_dir: str | Path) -> Path:
        """Writes ``report.html``, ``report.json``, ``map.png``, ``overlay.png``, ``objects.png``, ``signals/``
        and, if there are any, ``copies.png``.

        An earlier report in the folder is replaced; other files in it stay.

        Args:
            out_dir: The report's folder; made if missing.

        Returns:
            The folder.

        Raises:
            OutputNotWritable: Nothing was written then.
        """
        from forensics.analysis.files import report_files

        folder = Path(out_dir)
        write_folder(folder, report_files(self), REPORT_FILES)
        return folder

    def _map_json(self) -> dict[str, Any]:
        if self.prediction is None:
            return {"file": None, "changed_fraction": None, "regions": []}
        regions = [
            {"box": list(region.box), "area_fraction": region.area_fraction, "mean": region.mean}
            for region in self.regions
        ]
        return {"file": "map.png", "changed_fraction": self.changed_fraction, "regions": regions}

    def _signals_json(self) -> list[dict[str, Any]]:
        if self.prediction is None:
            return []
        added = {found.name: found.added for found in self.prediction.contributions}
        return [
            {
                "name": signal.spec.name,
                "usable": signal.usable,
                "reason": signal.reason,
                "contribution": added.get(signal.spec.name),
                "png": signal_file(signal.spec.name) if signal.usable else None,
            }
            for signal in self.prediction.signals
        ]

    def _contributions_json(self) -> list[dict[str, Any]]:
        found = () if self.prediction is None else self.prediction.contributions
        return [
            {"name": item.name, "streams": list(item.streams), "added": item.added, "alone": item.alone}
            for item in found
        ]


def signal_file(name: str) -> str:
    """Where a report keeps the drawing of a signal, relative to its folder."""
    return f"signals/{name}.png"
