"""One row of a manifest, opened: the picture and the truth about it, or the reason why it cannot be scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.data.manifest import ManifestRow
from forensics.evaluation.picture import MaskMeaning
from forensics.evaluation.truth import Excluded, marked_pixels, read_mask
from signals import Evidence
from signals.orientation import upright, upright_size

# The first of these columns that is not empty in its row names the photo a picture was made from.
SOURCE_COLUMNS = ("source", "host", "pair")
# The first of these columns that a manifest has tells which forged and which pristine pictures are twins.
PAIR_COLUMNS = ("pair", "source")


@dataclass(frozen=True)
class Subject:
    """A picture and the truth about it.

    Attributes:
        row: The row of the manifest.
        evidence: The picture.
        truth: bool ``[H, W]``, upright, True where changed; None for authentic pictures.
        mask_meaning: What the truth marks.
    """

    row: ManifestRow
    evidence: Evidence
    truth: NDArray[np.bool_] | None
    mask_meaning: MaskMeaning = "altered"

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the upright picture."""
        width, height = upright_size(self.evidence.width, self.evidence.height, self.evidence.orientation)
        return height, width

    @property
    def decoded(self) -> NDArray[np.bool_] | None:
        """bool ``[H, W]``, upright, False where the file was cut short; None for a whole picture."""
        evidence = self.evidence
        if evidence.decoded_rows >= evidence.height:
            return None
        rows = np.arange(evidence.height)[:, None] < evidence.decoded_rows
        return upright(np.repeat(rows, evidence.width, axis=1), evidence.orientation)


def open_subject(row: ManifestRow) -> Subject:
    """Opens a picture and its mask.

    Raises:
        Excluded: The mask cannot be used, contradicts the label, or marks nothing that could be decoded.
        UnreadableImage: The picture cannot be read.
    """
    evidence = Evidence.open(row.image)
    subject = Subject(row, evidence, None, _mask_meaning(row))
    # The mask comes first: it is cheap, and a picture without one need not be decoded.
    truth = _truth(row, *subject.shape)
    decoded = subject.decoded
    if truth is not None and decoded is not None and not (truth & decoded).any():
        raise Excluded("nothing of what its mask marks could be decoded")
    _ = evidence.pixels  # damage shows here, before any map is made
    return Subject(row, evidence, truth, subject.mask_meaning)


def source_of(row: ManifestRow) -> str | None:
    """The photo that a picture was made from; None where the manifest does not say."""
    return next((row.columns[column] for column in SOURCE_COLUMNS if row.columns.get(column)), None)


def pair_of(row: ManifestRow) -> str | None:
    """What a picture shares with its twin alone; None where the manifest does not say."""
    present = [column for column in PAIR_COLUMNS if column in row.columns]
    return row.columns[present[0]] or None if present else None


def _truth(row: ManifestRow, height: int, width: int) -> NDArray[np.bool_] | None:
    if row.label == 1:
        if row.mask is None:
            raise Excluded("it is labeled forged but the manifest names no mask")
        return read_mask(row.mask, height, width)
    if row.mask is not None and marked_pixels(row.mask, height, width).any():
        raise Excluded(f"it is labeled authentic but its mask {row.mask.name} marks something as changed")
    return None


def _mask_meaning(row: ManifestRow) -> MaskMeaning:
    match row.columns.get("mask_meaning") or "altered":
        case "altered":
            return "altered"
        case "both_ends":
            return "both_ends"
        case told:
            raise Excluded(f"its mask_meaning is {told!r}; it must be altered or both_ends")
