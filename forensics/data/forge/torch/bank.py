"""Pristine photos, decoded once and kept on the device."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from forensics.data.forge.chains.jpeg import nearest_quality, usable_tables
from forensics.data.photos import Photo, PhotoPool
from signals.errors import NoPictures, UnreadableImage

# A window begins at a multiple of this, so that it keeps the grid of the camera's luma and chroma.
GRID = 16


@dataclass(frozen=True, eq=False)
class PhotoBank:
    """Photos of any sizes in one flat buffer, each also at half its size.

    Attributes:
        photos: The photos, in the order of all vectors here.
        pixels: uint8 ``[P]`` on the device: photo by photo, size by size, red, green, blue plane.
        starts: int64 ``[N, 2]`` (CPU): where a photo begins in ``pixels``, whole and halved.
        sizes: int64 ``[N, 2, 2]`` (CPU): height and width, whole and halved.
        tables: int32 ``[N, 2, 8, 8]`` (CPU): quantization tables of the photo, luma and chroma; 0 where it has none
            that a baseline file can hold.
        qualities: int64 ``[N]`` (CPU): nearest standard quality of those tables; 0 where there are none.
        cameras: int64 ``[N]`` (CPU): number of the camera.
        warnings: One line for every photo that could not be decoded, and why.
    """

    photos: tuple[Photo, ...]
    pixels: Tensor
    starts: Tensor
    sizes: Tensor
    tables: Tensor
    qualities: Tensor
    cameras: Tensor
    warnings: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, pool: PhotoPool, device: torch.device | str = "cpu", largest_side: int = 2048) -> PhotoBank:
        """Decodes the photos of a pool.

        Args:
            device: Where the pixels are kept: 3.75 bytes a pixel.
            largest_side: Of larger photos the middle is taken, on the grid of their compression.

        Raises:
            NoPictures: No photo can be decoded.
        """
        photos: list[Photo] = []
        planes: list[Tensor] = []
        warnings = []
        # a pool of its own, which remembers no pixels
        decoder = PhotoPool(pool.photos, cache_bytes=0)
        for photo in pool:
            try:
                pixels = torch.tensor(decoder.pixels(photo)).permute(2, 0, 1)
            except UnreadableImage as error:
                warnings.append(str(error))
                continue
            whole = _middle(pixels, largest_side).contiguous()
            photos.append(photo)
            planes += [whole, _halved(whole)]
        if not photos:
            raise NoPictures("no photo could be decoded; give a folder with whole photos")
        lengths = torch.tensor([plane.numel() for plane in planes])
        sizes = torch.tensor([plane.shape[1:] for plane in planes])
        names = sorted({photo.camera for photo in photos})
        return cls(
            photos=tuple(photos),
            pixels=torch.cat([plane.flatten() for plane in planes]).to(device),
            starts=(lengths.cumsum(0) - lengths).reshape(-1, 2),
            sizes=sizes.reshape(-1, 2, 2),
            tables=torch.stack([_tables(photo) for photo in photos]),
            qualities=torch.tensor([nearest_quality(p.tables) if usable_tables(p) else 0 for p in photos]),
            cameras=torch.tensor([names.index(photo.camera) for photo in photos]),
            warnings=tuple(warnings),
        )

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def device(self) -> torch.device:
        """Where the pixels are."""
        return self.pixels.device

    def windows(self, photo: Tensor, level: Tensor, corner: Tensor, size: tuple[int, int]) -> Tensor:
        """Cuts windows of one size; past the edge of a photo its last pixels are repeated.

        Args:
            photo: int64 ``[n]`` (CPU), numbers of photos.
            level: int64 ``[n]`` (CPU), 0 for the whole photo, 1 for its half.
            corner: int64 ``[n, 2]`` (CPU), upper left corners, row and column, at that level.
            size: Height and width.

        Returns:
            uint8 ``[n, 3, height, width]`` on the device.
        """
        start = self.starts[photo, level].to(self.device)[:, None, None, None]
        height, width = (self.sizes[photo, level, axis].to(self.device)[:, None] for axis in (0, 1))
        corner = corner.to(self.device)
        rows = (corner[:, :1] + torch.arange(size[0], device=self.device)).clamp(min=0).minimum(height - 1)
        columns = (corner[:, 1:] + torch.arange(size[1], device=self.device)).clamp(min=0).minimum(width - 1)
        plane = torch.arange(3, device=self.device)[:, None, None] * (height * width)[:, :, None, None]
        places = start + plane + (rows * width)[:, None, :, None] + columns[:, None, None, :]
        return torch.take(self.pixels, places)


def _middle(pixels: Tensor, side: int) -> Tensor:
    """The middle of ``[3, H, W]``, at most ``side`` pixels each way, its corner on the grid."""
    top, left = ((max(0, length - side) // 2) // GRID * GRID for length in pixels.shape[1:])
    return pixels[:, top : top + side, left : left + side]


def _halved(pixels: Tensor) -> Tensor:
    """Means of 2x2 pixels, rounded: uint8 ``[3, H // 2, W // 2]``."""
    return functional.avg_pool2d(pixels[None].float(), 2)[0].round().to(torch.uint8)


def _tables(photo: Photo) -> Tensor:
    if not usable_tables(photo):
        return torch.zeros((2, 8, 8), dtype=torch.int32)
    return torch.tensor((photo.tables[0], photo.tables[-1]), dtype=torch.int32).reshape(2, 8, 8)
