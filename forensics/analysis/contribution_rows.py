"""What each trace adds to the score, in words for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensics.inference.contributions import Contribution
from forensics.models.network import RGB

NOTE = (
    "On the score's own scale, where 0.50 is the operating point. Traces that say the same share their effect: leaving "
    "out one of them changes little. Of a large picture this is measured on the six parts that look most altered, "
    "which need not have the score of the whole. It tells what the model listened to, not what is true."
)


@dataclass(frozen=True)
class ContributionRow:
    """One line: the trace, the change it makes, and the score from it alone."""

    name: str
    added: str
    alone: str


def contribution_rows(contributions: Sequence[Contribution]) -> list[ContributionRow]:
    """The lines of the table, groups after the single traces."""
    return [ContributionRow(_name(found), _added(found.added), f"{found.alone:.2f}") for found in contributions]


def _name(found: Contribution) -> str:
    if len(found.streams) > 1:
        return f"{', '.join(found.streams)} together ({found.name})"
    return "the pixels themselves" if found.name == RGB else found.name


def _added(added: float | None) -> str:
    if added is None:
        return "nothing else to compare with"
    if abs(added) < 0.005:
        return "no change"
    return f"{abs(added):.2f} {'higher' if added > 0 else 'lower'}"
