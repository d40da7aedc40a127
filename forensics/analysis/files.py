"""All files of a report, in memory."""

from __future__ import annotations

import json

from forensics.analysis import drawing
from forensics.analysis.copies import COPIES_FILE
from forensics.analysis.copymove_drawing import draw_copies
from forensics.analysis.drawing import Pixels
from forensics.analysis.page import PageDrawings, render_page
from forensics.analysis.report import Report, signal_file
from forensics.analysis.signal_drawing import draw_signal
from forensics.inference.prediction import Prediction
from signals import get_signal
from signals.orientation import upright

OBJECTS_LONGEST = 1024
COPIES_LONGEST = 1600


def report_files(report: Report) -> dict[str, bytes]:
    """Draws and encodes a report.

    Returns:
        Contents by path relative to the report's folder.
    """
    files = {
        "report.json": (json.dumps(report.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    }
    picture = upright(report.evidence.pixels, report.evidence.orientation)
    copies = _draw_copies(report)
    if copies is not None:
        files[COPIES_FILE] = drawing.encode_png(copies)
    if report.prediction is None:
        return {**files, "report.html": render_page(report, PageDrawings(picture, copies=copies)).encode()}
    grey_map = drawing.draw_map(report.map)
    unknown = ~upright(report.prediction.valid, report.evidence.orientation)
    overlay = drawing.draw_overlay(picture, grey_map)
    objects = _draw_objects(report.prediction, picture, report.evidence.orientation)
    signals = _draw_signals(report.prediction, report.evidence.orientation)
    files |= {"map.png": drawing.encode_png(grey_map), "overlay.png": drawing.encode_png(overlay)}
    if objects is not None:
        files["objects.png"] = drawing.encode_png(objects)
    files |= {signal_file(name): drawing.encode_png(drawn) for name, drawn in signals.items()}
    shown_map = drawing.hatch(grey_map, unknown) if unknown.any() else grey_map
    drawings = PageDrawings(picture, overlay, shown_map, objects, signals, copies)
    return {**files, "report.html": render_page(report, drawings).encode()}


def _draw_objects(prediction: Prediction, picture: Pixels, orientation: int) -> Pixels | None:
    if not len(prediction.objects.masks):
        return None
    objects = drawing.upright_objects(prediction.objects, orientation)
    return drawing.draw_objects(drawing.fit(picture, OBJECTS_LONGEST), objects)


def _draw_copies(report: Report) -> Pixels | None:
    if report.copies is None or not report.copies.copies:
        return None
    picture = drawing.fit(report.evidence.pixels, COPIES_LONGEST)
    return upright(draw_copies(picture, report.copies), report.evidence.orientation)


def _draw_signals(prediction: Prediction, orientation: int) -> dict[str, Pixels]:
    height, width = prediction.map.shape
    return {
        found.spec.name: draw_signal(get_signal(found.spec.name), found, width, height, orientation)
        for found in prediction.signals
        if found.usable
    }
