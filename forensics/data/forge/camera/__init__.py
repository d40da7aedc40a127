"""Camera simulation: pictures whose traces were wiped are photographed anew, with any history."""

from __future__ import annotations

from forensics.data.forge.camera.demosaicing import demosaic, list_demosaicings
from forensics.data.forge.camera.drawing import draw_camera
from forensics.data.forge.camera.simulation import CameraSimulation

__all__ = ["CameraSimulation", "demosaic", "draw_camera", "list_demosaicings"]
