"""The variants of :mod:`benchmarks.ablations`: data, no code; each is a reference with one thing changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from forensics.training.config_files import find_config

SIGNALS = ("copymove", "dct", "noise", "zero_votes")


@dataclass(frozen=True)
class Variant:
    """One change of a run.

    Attributes:
        says: What is changed, in words.
        change: Settings that differ from those of ``base``.
        base: Configuration it starts from: the parts of the recipe that are not data.
        reference: Name of the variant that it is compared with.
        edits: Kinds of edit it is trained on; None for all.
    """

    says: str
    change: Mapping[str, Any] = field(default_factory=dict)
    base: str = "default"
    reference: str = "default"
    edits: frozenset[str] | None = None

    def config(self) -> dict[str, Any]:
        """Its run without data: model, trainer, averaging, export."""
        recipe = yaml.safe_load(find_config(self.base).read_text(encoding="utf-8"))
        recipe.pop("data", None)
        return merged(recipe, self.change)


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """``first`` with all that ``second`` says, section by section."""
    both = dict(first)
    for name, value in second.items():
        old = both.get(name)
        both[name] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def _network(**arguments: Any) -> dict[str, Any]:
    return {"model": {"arguments": arguments}}


def _signals(*names: str, pixels: bool = True) -> dict[str, Any]:
    return merged({"model": {"signals": list(names)}}, {} if pixels else _pixels_off())


def _pixels_off() -> dict[str, Any]:
    # Without pixels nothing is known at 1/2 and 1/4: signals have cells of 8 pixels.
    return {"model": {"rates": None, "arguments": {"rgb_encoder": None, "rgb_weights": None}}}


def _omg(change: Mapping[str, Any]) -> dict[str, Any]:
    model = {"signals": list(SIGNALS), "learning_rate": 0.001, "arguments": {"tile_size": 512}}
    return merged({"model": model, "export": {"weights": "last"}, "average": {"decay": 0.998}}, change)


VARIANTS: Mapping[str, Variant] = {
    "default": Variant("the recipe `default`: pixels, `copymove`, `dct`, `noise`, `zero_votes`"),
    # Signals.
    **{
        f"no-{name}": Variant(f"without `{name}`", _signals(*(other for other in SIGNALS if other != name)))
        for name in SIGNALS
    },
    **{
        f"with-{name}": Variant(f"with `{name}`", _signals(*SIGNALS, name))
        for name in ("adq1", "adq2", "copymove_duplicated", "ghost", "splicebuster_counts")
    },
    "no-pixels": Variant("without the pixels", _signals(*SIGNALS, pixels=False)),
    "pixels-alone": Variant("the pixels alone", _signals()),
    **{f"{name}-alone": Variant(f"`{name}` alone", _signals(name, pixels=False)) for name in SIGNALS},
    # Network.
    **{
        f"fusion-{name}": Variant(f"fusion by `{name}` in place of `gated_sum`", _network(fusion=name))
        for name in ("concat", "token_transformer", "cross_attention", "operation_wise_attention")
    },
    "no-deviation": Variant("without the deviation from the rest of the picture", _network(deviation=False)),
    "no-long-range": Variant("without attention over the whole picture", _network(long_range_depth=0)),
    "random-pixels": Variant("pixels' encoder from random weights", _network(rgb_weights=None)),
    # Training.
    "no-average": Variant("weights not averaged", {"average": None}),
    "no-stream-drop": Variant("no stream left out in training", _network(stream_drop=0.0)),
    "cross-entropy-dice": Variant(
        "loss: cross-entropy and Dice", {"model": {"loss": {"class_path": "CrossEntropyDiceLoss"}}}
    ),
    "no-stream-heads": Variant("no loss of the streams alone", {"model": {"stream_weight": 0.0}}),
    "splices-and-copies": Variant("trained on splices and copy-moves alone", edits=frozenset({"splice", "copy_move"})),
    # Object guidance, in the network that has it.
    "omgfuser": Variant(
        "OMG-Fuser (`omgfuser_feature_small`), the same signals",
        _omg({}),
        base="model/omgfuser_feature_small",
        reference="omgfuser",
    ),
    "omgfuser-unguided": Variant(
        "the same without object guidance",
        _omg(_network(object_guidance=False)),
        base="model/omgfuser_feature_small",
        reference="omgfuser",
    ),
}
