"""A trained network that takes one more signal, and stays itself wherever that signal is absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from forensics.models.factory import create_stream
from forensics.models.fusion.presence import require_stream
from forensics.models.initialization import initialize
from forensics.models.inputs import Localization, ModelInput, SignalInput, Streams
from forensics.models.network import FusionNetwork, Levels, run_where_present
from forensics.models.readers import Reader
from signals.errors import WrongUsage
from signals.signal import SignalSpec

# Fields of presets that all streams of a network have in common.
SHARED = frozenset({"width", "widths", "strides", "stride", "patch_size", "tile_size"})


def expand_network(
    old: FusionNetwork,
    model: str,
    arguments: Mapping[str, Any],
    spec: SignalSpec,
    stream_arguments: Mapping[str, Any] | None = None,
) -> ExpandedNetwork:
    """Gives a network one more stream. The new parts are random; what the whole says is what ``old`` says.

    Args:
        old: The network, possibly expanded before; it becomes a part of the result and is frozen.
        model: Name of the network it was first made from, see :func:`forensics.models.create_model`.
        arguments: Fields of the preset that were changed then.
        spec: The new signal.
        stream_arguments: Fields of the preset in which the new stream differs from the others.

    Raises:
        WrongUsage: ``old`` reads the signal already, or its family cannot take it.
    """
    if spec.name in old.stream_names:
        known = ", ".join(old.stream_names)
        raise WrongUsage(f"the network reads {spec.name} already; expand it by a signal other than {known}")
    stream_arguments = dict(stream_arguments or {})
    for shared in sorted(SHARED & set(stream_arguments)):
        raise WrongUsage(f"the new stream cannot have a {shared} of its own; all streams of a network share it")
    stream = create_stream(model, spec, **{**arguments, **stream_arguments})
    has_level = getattr(stream, "has_level", (True,) * len(old.level_widths))
    additions = nn.ModuleList(
        GatedAddition(width) if has else NoAddition() for width, has in zip(old.level_widths, has_level, strict=True)
    )
    # Networks whose streams learn to find edits alone get such a head for the new stream.
    has_heads = getattr(old, "stream_heads", None) is not None
    head = initialize(nn.Conv2d(old.level_widths[-1], 1, 1)) if has_heads else None
    return ExpandedNetwork(old, spec, stream, additions, head, stream_arguments)


def unfold(network: FusionNetwork) -> tuple[FusionNetwork, tuple[ExpandedNetwork, ...]]:
    """The network that was there first, and the network after each expansion, ``network`` itself last."""
    if not isinstance(network, ExpandedNetwork):
        return network, ()
    first, expanded = unfold(network.old)
    return first, (*expanded, network)


class GatedAddition(nn.Module):
    """``old + gate * delta(old, new)``, patch by patch, with one gate a channel that starts at zero.

    Delta is an MLP over both normalized tokens. It does not start at zero, so that the gate feels a gradient in the
    first step, and delta and the new stream in the second.

    Args:
        width: Channels D of both.

    Source: the zero gate of SkipInit (De and Smith, NeurIPS 2020) and of LayerScale at zero.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_old, self.norm_new = nn.LayerNorm(width), nn.LayerNorm(width)
        self.delta = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.gate = nn.Parameter(torch.zeros(width))

    def forward(self, old: Tensor, new: Tensor) -> Tensor:
        """``[B, D, h, w]`` twice -> ``[B, D, h, w]``."""
        before, seen = old.permute(0, 2, 3, 1), new.permute(0, 2, 3, 1)
        delta = self.delta(torch.cat([self.norm_old(before), self.norm_new(seen)], dim=-1))
        return cast(Tensor, old + (self.gate * delta).permute(0, 3, 1, 2))


class NoAddition(nn.Module):
    """For a level that the new stream does not have."""

    def forward(self, old: Tensor, new: Tensor) -> Tensor:
        """``old``."""
        return old


