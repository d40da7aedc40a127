"""From measured pictures to a calibration, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from forensics.calibration.calibration import Calibration
from forensics.evaluation.calibration.false_alarms import (
    FalseAlarms,
    count_alarms,
    fit_threshold,
    flags,
    flags_of_others,
    promised_logit,
)
from forensics.evaluation.calibration.gates import GateChoice, choose_gate, fit_gate, is_found, worth_finding
from forensics.evaluation.calibration.measuring import Measured
from forensics.evaluation.calibration.ratios import FOLDS, RatioQuality, fit_ratios, judge_ratios
from signals.errors import WrongUsage


@dataclass(frozen=True)
class Settings:
    """What was asked for.

    Attributes:
        weights_sha256: Of the checkpoint.
        photos: sha256 over the photos.
        split: Of their manifest; None for all photos.
        seed: Of the forgeries.
        false_alarms: Share of pristine pictures that may be flagged, 0..1.
    """

    weights_sha256: str
    photos: str
    split: str | None
    seed: int
    false_alarms: float


@dataclass(frozen=True)
class CalibrationReport:
    """A calibration and what was found on the way.

    Attributes:
        calibration: To be stored.
        false_alarms: Each camera judged by the threshold that all others give.
        promised_logit: Threshold at one megapixel that would promise the share for every new camera; None if there
            are too few cameras for any.
        twins_flagged: Pristine twins of the generated forgeries that are flagged.
        forgeries_flagged: Generated forgeries that are flagged.
        pairs: Of generated forgeries and twins.
        ratios: What likelihood ratios are worth.
        gates: What analyzability is worth; None without forgeries that are worth finding.
    """

    calibration: Calibration
    false_alarms: FalseAlarms
    promised_logit: float | None
    twins_flagged: int
    forgeries_flagged: int
    pairs: int
    ratios: RatioQuality
    gates: GateChoice | None


def calibrate(photos: Sequence[Measured], generated: Sequence[Measured], settings: Settings) -> CalibrationReport:
    """Fits threshold, ratios and analyzability.

    Args:
        photos: Versions of pristine photos.
        generated: Forgeries and their twins, of other pictures of the same cameras.
        settings: What to hold.

    Raises:
        WrongUsage: There are too few photos.
    """
    _check(photos, generated)
    threshold = fit_threshold(photos, settings.false_alarms)
    alarms = count_alarms(photos, flags_of_others(photos, settings.false_alarms, threshold.tolerated))
    promised = promised_logit(photos, threshold, settings.false_alarms)
    ratios = fit_ratios(generated)
    quality = judge_ratios(generated, ratios)
    flagged = flags(generated, threshold)
    forged = worth_finding(generated)
    found = [is_found(picture, bool(hit)) for picture, hit in zip(forged, flags(forged, threshold), strict=True)]
    gates = choose_gate(forged, found) if len({picture.source for picture in forged}) >= FOLDS else None
    labels = np.array([picture.label for picture in generated])
    report = CalibrationReport(
        calibration=Calibration(
            weights_sha256=settings.weights_sha256,
            threshold=threshold,
            likelihood=ratios if quality.kept else None,
            analyzability=None if gates is None else fit_gate(gates.chosen, forged, found),
        ),
        false_alarms=alarms,
        promised_logit=promised if np.isfinite(promised) else None,
        twins_flagged=int(flagged[labels == 0].sum()),
        forgeries_flagged=int(flagged[labels == 1].sum()),
        pairs=int(labels.sum()),
        ratios=quality,
        gates=gates,
    )
    measured = _in_short(report, settings)
    return replace(report, calibration=replace(report.calibration, measured=measured))


def to_json(report: CalibrationReport) -> dict[str, Any]:
    """Plain values, schema ``calibration-report/1``."""
    figures = {name: value for name, value in asdict(report).items() if name != "calibration"}
    return {"schema": "calibration-report/1", "calibration": report.calibration.to_json(), **figures}


def _in_short(report: CalibrationReport, settings: Settings) -> dict[str, Any]:
    """What a checkpoint keeps of the figures."""
    alarms, gates = report.false_alarms, report.gates
    return {
        **asdict(settings),
        "cameras": alarms.cameras,
        "left_out_false_alarms": [alarms.share.mean, alarms.share.low, alarms.share.high],
        "cllr": report.ratios.cllr,
        "smallest_cllr": report.ratios.smallest_cllr,
        "analyzability_from": None if gates is None else gates.chosen,
    }


def _check(photos: Sequence[Measured], generated: Sequence[Measured]) -> None:
    cameras = {photo.camera for photo in photos}
    if len(cameras) < 2:
        raise WrongUsage(f"photos of {len(cameras)} camera: one has to be left out; give photos of two or more")
    sources = {picture.source for picture in generated}
    if len(sources) < FOLDS:
        raise WrongUsage(f"forgeries of {len(sources)} photos: {FOLDS} folds need {FOLDS}; give more photos or pairs")
