"""Runs the power test: plants, saves, predicts, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forensics.analysis.power.family import KINDS, SIZES
from forensics.analysis.power.result import Box, PlantedEdit, Power, UneditedWindow
from forensics.analysis.power.saving import JpegSaving, PngSaving, saving_of
from forensics.analysis.power.windows import choose_windows, cut
from forensics.analysis.verdict import OPERATING_POINT
from forensics.data.sample import Window
from forensics.inference.prediction import Prediction
from signals import Evidence
from signals.orientation import upright

# Marking a whole window gives an IoU of at most the largest size, 0.12: that finds nothing.
LEAST_OVERLAP = 0.2
MIN_SIDE = 128

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]


class PredictorLike(Protocol):
    """Anything that turns evidence into a prediction."""

    def predict(self, evidence: Evidence) -> Prediction:
        """Analyzes one picture."""
        ...


@dataclass(frozen=True)
class PowerTest:
    """How the power of a predictor is measured in one picture (an experiment).

    Known edits are planted in copies of local windows; edited and unedited windows alike are saved with the
    picture's own tables and given to the very predictor that judged the picture. The same picture gives the same
    edits. It measures the power against this family of edits, and says nothing about the picture.

    Attributes:
        edits: Edits that are planted, 3 or more; three in every window, one of each size. With a multiple of 12 all
            kinds have all sizes equally often.
        window: Side of a window in pixels; a smaller picture is one window.
    """

    edits: int = 48
    window: int = 512

    def measure(self, predictor: PredictorLike, evidence: Evidence) -> Power:
        """Plants the edits and counts what is found.

        Args:
            predictor: Is asked once for every edit and once for every unedited window.
            evidence: The picture; in a JPEG that was cut short only what was decoded is used.
        """
        saving = saving_of(evidence)
        pixels = evidence.pixels[: _whole_rows(evidence, saving.block[0])]
        if min(pixels.shape[:2]) < MIN_SIDE:
            usable = f"{evidence.width} x {pixels.shape[0]} pixels can be used"
            return Power((0, 0), saving.described, (), (), f"{usable}; below {MIN_SIDE} a side edits are too small.")
        seed = int(evidence.sha256[:16], 16)
        count = -(-self.edits // len(SIZES))
        windows = choose_windows(pixels, count, self.window, saving.block, np.random.default_rng(seed))
        edits: list[PlantedEdit] = []
        unedited: list[UneditedWindow] = []
        for place, window in enumerate(windows):
            site = _Site.at(window, predictor, saving, evidence, pixels)
            unedited.append(site.unedited())
            numbers = (number for number in range(self.edits) if number // len(SIZES) % len(windows) == place)
            tried = [site.try_edit(number, np.random.default_rng([seed, number])) for number in numbers]
            edits += [edit for edit in tried if edit is not None]
        reason = None if edits else "No edit of these sizes changes anything; the picture is flat."
        return Power(unedited[0].window[2:], saving.described, tuple(edits), tuple(unedited), reason)


@dataclass(frozen=True, eq=False)
class _Site:
    """A window before anything is planted in it."""

    predictor: PredictorLike
    saving: JpegSaving | PngSaving
    picture: Pixels
    host: Pixels
    box: Box
    twin: Prediction

    @classmethod
    def at(
        cls,
        window: Window,
        predictor: PredictorLike,
        saving: JpegSaving | PngSaving,
        evidence: Evidence,
        pixels: Pixels,
    ) -> _Site:
        host = cut(pixels, window)
        twin = predictor.predict(Evidence.open(saving.encode(host)))
        return cls(predictor, saving, pixels, host, _upright_box(window, evidence), twin)

    def unedited(self) -> UneditedWindow:
        return UneditedWindow(self.box, float(_marks(self.twin).mean()), self.twin.score)

    def try_edit(self, number: int, random: np.random.Generator) -> PlantedEdit | None:
        """Plants one edit and judges the map; None where none could be made."""
        # the forge takes a second to import
        from forensics.analysis.power.planting import plant

        turn, step = divmod(number, len(SIZES))
        size, kind = SIZES[step], tuple(KINDS)[(turn + step) % len(KINDS)]
        edit = plant(kind, size, self.host, self.picture, random)
        if edit is None:
            return None
        prediction = self.predictor.predict(Evidence.open(self.saving.encode(edit.pixels)))
        overlap = new_overlap(_marks(prediction), _marks(self.twin), edit.mask)
        return PlantedEdit(
            kind=kind,
            size=size.name,
            area_fraction=float(edit.mask.mean()),
            window=self.box,
            overlap=overlap,
            found=overlap >= LEAST_OVERLAP,
            score=prediction.score,
            called=None if self.twin.score >= OPERATING_POINT else prediction.score >= OPERATING_POINT,
        )


def new_overlap(marked: Mask, marked_before: Mask, planted: Mask) -> float:
    """IoU of what is marked only since the edit with the edit, 0..1.

    What the unedited window has marked too says nothing about the edit; where that lies on the edit, it is missed.
    """
    new = marked & ~marked_before
    return float((new & planted).sum() / max(1, (new | planted).sum()))


def _marks(prediction: Prediction) -> Mask:
    return np.asarray(prediction.map >= OPERATING_POINT)


def _whole_rows(evidence: Evidence, block: int) -> int:
    """Rows that can be used: all, or the whole groups of blocks that were decoded."""
    rows = evidence.decoded_rows
    return rows if rows == evidence.height else rows // block * block


def _upright_box(window: Window, evidence: Evidence) -> Box:
    """x, y, width and height in the upright picture."""
    rows = np.zeros((evidence.height, 1), dtype=np.bool_)
    columns = np.zeros((1, evidence.width), dtype=np.bool_)
    rows[window.top : window.top + window.height] = True
    columns[:, window.left : window.left + window.width] = True
    turned = upright(rows, evidence.orientation), upright(columns, evidence.orientation)
    down, across = turned if evidence.orientation < 5 else turned[::-1]
    y, x = np.flatnonzero(down), np.flatnonzero(across)
    return int(x[0]), int(y[0]), len(x), len(y)
