"""What learns how fast: parameter groups by depth and by name, and the schedule of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from forensics.models.network import FusionNetwork
from signals.errors import WrongUsage, did_you_mean

# What FSDP, torch.compile and activation checkpointing put into the names of parameters.
WRAPPERS = ("_fsdp_wrapped_module.", "_orig_mod.", "_checkpoint_wrapped_module.")


@dataclass(frozen=True)
class LearningRates:
    """Learning rates of parts of a network, as factors of the run's.

    Attributes:
        layer_decay: Factor from each layer of a pretrained backbone to the one before it; the last layer has it once.
            1 where all learn alike.
        factors: Further factors by part, such as ``{"rgb_stream": 0.1}``: beginnings of parameter names, of which the
            longest that fits counts. A factor of 0 holds a part still.

    Source: layer-wise decay of ELECTRA (ICLR 2020) and BEiT (ICLR 2022).
    """

    layer_decay: float = 1.0
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ParameterPlan:
    """How each parameter of a network learns, found out before anything is wrapped round its modules.

    Attributes:
        factors: Factor of the learning rate by parameter name.
        decayed: Names of the parameters under weight decay: all but norms and biases.
    """

    factors: Mapping[str, float]
    decayed: frozenset[str]

    @classmethod
    def of(cls, network: FusionNetwork, rates: LearningRates) -> ParameterPlan:
        """Plans for a network whose frozen parts are frozen.

        Raises:
            WrongUsage: A factor names no part of the network, or a number is out of range.
        """
        _check(network, rates)
        depth_factors = _depth_factors(network, rates.layer_decay)
        factors = {
            name: _factor_by_name(name, rates.factors) * depth_factors.get(id(parameter), 1.0)
            for name, parameter in network.named_parameters()
        }
        decayed = frozenset(name for name, parameter in network.named_parameters() if parameter.ndim > 1)
        return cls(factors, decayed)

    def groups(self, network: nn.Module, learning_rate: float, weight_decay: float) -> list[dict[str, Any]]:
        """The trained parameters as the groups of an optimizer, one for each learning rate and weight decay.

        Args:
            network: The network planned for, wrapped or not.
            learning_rate: What the factors multiply.
            weight_decay: Of those that are decayed.
        """
        groups: dict[tuple[float, bool], dict[str, Any]] = {}
        for name, parameter in network.named_parameters():
            for wrapper in WRAPPERS:
                name = name.replace(wrapper, "")
            factor, decayed = self.factors[name], name in self.decayed
            if not parameter.requires_grad or factor == 0:
                continue
            empty = {"params": [], "lr": learning_rate * factor, "weight_decay": weight_decay if decayed else 0.0}
            groups.setdefault((factor, decayed), empty)["params"].append(parameter)
        return [groups[key] for key in sorted(groups, reverse=True)]


@dataclass(frozen=True)
class Schedule:
    """How the learning rates rise and fall, counted in steps of the optimizer.

    Attributes:
        shape: Of the fall to zero: a half cosine, or a power of what is left.
        warmup: Fraction of all steps in which the rates rise in a line.
        power: Of ``polynomial``.
    """

    shape: Literal["cosine", "polynomial"] = "cosine"
    warmup: float = 0.05
    power: float = 0.9

    def factor(self, step: int, steps: int) -> float:
        """By what the learning rates are multiplied in step ``step``, from 0, of ``steps``."""
        rising = max(1, round(steps * self.warmup))
        if step < rising:
            return (step + 1) / rising
        done = min(1.0, (step - rising) / max(1, steps - rising))
        return (1 - done) ** self.power if self.shape == "polynomial" else 0.5 * (1 + math.cos(math.pi * done))

    def apply(self, optimizer: Optimizer, steps: float) -> LambdaLR:
        """The scheduler to step after each step of the optimizer.

        Raises:
            WrongUsage: Nobody knows how many steps there will be.
        """
        if not math.isfinite(steps):
            raise WrongUsage("the learning rate falls over all steps, and their number is not known; set max_epochs")
        return LambdaLR(optimizer, lambda step: self.factor(step, int(steps)))


def _check(network: nn.Module, rates: LearningRates) -> None:
    if not 0 < rates.layer_decay <= 1:
        raise WrongUsage(f"layer_decay {rates.layer_decay} is out of range; give a number above 0, at most 1")
    parts = [name for name, _ in network.named_modules() if name] + [name for name, _ in network.named_parameters()]
    for prefix, factor in rates.factors.items():
        if factor < 0:
            raise WrongUsage(f"the learning rate of {prefix} cannot be multiplied by {factor}; give 0 or more")
        if prefix not in parts:
            top = [name for name, _ in network.named_children()]
            raise WrongUsage(f"{prefix}: the network has no such part{did_you_mean(prefix, top)}")


def _factor_by_name(name: str, factors: Mapping[str, float]) -> float:
    fitting = [prefix for prefix in factors if name == prefix or name.startswith(f"{prefix}.")]
    return factors[max(fitting, key=len)] if fitting else 1.0


def _depth_factors(network: nn.Module, decay: float) -> dict[int, float]:
    """Factors of the parameters of every part that tells its layers, by the parameters' identity."""
    return {
        id(parameter): decay ** (len(layers) - depth)
        for layers in _layered_parts(network)
        for depth, layer in enumerate(layers)
        for parameter in layer.parameters()
    }


def _layered_parts(network: nn.Module) -> Iterator[list[nn.Module]]:
    for part in network.modules():
        layers = getattr(part, "layers", None)
        # A submodule may bear the name too.
        if callable(layers) and not isinstance(layers, nn.Module):
            yield layers()
