"""How near an exported graph comes to the network it was made from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from forensics.models.network import FusionNetwork
from forensics.models.onnx_export import example_tensors, to_input


@dataclass(frozen=True)
class Parity:
    """The largest differences over all cases, and the time of the last one.

    Attributes:
        cases: Batches that were compared: sizes, and signals all there, in part or absent.
        map_difference: Largest difference of a map logit.
        map_largest: Largest absolute map logit.
        score_difference: Largest difference of a score logit.
        score_largest: Largest absolute score logit.
        torch_seconds: Seconds of the network for the last case, in this process.
        onnx_seconds: Seconds of the graph for it.
    """

    cases: int
    map_difference: float
    map_largest: float
    score_difference: float
    score_largest: float
    torch_seconds: float
    onnx_seconds: float

    def within(self, tolerance: float) -> bool:
        """Whether no difference exceeds ``tolerance`` times the largest value."""
        return (
            self.map_difference <= tolerance * self.map_largest
            and self.score_difference <= tolerance * self.score_largest
        )


def measure_parity(network: FusionNetwork, graph: bytes) -> Parity:
    """Runs both on random inputs of several sizes, with all signals, with none, and with each one absent.

    Args:
        network: The network, in evaluation mode, on the CPU.
        graph: The ``.onnx`` file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    wanted = [node.name for node in session.get_inputs()]
    differences, largest, seconds = [], [], (0.0, 0.0)
    cases = _cases(network)
    for tensors in cases:
        marks = [time.perf_counter()]
        with torch.inference_mode():
            output = network(to_input(network, tensors))
        marks.append(time.perf_counter())
        found = session.run(None, {name: tensors[name].numpy() for name in wanted})
        marks.append(time.perf_counter())
        expected = (output.map_logits.numpy(), output.score_logits.numpy())
        differences.append([float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=False)])
        largest.append([float(np.abs(b).max()) for b in expected])
        seconds = tuple(after - before for before, after in pairwise(marks))  # type: ignore[assignment]
    worst, top = np.max(differences, axis=0), np.max(largest, axis=0)
    return Parity(len(cases), float(worst[0]), float(top[0]), float(worst[1]), float(top[1]), seconds[0], seconds[1])


def _cases(network: FusionNetwork) -> list[Mapping[str, Tensor]]:
    """From small to one tile; a network without pixels always keeps one signal."""
    count, patch = len(network.signal_names), network.patch_size
    everything = torch.ones(1, count, dtype=torch.bool)
    fewer = ~torch.eye(count, dtype=torch.bool)
    if network.stream_names != network.signal_names:
        fewer = torch.cat([fewer, torch.zeros(1, count, dtype=torch.bool)])
    fewer = fewer[fewer.any(1)] if network.stream_names == network.signal_names else fewer
    cases = [example_tensors(network, 1, (4 * patch, 7 * patch), 1, everything, seed=1)]
    if count and len(fewer):
        cases.append(example_tensors(network, len(fewer), (5 * patch, 3 * patch), 6, fewer, seed=2))
    side = network.tile_size // patch * patch
    return [*cases, example_tensors(network, 1, (side, side), 20, everything, seed=3)]
