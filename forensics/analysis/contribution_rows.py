"""What each trace adds to the score, in words for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensics.inference.contributions import ALL, Contribution
from forensics.models.network import RGB

NOTE = (
    "On the score's own scale. Traces that say the same share their effect: leaving out one of them changes little. "
    "The operating point was chosen for all traces together: a score from one of them alone is no verdict, above or "
    "below 0.50. Of a large picture this is measured on the six parts that look most altered, which need not have the "
    "score of the whole. It tells what the model listened to, not what is true."
)


@dataclass(frozen=True)
class ContributionRow:
    """One line: the trace, the change it makes, and the score from it alone."""

    name: str
    added: str
    alone: str


def contribution_rows(contributions: Sequence[Contribution]) -> list[ContributionRow]:
    """The lines of the table, groups after the single traces."""
    return [ContributionRow(_name(found), _added(found), f"{found.alone:.2f}") for found in contributions]


def _name(found: Contribution) -> str:
    if found.name == ALL:
        return "all together"
    if len(found.streams) > 1:
        return f"{', '.join(found.streams)} together ({found.name})"
    return "the pixels themselves" if found.name == RGB else found.name


def _added(found: Contribution) -> str:
    if found.name == ALL:
        return ""
    if found.added is None:
        return "nothing else to compare with"
    return "none" if abs(found.added) < 0.005 else f"{found.added:+.2f}"
