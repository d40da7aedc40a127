"""``torch.compile`` where it works, and the plain network where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import nn
from torch._dynamo.exc import TorchDynamoException

from forensics.models.inputs import ModelInput, ModelOutput


class CompiledNetwork:
    """Calls a network compiled; from the first failure of the compiler on, as it is.

    The network itself stays what it was: parameters keep their names.

    Args:
        network: Takes a ``ModelInput``.
        compiler: ``torch.compile`` or what stands in for it.
    """

    def __init__(self, network: nn.Module, compiler: Callable[[nn.Module], object] = torch.compile) -> None:
        self._run = cast(Callable[[ModelInput], ModelOutput], compiler(network))
        self._plain = cast(Callable[[ModelInput], ModelOutput], network)

    def __call__(self, inputs: ModelInput) -> ModelOutput:
        """Runs the network."""
        try:
            return self._run(inputs)
        except TorchDynamoException as error:
            if self._run is self._plain:
                raise
            reason = str(error).strip().splitlines()[0]
            rank_zero_warn(f"the network cannot be compiled on this machine ({reason}); it trains without")
            self._run = self._plain
            return self._run(inputs)
