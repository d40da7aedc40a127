"""Random vectors of one batch, drawn on the CPU: every device gets the same parameters, and none has to wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from forensics.data.forge.recipe import Range


class Draws:
    """Draws of one batch.

    Args:
        seed: Seed of all batches, 0 or more.
        batch: Number of the batch, 0 or more.
    """

    def __init__(self, seed: int, batch: int) -> None:
        words = np.random.SeedSequence([seed, batch]).generate_state(2, np.uint64) >> np.uint64(1)
        self._generator = torch.Generator().manual_seed(int(words[0]))
        self._noise_seed = int(words[1])

    def noise_generator(self, device: torch.device) -> torch.Generator:
        """For noise pixel by pixel, drawn on the device; its numbers differ between kinds of device."""
        return torch.Generator(device).manual_seed(self._noise_seed)

    def uniform(self, shape: int | Sequence[int], low: float | Tensor = 0.0, high: float | Tensor = 1.0) -> Tensor:
        """float32 of that shape, uniform between the bounds."""
        size = (shape,) if isinstance(shape, int) else tuple(shape)
        return low + (high - low) * torch.rand(size, generator=self._generator)

    def log_uniform(self, count: int, low: float | Tensor, high: float | Tensor) -> Tensor:
        """float32 ``[count]``, the logarithm uniform between those of the bounds."""
        low, high = torch.as_tensor(low), torch.as_tensor(high)
        return torch.exp(self.uniform(count, low.log(), high.log()))

    def between(self, count: int, bounds: Range) -> Tensor:
        """float32 ``[count]``, uniform in a range of the recipe."""
        return self.uniform(count, *bounds)

    def integer(self, count: int, low: int | Tensor, high: int | Tensor) -> Tensor:
        """int64 ``[count]``, both bounds included."""
        low, high = torch.as_tensor(low), torch.as_tensor(high)
        places = (high - low + 1).clamp(min=1)
        # float64: a product with a float32 just below 1 may round up to the number of places itself
        share = torch.rand(count, generator=self._generator, dtype=torch.float64)
        return (low + (share * places).long()).long()

    def chance(self, count: int, probability: float) -> Tensor:
        """bool ``[count]``, True with the given probability."""
        return torch.rand(count, generator=self._generator) < probability

    def choice(self, count: int, weights: Sequence[float] | Mapping[str, float]) -> Tensor:
        """int64 ``[count]``: places in the list (or in the order of the mapping), as likely as their weights."""
        shares = torch.tensor([float(w) for w in (weights.values() if isinstance(weights, Mapping) else weights)])
        if not count:
            return torch.zeros(0, dtype=torch.int64)
        return torch.multinomial(shares, count, replacement=True, generator=self._generator)

    def normal(self, shape: Sequence[int]) -> Tensor:
        """float32 of that shape, standard normal."""
        return torch.randn(tuple(shape), generator=self._generator)


def where(condition: Tensor) -> Tensor:
    """Places at which a CPU vector is True: int64 ``[k]``."""
    return condition.nonzero().flatten()
