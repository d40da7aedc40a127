"""One perturbation of one level: its steps, and the file they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from forensics.data.forge.chains.geometry import Crop, Resize
from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.chains.saves import PngSave, WebpSave
from forensics.evaluation.robustness.filters import Avif, Blur, Gamma, Median, Noise, Pixels
from forensics.evaluation.robustness.geometry import Display, LongestSide, Mask, RoundTrip
from forensics.evaluation.robustness.published import BlurAcrossChannels, NoiseOfVariance, RectifiedNoise

Save = JpegSave | WebpSave | PngSave
Filter = Blur | Noise | Gamma | Median | Avif | RoundTrip | NoiseOfVariance | RectifiedNoise | BlurAcrossChannels
Move = Resize | LongestSide | Crop | Display
Random = Noise | NoiseOfVariance | RectifiedNoise | Display
Step = Annotated[Save | Filter | Move, Field(discriminator="name")]

# Without a compression of its own a perturbed picture is saved without loss, and fast: it is read once.
_LOSSLESS = PngSave(effort=1)


@dataclass(frozen=True)
class Perturbed:
    """A perturbed picture.

    Attributes:
        data: The file, without metadata.
        extension: Of the file, such as ``jpg``.
        mask: bool ``[H, W]`` in the geometry of the file.
    """

    data: bytes
    extension: str
    mask: Mask


@dataclass(frozen=True)
class Perturbation:
    """What is done to every picture at one level.

    Attributes:
        family: What is done.
        level: How strongly; the levels of a family are listed from the weakest on.
        steps: In order. The file is that of the last step if that is a save, and a PNG otherwise.
        as_coded: What a published code base does instead, where that differs from what the level says.
    """

    family: str
    level: int | float | str
    steps: tuple[Step, ...]
    as_coded: tuple[Step, ...] = ()

    @property
    def title(self) -> str:
        """Family and level."""
        return f"{self.family} {self.level}"

    @property
    def save(self) -> Save:
        """How the file that is scored is made."""
        last = self.steps[-1] if self.steps else None
        return last if isinstance(last, JpegSave | WebpSave | PngSave) else _LOSSLESS

    def missing(self) -> str | None:
        """Why it cannot be done on this machine; None if it can."""
        reasons = (step.missing() for step in self.steps if isinstance(step, Avif))
        return next((reason for reason in reasons if reason), None)

    def apply(self, pixels: Pixels, mask: Mask, sha256: str) -> Perturbed:
        """Perturbs one picture.

        Args:
            pixels: uint8 RGB ``[H, W, 3]``.
            mask: bool ``[H, W]``, True where altered.
            sha256: Of the picture's own file, hexadecimal: the seed of whatever is random comes from it.
        """
        save = self.save
        for step in seeded(self.steps, sha256):
            if isinstance(step, Move):
                mask = step.apply_mask(mask)
            if step is not save:
                pixels = step.apply(pixels)
        return Perturbed(save.encode(pixels), save.extension, mask)


def seeded(steps: Sequence[Step], sha256: str) -> tuple[Step, ...]:
    """The steps with the seed that belongs to a picture; those that draw nothing stay as they are."""
    seed = int(sha256[:8], 16) >> 1  # 31 bits
    return tuple(replace(step, seed=seed) if isinstance(step, Random) else step for step in steps)
