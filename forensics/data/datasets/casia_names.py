"""The file names of both CASIA sets, and which of the two photos in a name is the host.

Naming as told in github.com/namtpham/casia1groundtruth and .../casia2groundtruth, ``README.md``. These pages call the
first photo the source and the second the target; in the pictures themselves it is most often the other way round, so
the host is looked up in the pixels wherever the authentic photos are there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_PHOTO = re.compile(r"(?<=_)[a-z]{3}\d{4,5}(?=_)")
# Outside the edit the host differs by the losses of a JPEG only: a median below 5 gray levels on CASIA v1, where no
# other photo came below 20.
_SAME_PHOTO = 8.0


@dataclass(frozen=True)
class ForgedName:
    """What a forged picture's name says.

    Attributes:
        photos: Ids of the photos in it, such as ``ani0049``, in the order of the name; once each.
        copied: Whether its name says copy-move (``S``), else splicing (``D``).
        number: Its running number.
    """

    photos: tuple[str, ...]
    copied: bool
    number: str

    @property
    def oddity(self) -> str:
        """Where the parts of the name contradict each other; empty if they do not."""
        if self.copied and len(self.photos) > 1:
            return "named a copy-move, but of two photos"
        return "named a splice, but of one photo" if not self.copied and len(self.photos) == 1 else ""


def read_forged_name(stem: str) -> ForgedName:
    """The parts of a name such as ``Sp_D_CNN_A_ani0049_ani0084_0266``."""
    photos = tuple(dict.fromkeys(_PHOTO.findall(stem)))
    return ForgedName(photos, stem[3:5] == "S_", stem.rpartition("_")[2])


def authentic_id(stem: str) -> str:
    """``Au_ani_0001`` as it stands in the names of forged pictures: ``ani0001``."""
    return "".join(stem.split("_")[1:])


class Hosts:
    """Finds the host of forged pictures among authentic ones.

    Args:
        authentic: Authentic pictures by photo id.
    """

    def __init__(self, authentic: Mapping[str, Path]) -> None:
        self._authentic = authentic
        self.by_pixels = 0
        self.by_name = 0

    def split(self, image: Path, name: ForgedName) -> tuple[str, str]:
        """Ids of the host and of the donor (empty if there is none) of a forged picture."""
        photos = name.photos or (image.stem,)
        if len(photos) == 1:
            return photos[0], ""
        host = self._seen(image, photos)
        if host is None:
            self.by_name += 1
            host = photos[0]
        else:
            self.by_pixels += 1
        return host, next(photo for photo in photos if photo != host)

    def remarks(self) -> tuple[str, ...]:
        """How the hosts of spliced pictures were found."""
        if not self.by_pixels + self.by_name:
            return ()
        return (
            f"host of a splice: seen in the pixels for {self.by_pixels}, "
            f"taken to be the first photo of the name for {self.by_name}",
        )

    def _seen(self, image: Path, photos: tuple[str, ...]) -> str | None:
        forged = _read_gray(image)
        if forged is None:
            return None
        compared = []
        for photo in photos:
            authentic = _read_gray(self._authentic[photo]) if photo in self._authentic else None
            if authentic is not None and authentic.shape == forged.shape:
                if float(np.median(np.abs(forged - authentic))) < _SAME_PHOTO:
                    return photo
                compared.append(photo)
        left = [photo for photo in photos if photo not in compared]
        return left[0] if compared and len(left) == 1 else None


def _read_gray(path: Path) -> NDArray[np.int16] | None:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L")).astype(np.int16)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None  # it will be named when the pictures are checked