class ExpandedNetwork(FusionNetwork):
    """An old network and the stream of one more signal, added to the fused levels.

    A picture without the new signal takes the very path it took through the old network, so that its result is the
    old one bit for bit; so is every result before training, when the gates are zero. The old network is frozen and
    always in evaluation mode: training moves neither its weights nor its statistics. A picture with the new signal
    alone counts as one whose old fused levels are zero. In training old streams are left out as before, the new one
    never.

    Args:
        old: The network to expand.
        spec: The new signal.
        stream: Its stream, as ``old.run_stream`` takes it.
        additions: One :class:`GatedAddition` or :class:`NoAddition` for each fused level.
        stream_head: Coarsest level of the new stream ``[B, D, h, w]`` -> ``[B, 1, h, w]``, read by the training only.
        stream_arguments: What the stream was made with, kept for who writes the network down.
    """

    def __init__(
        self,
        old: FusionNetwork,
        spec: SignalSpec,
        stream: nn.Module,
        additions: nn.ModuleList,
        stream_head: nn.Module | None = None,
        stream_arguments: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            (*old.specs, spec),
            reads_pixels=False,
            stream_drop=old.stream_drop,
            always=(spec.name,),
            patch_size=old.patch_size,
            tile_size=old.tile_size,
            object_rule=old.object_rule,
        )
        self.looks_at_objects = old.looks_at_objects
        self.stream_names = (*old.stream_names, spec.name)
        self.old = old.requires_grad_(False).eval()
        self.spec = spec
        self.stream = stream
        self.additions = additions
        self.stream_heads = stream_head
        self.stream_arguments = stream_arguments or {}
        # A part of the old network, not registered twice.
        object.__setattr__(self, "confidence", old.confidence)

    @property
    def level_widths(self) -> tuple[int, ...]:
        """Those of the old network."""
        return self.old.level_widths

    @property
    def token_width(self) -> int:
        """That of the old network."""
        return self.old.token_width

    @property
    def readers(self) -> Mapping[str, nn.Module]:
        """The old readers and the new one."""
        return {**self.old.readers, **self.new_readers}

    @property
    def new_readers(self) -> Mapping[str, nn.Module]:
        """The reader of the new signal alone: the only one whose normalization may be set."""
        return {self.spec.name: next(part for part in self.stream.modules() if isinstance(part, Reader))}

    @property
    def fusion(self) -> nn.Module:
        """All that merges streams in the old network, with the additions of earlier expansions."""
        inner = cast(nn.Module, self.old.fusion)
        return nn.ModuleList([inner, self.old.additions]) if isinstance(self.old, ExpandedNetwork) else inner

    def unfreeze_fusion(self) -> None:
        """Lets the old fusion train as well. Then the old results hold no longer."""
        if not isinstance(getattr(self.old, "fusion", None), nn.Module):
            raise WrongUsage("this network has no fusion to tune; expand it without tuning")
        self.fusion.requires_grad_(True)

    def train(self, mode: bool = True) -> Self:
        """Switches the new parts alone; the old network stays in evaluation mode."""
        super().train(mode)
        self.old.eval()
        return self

    def encode(self, inputs: ModelInput, present: Tensor) -> Streams:
        """Runs the old streams as before, and the new one; see :meth:`FusionNetwork.encode`."""
        before, has_new = present[:, :-1], present[:, -1:]
        some_old, some_new = _any(before), self.spec.name in inputs.signals and _any(has_new)
        old = self.old.encode(inputs, before).levels if some_old or not some_new else None
        new = run_where_present(inputs, has_new, [self.spec.name], self.run_named).levels if some_new else None
        if new is None:
            assert old is not None
            new = tuple(torch.zeros_like(level[:, :1]) for level in old)
        if old is None:
            old = tuple(level.new_zeros(level.shape[0], before.shape[1], *level.shape[2:]) for level in new)
        return Streams(tuple(torch.cat(pair, dim=1) for pair in zip(old, new, strict=True)), present)

    def fuse(self, streams: Streams) -> Levels:
        """``old + gate * delta(old, new)`` where the new signal is there, the old fusion untouched elsewhere."""
        old = self._fuse_old(streams)
        has_new = streams.present[:, -1]
        if not _any(has_new):
            return old
        return tuple(
            _add(addition, fused, level[:, -1], has_new)
            for addition, fused, level in zip(self.additions, old, streams.levels, strict=True)
        )

    def decode(self, fused: Levels) -> Localization:
        """As the old network."""
        return self.old.decode(fused)

    def detect(self, tokens: Tensor, map_logits: Tensor) -> Tensor:
        """As the old network."""
        return self.old.detect(tokens, map_logits)

    def run_stream(self, stream: nn.Module, signal: SignalInput, inputs: ModelInput) -> Levels:
        """As the old network."""
        return self.old.run_stream(stream, signal, inputs)

    def stream_logits(self, streams: Streams) -> Tensor:
        """What each stream says alone: ``[B, S, h, w]``, the new one last; ``[B, 0, h, w]`` without stream heads."""
        old = self.old.stream_logits(_old_streams(streams))
        if self.stream_heads is None:
            return old
        return torch.cat([old, self.stream_heads(streams.levels[-1][:, -1])], dim=1)

    def run_named(self, name: str, inputs: ModelInput) -> Levels:
        """See :meth:`FusionNetwork.run_named`."""
        if name != self.spec.name:
            return self.old.run_named(name, inputs)
        return self.run_stream(self.stream, inputs.signals[name], inputs)

    def _fuse_old(self, streams: Streams) -> Levels:
        """The old fused levels; zeros for pictures that have the new signal alone."""
        old = _old_streams(streams)
        has_old = old.present.any(1)
        if torch.compiler.is_exporting():
            return tuple(torch.where(has_old[:, None, None, None], level, 0.0) for level in self.old.fuse(old))
        if bool(has_old.all()):
            return self.old.fuse(old)
        require_stream(streams.present)
        rows = has_old.nonzero()[:, 0]
        empty = tuple(torch.zeros_like(level[:, 0]) for level in old.levels)
        if not len(rows):
            return empty
        found = self.old.fuse(Streams(tuple(level[rows] for level in old.levels), old.present[rows]))
        return tuple(level.index_copy(0, rows, fused) for level, fused in zip(empty, found, strict=True))


def _old_streams(streams: Streams) -> Streams:
    # Contiguous, as the old network has them: rounding can depend on the memory layout.
    return Streams(tuple(level[:, :-1].contiguous() for level in streams.levels), streams.present[:, :-1])


def _add(addition: nn.Module, fused: Tensor, new: Tensor, has_new: Tensor) -> Tensor:
    """The addition on the samples ``has_new [B]``; the others keep their bits and the whole its memory layout."""
    if torch.compiler.is_exporting():
        return torch.where(has_new[:, None, None, None], addition(fused, new), fused)
    rows = has_new.nonzero()[:, 0]
    result = fused.clone()
    result[rows] = addition(fused[rows], new[rows]).to(result.dtype)
    return result


def _any(present: Tensor) -> bool:
    # An exported graph has all streams of its example; a graph cannot branch on data.
    return torch.compiler.is_exporting() or bool(present.any())
