"""Generated forgeries and their pristine twins, further handled after the edit as people and services do it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.chains.geometry import Resize
from forensics.data.forge.chains.jpeg import JpegSave, decode
from forensics.data.forge.forger import Forger
from forensics.data.forge.recipe import Recipe, get_recipe
from forensics.evaluation.robustness.perturbation import Perturbation

# Larger than those of training: ratios and analyzability shall hold for whole photos too.
SIDES = (256, 384, 512, 768, 1024, 1280)
AS_FORGED = Perturbation("as forged", "", ())
DEGRADATIONS = (
    AS_FORGED,
    Perturbation("saved anew", 80, (JpegSave(80),)),
    Perturbation("saved anew", 50, (JpegSave(50),)),
    Perturbation("half size, saved anew", 85, (Resize(0.5), JpegSave(85))),
)


@dataclass(frozen=True, eq=False)
class DegradedPicture:
    """A file and the truth about it.

    Attributes:
        data: The file's bytes.
        mask: bool ``[H, W]``, True where an edit was made.
        label: 1 forged, 0 pristine.
        source: Id of the host photo.
        camera: Its camera.
        family: First of the edits; empty for a pristine picture.
        degradation: What was done at last.
    """

    data: bytes
    mask: NDArray[np.bool_]
    label: int
    source: str
    camera: str
    family: str
    degradation: str


def calibration_recipe() -> Recipe:
    """The default recipe in sizes from a thumbnail's to a photo's."""
    return replace(get_recipe("default"), name="calibration", sides=SIDES)


def degraded_picture(forger: Forger, index: int) -> DegradedPicture:
    """A forgery, or for an odd index the twin of the one before; both are degraded alike, the pairs in turn.

    Raises:
        UnreadableImage: No photo can be decoded.
    """
    picture = forger.forge(index)
    degradation = DEGRADATIONS[index // 2 % len(DEGRADATIONS)]
    data, mask = picture.data, picture.mask
    if degradation.steps:
        sha256 = hashlib.sha256(data).hexdigest()
        perturbed = degradation.apply(decode(data), mask, sha256)
        data, mask = perturbed.data, perturbed.mask
    host = picture.history["host"]
    family = picture.edits[0] if picture.edits else ""
    title = degradation.title.strip()
    return DegradedPicture(data, mask, picture.label, host["photo"], host["camera"], family, title)
