"""What each stream adds to a picture's score: leave one out, and each alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from forensics.models.inputs import ModelInput
from forensics.models.network import RGB, FusionNetwork
from signals.registry import signal_group

Kept = tuple[bool, ...]
ALL = "all"


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
class Seen:
    """Tokens ``[D, n]`` and mean map logits of the same n patches ``[n]``, of some patches of a picture."""

    tokens: Tensor
    logits: Tensor


def look(model: FusionNetwork, inputs: ModelInput, known_rows: int, kept: Sequence[Kept]) -> list[Seen]:
    """What the network makes of one tile with some of its streams, the streams being run once.

    Args:
        model: The network, in evaluation mode.
        inputs: The tile, a batch of one.
        known_rows: Rows of patches from the top that were decoded.
        kept: Sets of streams, one flag a stream.
    """
    streams = model.encode(inputs, model.presence(inputs))
    seen = []
    for flags in kept:
        there = torch.tensor(flags, device=inputs.rgb.device)
        found = model.decode(model.fuse(streams.only(there)))
        rows, columns = found.tokens.shape[2:]
        logits = functional.adaptive_avg_pool2d(found.map_logits, (rows, columns))
        seen.append(Seen(found.tokens[0, :, :known_rows].flatten(1).cpu(), logits[0, 0, :known_rows].flatten().cpu()))
    return seen


def sets_of_streams(model: FusionNetwork, present: Iterable[bool]) -> tuple[Mapping[str, tuple[str, ...]], list[Kept]]:
    """Which streams to explain, and with which of them left out or alone the network has to look.

    Args:
        model: The network.
        present: Which of its streams the picture has.

    Returns:
        The streams of each name to explain, groups only where they hold two or more; and the sets of streams, the
        full one first.
    """
    there = tuple(name for name, is_there in zip(model.stream_names, present, strict=True) if is_there)
    free = [name for name in there if name not in model.required]
    names: dict[str, tuple[str, ...]] = {name: (name,) for name in free}
    groups: dict[str, list[str]] = {}
    for name in free:
        groups.setdefault(name if name == RGB else signal_group(name), []).append(name)
    names |= {group: tuple(members) for group, members in groups.items() if len(members) > 1}
    sets = [_flags(model, there, there)]
    for members in names.values():
        sets += [_flags(model, there, members), _flags(model, there, set(there) - set(members))]
    return names, [kept for kept in dict.fromkeys(sets) if any(kept)]


def contributions(
    model: FusionNetwork,
    names: Mapping[str, tuple[str, ...]],
    kept: Sequence[Kept],
    tiles: Sequence[Sequence[Seen]],
    score_point: Callable[[Collection[str]], float],
) -> tuple[Contribution, ...]:
    """Scores every set of streams over the tiles that were looked at.

    Args:
        model: The network.
        names: As :func:`sets_of_streams` gives them.
        kept: Likewise.
        tiles: What :func:`look` gave for each tile.
        score_point: Logit that is shown as 0.5 where these streams are there.
    """
    scores = {}
    for number, flags in enumerate(kept):
        tokens = torch.cat([tile[number].tokens for tile in tiles], dim=1)[None, :, None]
        logits = torch.cat([tile[number].logits for tile in tiles])[None, None, None]
        device = next(model.parameters()).device
        point = score_point([name for name, flag in zip(model.stream_names, flags, strict=True) if flag])
        scores[flags] = float(torch.sigmoid(model.detect(tokens.to(device), logits.to(device)) - point))
    there = tuple(name for name, flag in zip(model.stream_names, kept[0], strict=True) if flag)
    found = [Contribution(ALL, there, None, scores[kept[0]])]
    for name, members in names.items():
        rest = _flags(model, there, set(there) - set(members))
        added = scores[kept[0]] - scores[rest] if any(rest) else None
        found.append(Contribution(name, members, added, scores[_flags(model, there, members)]))
    return tuple(found)


def _flags(model: FusionNetwork, there: Sequence[str], names: Iterable[str]) -> Kept:
    """The set of these streams; those the network always needs are in every set."""
    members = set(names) | (model.required & set(there))
    return tuple(name in members for name in model.stream_names)
