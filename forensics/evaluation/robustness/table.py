"""A robustness test on a terminal: one row a level."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forensics.evaluation.robustness.area import SCORE_AUC
from forensics.evaluation.robustness.run import Level, Robustness


def table(found: Robustness, of: str) -> Table:
    """The curves as numbers, each with its prior; fits 80 columns.

    Args:
        found: The test.
        of: Name of the set.
    """
    clean = found.clean
    notes = [
        "usable: share of signals that could be read, over all pictures",
        "f1, auc: of pixels, forged pictures; prior: the content-free one, on the masks of that level; score_auc: of "
        "whole pictures, chance is 0.5",
        *_excluded(found),
        *(f"skipped: {skipped.family} {skipped.level}: {skipped.reason}" for skipped in found.skipped),
    ]
    rendered = Table(
        title=Text(
            f"{clean.source['kind']} {clean.source['name']} on {of}, protocol {clean.protocol}, "
            f"preset {found.suite.name}"
        ),
        caption=Text("\n".join(notes)),
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    rendered.add_column("level", overflow="fold", min_width=20)
    rendered.add_column("n", justify="right")
    for name in found.shown:
        rendered.add_column(name.rpartition("/")[2].removeprefix("pixel_"), justify="right", no_wrap=True)
        if not name.endswith(SCORE_AUC):
            rendered.add_column("prior", justify="right", no_wrap=True)
    rendered.add_column("usable", justify="right", no_wrap=True)
    for level in found.levels:
        rendered.add_row(*map(Text, _cells(found, level)))
    return rendered


def _cells(found: Robustness, level: Level) -> list[str]:
    title = level.perturbation.title if level.perturbation else "clean"
    cells = [title, str(level.evaluation.counts["scored"])]
    for name in found.shown:
        measure = level.measure(name)
        cells.append("-" if measure is None else f"{measure.value:.3f}")
        if not name.endswith(SCORE_AUC):
            cells.append("-" if measure is None or measure.prior is None else f"{measure.prior.mean:.3f}")
    pictures, usable = level.evaluation.counts["scored"], level.usable
    share = sum(usable.values()) / (pictures * len(usable)) if usable and pictures else None
    return [*cells, "-" if share is None else f"{share:.0%}"]


def _excluded(found: Robustness) -> list[str]:
    counts = [level.evaluation.counts["excluded"] for level in found.levels]
    return [f"excluded: {sum(counts)} over all levels, see robustness.md"] if any(counts) else []
