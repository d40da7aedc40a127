"""The roughness of color: how restless green minus red is from pixel to pixel."""

import numpy as np

from signals import Evidence, SignalMap, SignalSpec
from signals.map_grid import on_grid
from signals.validity import decoded_cells


def color_roughness(pixels):
    """uint8 [H, W, 3] to float32 [H, W]: size of the second difference of green - red, in grey levels."""
    color = np.pad(pixels[..., 1].astype(np.int16) - pixels[..., 0], 1, mode="edge")
    down = 2 * color[1:-1] - color[:-2] - color[2:]
    return np.abs(2 * down[:, 1:-1] - down[:, :-2] - down[:, 2:]).astype(np.float32)


class ColorRoughness:
    spec = SignalSpec("color_roughness", version="1", channels=1, stride=8, dtype="float32", range=(0.0, 1.0))
    reads = "Reads how rough the difference of green and red is, which cameras keep smooth when they fill in colors."
    blind_when = "Sees nothing where light is clipped or color is missing, and little after strong JPEG compression."

    def extract(self, evidence: Evidence) -> SignalMap:
        pixels = evidence.pixels
        height, width = pixels.shape[:2]
        if min(height, width) < 8:
            return SignalMap.unusable(self.spec, "The picture is smaller than 8 x 8 pixels.")
        if np.array_equal(pixels[..., 0], pixels[..., 1]):
            return SignalMap.unusable(self.spec, "The picture has no color.")
        rough = on_grid(color_roughness(pixels), self.spec, height, width)
        clipped = on_grid((pixels.max(axis=2) == 255).astype(np.float32), self.spec, height, width)
        valid = decoded_cells(self.spec, evidence, reach=1) & (clipped < 0.5)
        # 63 grey levels and more are 1, in every picture: the scale never follows the picture.
        values = np.where(valid, np.minimum(np.log2(1 + rough) / 6, 1), 0).astype(np.float32)
        return SignalMap(self.spec, values[None], valid)
