"""Which part of a backbone trains."""

from __future__ import annotations

from typing import Any

from timm.models import group_parameters
from torch import nn

from forensics.models.rgb.lora import add_low_rank
from signals.errors import WrongUsage

TUNINGS = "frozen, partly:N, but_first, lora:R, trained"


def tune(backbone: Any, tuning: str) -> None:
    """Freezes the parameters of ``backbone`` that are not to train, in place.

    Args:
        backbone: A network of timm with its weights.
        tuning: ``frozen``; ``partly:N``, the last N layers train; ``but_first``, all but the first convolution, which
            makes patches of pixels; ``lora:R``, everything is frozen and every linear layer learns an addition of
            rank R; ``trained``.

    Raises:
        WrongUsage: No such tuning, more layers than there are, or a network without linear layers for ``lora``.
    """
    kind, _, argument = tuning.partition(":")
    if (kind in ("partly", "lora")) != argument.isdecimal() or (argument.isdecimal() and int(argument) < 1):
        raise WrongUsage(f"unknown training {tuning!r} of a backbone; choose one of {TUNINGS} with N and R from 1")
    backbone.requires_grad_(kind in ("trained", "but_first"))
    match kind:
        case "frozen" | "trained":
            pass
        case "but_first":
            _first_convolution(backbone).requires_grad_(False)
        case "partly":
            _train_last(parameters_by_depth(backbone), int(argument))
        case "lora":
            if not add_low_rank(backbone, int(argument)):
                raise WrongUsage(
                    f"{tuning!r} needs linear layers larger than {argument}, which this backbone lacks; use partly:N"
                )
        case _:
            raise WrongUsage(f"unknown training {tuning!r} of a backbone; choose one of {TUNINGS}")


def parameters_by_depth(backbone: Any) -> list[nn.ParameterList]:
    """The parameters in groups of one layer each, from the input to the output.

    The first group holds what is added to or made of the pixels: patch embedding, positions, class token.
    """
    if not hasattr(backbone, "group_matcher"):
        layers = [nn.ParameterList(child.parameters()) for child in backbone.children()]
        return [layer for layer in layers if len(layer)]
    names = group_parameters(backbone, backbone.group_matcher(coarse=False))
    parameters = dict(backbone.named_parameters())
    return [nn.ParameterList(parameters[name] for name in names[depth]) for depth in sorted(names)]


def hold_frozen_parts(network: nn.Module) -> None:
    """Puts what is wholly frozen in evaluation mode, so that no statistic moves and nothing is dropped there."""
    for part in network.modules():
        parameters = list(part.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            part.eval()


def _train_last(layers: list[nn.ParameterList], count: int) -> None:
    if count > len(layers):
        raise WrongUsage(f"'partly:{count}' asks for more layers than the {len(layers)} there are; use trained")
    for layer in layers[-count:]:
        layer.requires_grad_(True)


def _first_convolution(backbone: Any) -> nn.Module:
    first = backbone.pretrained_cfg["first_conv"]
    layer: nn.Module = backbone.get_submodule(first if isinstance(first, str) else first[0])
    return layer
