"""A robustness test as JSON, as a Markdown page and as curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from forensics import __version__
from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.evaluate import Scored
from forensics.evaluation.protocols import Measure
from forensics.evaluation.report import spelled
from forensics.evaluation.result import EvaluatedSet, measures_json
from forensics.evaluation.robustness.area import DEFINITION, SCORE_AUC, Area
from forensics.evaluation.robustness.plot import Dot, Panel, draw_panels
from forensics.evaluation.robustness.run import Level, Robustness, prior_of

SCHEMA = "robustness/1"
SAVED = (
    "Untouched pictures are the files themselves. Every other level begins with the decoded pixels in stored "
    "orientation and scores a new file without metadata, saved as the table says; the mask goes through the same "
    "geometry. Noise and screenshots are seeded by the SHA-256 of the picture's own file."
)


def to_json(found: Robustness, of: EvaluatedSet, as_coded: bool) -> dict[str, Any]:
    """Everything as plain values.

    Args:
        found: The test; while it runs ``complete`` is false and there are no areas.
        of: The set.
        as_coded: Whether published code was followed where it differs from its levels.
    """
    return {
        "schema": SCHEMA,
        "tracefuse": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "preset": {"name": found.suite.name, "about": found.suite.about, "as_coded": as_coded},
        "protocol": found.clean.protocol,
        "definition": found.clean.definition,
        "set": asdict(of),
        "source": dict(found.clean.source),
        "saved": SAVED,
        "complete": found.complete,
        "levels": [_level_json(level) for level in found.levels],
        "area_definition": DEFINITION,
        "areas": [asdict(area) for area in found.areas()] if found.complete else [],
        "skipped": [asdict(skipped) for skipped in found.skipped],
    }


def to_markdown(found: Robustness, of: EvaluatedSet, as_coded: bool) -> str:
    """A page: a row a level, a row an area, and which signals stayed usable."""
    source, measures = found.clean.source, found.shown
    coded = ", as coded" if as_coded else ""
    limit = f" (at most {of.limit}, evenly spread)" if of.limit is not None else ""
    lines = [
        f"# Robustness of {source['kind']} {source['name']} on {of.name}",
        "",
        f"Preset {found.suite.name}{coded}: {found.suite.about}. Protocol {found.clean.protocol}. "
        f"Manifest {of.manifest}{limit}, SHA-256 {of.sha256[:12]}. TraceFuse {__version__}. {SAVED}",
        "",
        *_levels_table(found, measures),
        "",
        *_skipped_lines(found),
        "## Area under the curves",
        "",
        DEFINITION,
        "",
        *_areas_table(found.areas(), measures),
        "",
        *_signals_section(found),
        "## What the numbers are",
        "",
        f"{found.clean.protocol}: {found.clean.definition}",
        "",
    ]
    return "\n".join(lines)


def draw_curves(found: Robustness, of: EvaluatedSet) -> dict[str, Image.Image]:
    """One picture of curves for each measure of the Markdown page, by a name that fits a file."""
    source = found.clean.source
    subtitle = f"{source['kind']} {source['name']}, {of.name}, {found.clean.counts['scored']} pictures"
    return {
        name.partition("/")[2].replace("/", "_").replace("@", "_at_"): draw_panels(
            [Panel(family, tuple(_dot(level, name) for level in found.of_family(family))) for family in found.families],
            name,
            f"{subtitle}, preset {found.suite.name}",
        )
        for name in found.shown
    }


def _dot(level: Level, name: str) -> Dot:
    label = str(level.perturbation.level) if level.perturbation else "clean"
    measure = level.measure(name)
    if measure is None:
        return Dot(label, None)
    interval = measure.interval
    return Dot(
        label, measure.value, interval.low if interval else None, interval.high if interval else None, prior_of(measure)
    )


def _level_json(level: Level) -> dict[str, Any]:
    perturbation, evaluation = level.perturbation, level.evaluation
    done: dict[str, Any] = {"family": "clean", "level": None, "saved_as": "itself", "steps": []}
    if perturbation is not None:
        done = {
            "family": perturbation.family,
            "level": perturbation.level,
            "saved_as": perturbation.save.extension,
            "steps": [asdict(step) for step in perturbation.steps],
        }
    return {
        **done,
        "counts": evaluation.counts,
        "measures": measures_json(evaluation.measures),
        "header": asdict(evaluation.header) if evaluation.header else None,
        "twins": asdict(evaluation.twins) if evaluation.twins else None,
        "signals": {name: {"usable": usable} for name, usable in level.usable.items()},
        "failures": dict(evaluation.failures.most_common()),
        "exclusions": [asdict(exclusion) for exclusion in evaluation.excluded],
        "pictures": [_picture_json(picture) for picture in evaluation.pictures],
    }


def _picture_json(picture: Scored) -> dict[str, Any]:
    """What the maps measured; the numbers of the blind maps follow from the mask and would be most of the file."""
    scores = picture.scores
    return {
        "image": scores.image,
        "source": scores.source,
        "label": scores.label,
        "score": scores.score,
        "failure": picture.facts.failure,
        "unusable": [name for name, usable in picture.facts.signals.items() if not usable],
        "values": {name: value for name, value in scores.values.items() if "/" not in name},
    }


def _levels_table(found: Robustness, measures: Sequence[str]) -> list[str]:
    heads = ["family", "level", "file", "n", "forged", "failed", "excluded"]
    for name in measures:
        heads += [name, "prior" if not name.endswith(SCORE_AUC) else "headers alone"]
        heads += ["gain"] if not name.endswith(SCORE_AUC) else []
    rows = [_row(heads), _row(["---"] * len(heads))]
    for level in found.levels:
        done, counts = level.perturbation, level.evaluation.counts
        cells = [done.family, str(done.level), done.save.extension] if done else ["clean", "", "itself"]
        cells += [str(counts[name]) for name in ("scored", "forged", "failed", "excluded")]
        for name in measures:
            cells += _cells(level, name)
        rows.append(_row(cells))
    return rows


def _cells(level: Level, name: str) -> list[str]:
    measure = level.measure(name)
    if name.endswith(SCORE_AUC):
        header = level.evaluation.header
        return [_value(measure), f"{header.auc.mean:.3f}" if header and header.auc else "-"]
    prior = "-" if measure is None or measure.prior is None else f"{measure.prior.mean:.3f}"
    gain = "-" if measure is None or measure.gain is None else spelled(measure.gain, signed=True)
    return [_value(measure), prior, gain]


def _value(measure: Measure | None) -> str:
    if measure is None:
        return "-"
    return spelled(measure.interval) if measure.interval else f"{measure.value:.3f}"


def _areas_table(areas: Sequence[Area], measures: Sequence[str]) -> list[str]:
    rows = [_row(["family", "measure", "n", "clean", "area", "prior's area"]), _row(["---"] * 6)]
    for area in areas:
        if area.measure in measures:
            prior = "-" if area.prior is None else f"{area.prior:.3f}"
            rows.append(_row([area.family, area.measure, *_area_cells(area.value, area.area, area.clean), prior]))
    return rows


def _area_cells(interval: Interval | None, area: float, clean: float) -> list[str]:
    if interval is None:
        return ["-", f"{clean:.3f}", f"{area:.3f}"]
    return [str(interval.n), f"{clean:.3f}", spelled(interval)]


def _signals_section(found: Robustness) -> list[str]:
    names = list(found.levels[0].usable)
    if not names:
        return []
    rows = [_row(["family", "level", *names]), _row(["---"] * (len(names) + 2))]
    for level in found.levels:
        done, usable, scored = level.perturbation, level.usable, level.evaluation.counts["scored"]
        cells = [done.family, str(done.level)] if done else ["clean", ""]
        rows.append(_row([*cells, *(f"{usable.get(name, 0)} of {scored}" for name in names)]))
    return ["## Signals that stayed usable", "", "In how many of the scored pictures.", "", *rows, ""]


def _skipped_lines(found: Robustness) -> list[str]:
    lines = [f"Skipped: {skipped.family} {skipped.level}: {skipped.reason}." for skipped in found.skipped]
    reasons = {
        f"{level.perturbation.title if level.perturbation else 'clean'}: {exclusion.image}: {exclusion.reason}"
        for level in found.levels
        for exclusion in level.evaluation.excluded
    }
    shown = sorted(reasons)[:20]
    lines += [f"Excluded at {reason}" for reason in shown]
    lines += [f"... and {len(reasons) - len(shown)} more; all stand in robustness.json"] if len(reasons) > 20 else []
    return [*[f"- {line}" for line in lines], ""] if lines else []


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
