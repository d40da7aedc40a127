"""A picture with two kinds of noise, or its twin with one."""

import cv2
import numpy as np


def scene(height: int, width: int, pasted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Smooth clouds with the noise of a sensor; in a rectangle of it, the stronger noise of another, enlarged."""
    random = np.random.default_rng(3)
    clouds = cv2.resize(random.uniform(60, 190, (9, 9, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    noise = random.normal(0, 3, (height, width, 3))
    other = cv2.resize(random.normal(0, 6, (height // 2, width // 2, 3)), (width, height))
    inside = np.zeros((height, width), bool)
    inside[height // 4 : height // 2, width // 4 : width // 2] = True
    noise = np.where(inside[..., None] & pasted, other, noise)
    return np.clip(clouds + noise, 10, 245).astype(np.uint8), inside
