"""What each stream adds to a picture's score: leave one out, and each alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forensics.models.network import RGB, FusionNetwork
from signals.registry import signal_group

ALL = "all"
Names = frozenset[str]


@dataclass(frozen=True)
class Contribution:
    """What one stream, or a group of related ones, adds to the score.

    Leaving out a stream changes nothing where another says the same, so what a stream says alone belongs beside it.

    Attributes:
        name: Name of the stream, or of the group; ``all`` for all streams together, which come first.
        streams: The streams it stands for, as many of them as the picture has.
        added: Score with all streams less the score without these, -1..1; positive where they raise it. None if no
            stream would be left, as of all streams.
        alone: Score from these alone, 0..1.
    """

    name: str
    streams: tuple[str, ...]
    added: float | None
    alone: float


@dataclass(frozen=True)
class Comparison:
    """Which streams of a picture to explain, and with which sets of streams the network has to look at it.

    Attributes:
        there: The streams that the picture has.
        parts: The streams of each name to explain; groups only where they hold two or more.
        required: The streams that are in every set.
    """

    there: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]
    required: Names

    @classmethod
    def of(cls, model: FusionNetwork, present: Iterable[bool]) -> Comparison:
        """Of a network and of which of its streams a picture has."""
        there = tuple(name for name, is_there in zip(model.stream_names, present, strict=True) if is_there)
        free = [name for name in there if name not in model.required]
        groups: dict[str, list[str]] = {}
        for name in free:
            groups.setdefault(name if name == RGB else signal_group(name), []).append(name)
        parts = {name: (name,) for name in free} | {
            group: tuple(members) for group, members in groups.items() if len(members) > 1
        }
        return cls(there, parts, model.required & set(there))

    @property
    def sets(self) -> tuple[Names, ...]:
        """The sets of streams to look with, each once."""
        sets = [frozenset(self.there)]
        for members in self.parts.values():
            sets += [self._alone(members), self._without(members)]
        return tuple(names for names in dict.fromkeys(sets) if names)

    def contributions(self, scores: Mapping[Names, float]) -> tuple[Contribution, ...]:
        """From the score 0..1 of each of the sets."""
        whole = scores[frozenset(self.there)]
        found = [Contribution(ALL, self.there, None, whole)]
        for name, members in self.parts.items():
            rest = self._without(members)
            found.append(
                Contribution(name, members, whole - scores[rest] if rest else None, scores[self._alone(members)])
            )
        return tuple(found)

    def _alone(self, members: Iterable[str]) -> Names:
        return frozenset(members) | self.required

    def _without(self, members: Iterable[str]) -> Names:
        return frozenset(self.there) - set(members) | self.required
