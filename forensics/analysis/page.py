"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from numpy.typing import NDArray

from forensics import __version__
from forensics.analysis.calibration_wording import calibration_section
from forensics.analysis.contribution_rows import NOTE as CONTRIBUTION_NOTE
from forensics.analysis.contribution_rows import contribution_rows
from forensics.analysis.copymove_drawing import CAPTION as COPIES_CAPTION
from forensics.analysis.drawing import Pixels, encode_jpeg, encode_png, fit
from forensics.analysis.fact_rows import NOTE, fact_rows
from forensics.analysis.facts import picture_facts
from forensics.analysis.power.wording import power_section
from forensics.analysis.report import Report
from forensics.analysis.signal_drawing import CAPTION
from forensics.analysis.verdict import score_text
from forensics.analysis.wording import LIMITS, explain
from signals import SignalMap, get_signal
from signals.errors import ForensicsError
from signals.facts import read_facts

LONGEST_PICTURE, LONGEST_MAP, LONGEST_SIGNAL = 1600, 1200, 640


@dataclass(frozen=True)
class PageDrawings:
    """Upright pictures for the page, uint8, of any size; the page bounds them.

    Attributes:
        picture: RGB ``[H, W, 3]``.
        overlay: RGB ``[H, W, 3]``, or None if there is no map.
        map: Grey ``[H, W]``, or None if there is no map.
        objects: RGB, or None if there are no objects.
        signals: RGB by name of the usable signals.
        copies: RGB, or None if there are no copies.
    """

    picture: Pixels
    overlay: Pixels | None = None
    map: Pixels | None = None
    objects: Pixels | None = None
    signals: Mapping[str, Pixels] = field(default_factory=dict)
    copies: Pixels | None = None


@dataclass(frozen=True)
class SignalSection:
    """One signal as the page tells of it."""

    name: str
    version: str
    reads: str
    blind_when: str
    reason: str | None
    drawing: str | None


def render_page(report: Report, drawings: PageDrawings) -> str:
    """The page: self-contained HTML without scripts; pictures inside are bounded in size.

    Args:
        report: What to tell.
        drawings: What to show.
    """
    signals = () if report.prediction is None else report.prediction.signals
    height, width = report.map.shape
    return _template().render(
        report=report,
        words=explain(report),
        limits=LIMITS,
        calibration=calibration_section(report.reading, report.judgement),
        power=power_section(report.power),
        facts=picture_facts(report.evidence),
        fact_rows=fact_rows(read_facts(report.evidence)),
        fact_note=NOTE,
        version=__version__,
        width=width,
        height=height,
        picture=_jpeg(drawings.picture, LONGEST_PICTURE),
        overlay=_jpeg(drawings.overlay, LONGEST_PICTURE),
        map=_png(drawings.map, LONGEST_MAP),
        objects=_jpeg(drawings.objects, LONGEST_SIGNAL),
        object_count=0 if report.prediction is None else len(report.prediction.objects.masks),
        signals=[_section(signal, drawings.signals.get(signal.spec.name)) for signal in signals],
        signal_caption=CAPTION,
        contribution_rows=contribution_rows(() if report.prediction is None else report.prediction.contributions),
        contribution_note=CONTRIBUTION_NOTE,
        copies=_jpeg(drawings.copies, LONGEST_MAP),
        copies_caption=COPIES_CAPTION,
    )


@cache
def _template() -> Template:
    # File names and metadata come from strangers: everything is escaped.
    environment = Environment(
        loader=PackageLoader("forensics.analysis"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "file_size": file_size, "score_text": score_text}
    return environment.get_template("report.html.j2")


def percent(fraction: float) -> str:
    """A share of the picture in words: ``4.1 %``; small ones are not rounded to nothing."""
    if 0 < fraction < 0.001:
        return "< 0.1 %"
    return f"{fraction * 100:.1f} %" if fraction < 0.1 else f"{fraction * 100:.0f} %"


def file_size(size: int) -> str:
    """A number of bytes for people: ``2.4 MB``."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def _section(signal: SignalMap, drawn: Pixels | None) -> SignalSection:
    reads, blind_when = "", ""
    try:
        described = get_signal(signal.spec.name)
        reads, blind_when = described.reads, described.blind_when
    except ForensicsError:
        pass  # a stored prediction may outlive the plug-in that made it
    reason = None if signal.usable else signal.reason
    return SignalSection(signal.spec.name, signal.spec.version, reads, blind_when, reason, _png(drawn, LONGEST_SIGNAL))


def _jpeg(pixels: NDArray[np.uint8] | None, longest: int) -> str | None:
    if pixels is None:
        return None
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(fit(pixels, longest))).decode()


def _png(pixels: NDArray[np.uint8] | None, longest: int) -> str | None:
    if pixels is None:
        return None
    return "data:image/png;base64," + base64.b64encode(encode_png(fit(pixels, longest))).decode()
