"""What platforms do to a picture that is sent to them, as a table.

A platform reduces the picture to a longest side, writes a JPEG of its own and drops all metadata (no save of the forge
writes any). Real ones change their rules without notice, so the rows are types rather than portraits:

- ``social_2048``, ``social_1600``, ``social_1280``: the longest side and quality of the robustness protocol of
  TraceFuse (82, 75 and 71); ours, chosen to span what large networks were seen to do.
- ``messenger``: 1280 px and 87 are what the public source of Telegram's Android client asks of its encoder
  (github.com/DrKLO/Telegram, discussed in its pull requests 1790 and 2098); the range down to 80 is our choice.
- ``messenger_hd``: 2560 px, the larger size of the same clients (telegramdesktop/tdesktop issue 6520); quality our
  choice.
- ``messenger_small``: 1600 px, the size that users of another large messenger report
  (github.com/DrKLO/Telegram issue 1261 speaks of 1600 x 1200); quality and sampling our choice.
- ``microblog``: 4096 px as measured on Twitter (phototacopodcast.com, 2021), quality 85 as its engineers announced
  (twittercommunity.com, thread 118695, December 2018); progressive is our choice.
- ``photo_feed``: 1080 px, what the same measurements found at Instagram; quality our choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from forensics.data.forge.chains.geometry import Kernel, Resize, Size
from forensics.data.forge.chains.jpeg import JpegSave, Subsampling
from forensics.data.forge.draw import integer, rounded
from signals.errors import WrongUsage, did_you_mean


@dataclass(frozen=True)
class Platform:
    """The rules of a platform.

    Attributes:
        name: Name in the table.
        long_side: Longest side in pixels; larger pictures are reduced to it, smaller ones keep their size.
        quality: Lowest and highest JPEG quality, standard tables.
        subsampling: ``4:4:4``, ``4:2:2`` or ``4:2:0``.
        progressive: Whether its files are progressive.
        kernel: How it reduces.
    """

    name: str
    long_side: int
    quality: tuple[int, int]
    subsampling: Subsampling = "4:2:0"
    progressive: bool = False
    kernel: Kernel = "lanczos"

    def resize(self, size: Size) -> Resize | None:
        """The reduction of a whole picture of ``size`` (height, width); None where it is small enough."""
        return Resize(rounded(self.long_side / max(size)), self.kernel) if max(size) > self.long_side else None

    def save(self, quality: int | None = None) -> JpegSave:
        """Its compression, by default with the middle of its qualities."""
        quality = round(sum(self.quality) / 2) if quality is None else quality
        return JpegSave(quality, (), self.subsampling, self.progressive)

    def draw_save(self, random: np.random.Generator) -> JpegSave:
        """Its compression with a quality from its range."""
        return self.save(integer(random, *self.quality))


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        platform.name: platform
        for platform in (
            Platform("social_2048", 2048, (82, 82)),
            Platform("social_1600", 1600, (75, 75)),
            Platform("social_1280", 1280, (71, 71)),
            Platform("messenger", 1280, (80, 87), kernel="linear"),
            Platform("messenger_hd", 2560, (80, 87), kernel="linear"),
            Platform("messenger_small", 1600, (70, 80), kernel="area"),
            Platform("microblog", 4096, (85, 85), progressive=True),
            Platform("photo_feed", 1080, (70, 85), progressive=True, kernel="bicubic"),
        )
    }
)


def list_platforms() -> list[str]:
    """Names of the table."""
    return sorted(PLATFORMS)


def get_platform(name: str) -> Platform:
    """Platform by name.

    Raises:
        WrongUsage: There is none of that name.
    """
    if name not in PLATFORMS:
        raise WrongUsage(f"platform {name!r} is unknown{did_you_mean(name, list_platforms())}")
    return PLATFORMS[name]
