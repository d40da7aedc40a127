"""A network as one ONNX graph of plain tensors, of any picture size, with any of its signals absent."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from forensics.models.inputs import ModelInput, SignalInput
from forensics.models.network import FusionNetwork
from forensics.models.rgb.lora import merge_low_rank
from forensics.models.static_padding import fix_padding

Tensors = dict[str, Tensor]


class PlainTensors(nn.Module):
    """A network behind flat, named tensors, as a graph has them.

    Inputs, B pictures of H x W pixels, multiples of the patch size:

    - ``rgb`` float32 ``[B, 3, H, W]`` in 0..1
    - ``membership`` bool ``[B, K, h, w]``: patch (i, j) belongs to object k, the background being one of them
    - ``present`` bool ``[B, n]``: which of the n signals each picture has; what the others hold does not matter
    - for each signal ``NAME.values``, ``NAME.valid`` bool, and ``NAME.SIDE`` for what the signal says besides

    Outputs ``map_logits [B, 1, H, W]``, ``score_logits [B]``, and ``confidence_logits`` where the network has them.
    """

    def __init__(self, network: FusionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, tensors: Tensors) -> tuple[Tensor, ...]:
        """Runs the network."""
        output = self.network(to_input(self.network, tensors))
        found = (output.map_logits, output.score_logits)
        return found if output.confidence_logits is None else (*found, output.confidence_logits)


def to_input(network: FusionNetwork, tensors: Mapping[str, Tensor]) -> ModelInput:
    """The network's own input from flat tensors."""
    signals = {}
    for number, name in enumerate(network.signal_names):
        side = {key: tensors[f"{name}.{key}"] for key in sides(network, name)}
        present = tensors["present"][:, number]
        signals[name] = SignalInput(tensors[f"{name}.values"], tensors[f"{name}.valid"], present, side)
    return ModelInput(tensors["rgb"], signals, tensors["membership"])


def sides(network: FusionNetwork, name: str) -> Mapping[str, tuple[int, ...]]:
    """Names and shapes of the side tensors that the network reads of a signal."""
    found: Mapping[str, tuple[int, ...]] = getattr(network.readers[name], "sides", {})
    return found


def example_tensors(
    network: FusionNetwork, batch: int, size: tuple[int, int], objects: int, present: Tensor, seed: int = 0
) -> Tensors:
    """Random inputs of a network, for tracing and for comparing.

    Args:
        network: The network.
        batch: Pictures B.
        size: Height and width in pixels, multiples of the patch size.
        objects: Objects K.
        present: bool ``[B, n]``.
        seed: Of the random numbers.
    """
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    height, width = size
    grid = (height // network.patch_size, width // network.patch_size)
    tensors = {
        "rgb": uniform(batch, 3, height, width),
        "membership": uniform(batch, objects, *grid) > 0.5,
        "present": present,
    }
    for spec in network.specs:
        shape = (batch, spec.channels, *spec.grid(height, width))
        top = float(spec.parameters.get("levels", 2))
        tensors[f"{spec.name}.values"] = (uniform(*shape) * top).to(getattr(torch, spec.dtype))
        tensors[f"{spec.name}.valid"] = uniform(batch, *shape[2:]) > 0.1
        for side, side_shape in sides(network, spec.name).items():
            tensors[f"{spec.name}.{side}"] = uniform(batch, *side_shape) * 20
    return tensors


def export_onnx(network: FusionNetwork, facts: Mapping[str, Any]) -> bytes:
    """The graph as the bytes of an ``.onnx`` file.

    Args:
        network: The network, in evaluation mode, on the CPU.
        facts: Plain JSON kept in the file's metadata under ``tracefuse``: what a reader must know to feed it.
    """
    network = deepcopy(network)
    merge_low_rank(network)
    fix_padding(network)
    signals = len(network.signal_names)
    side = 4 * network.patch_size
    present = torch.ones(2, signals, dtype=torch.bool)
    tensors = example_tensors(network, 2, (side, side + network.patch_size), 3, present)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            PlainTensors(network),
            kwargs={"tensors": tensors},
            dynamo=True,
            dynamic_shapes={"tensors": _dynamic_shapes(network, tensors)},
            input_names=list(tensors),
            output_names=["map_logits", "score_logits", *(["confidence_logits"] if network.confidence else [])],
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props["tracefuse"] = json.dumps(facts)
    data: bytes = program.model_proto.SerializeToString()
    return data


def _dynamic_shapes(network: FusionNetwork, tensors: Tensors) -> dict[str, dict[int, Any]]:
    batch = torch.export.Dim("batch", min=1, max=1024)
    objects = torch.export.Dim("objects", min=1, max=4096)
    rows = torch.export.Dim("rows", min=1, max=4096)
    columns = torch.export.Dim("columns", min=1, max=4096)
    cells = {spec.name: network.patch_size // spec.stride for spec in network.specs}
    shapes: dict[str, dict[int, Any]] = {}
    for name in tensors:
        signal, _, part = name.rpartition(".")
        if name == "rgb":
            shapes[name] = {0: batch, 2: network.patch_size * rows, 3: network.patch_size * columns}
        elif name == "membership":
            shapes[name] = {0: batch, 1: objects, 2: rows, 3: columns}
        elif part in ("values", "valid") and signal:
            axis = 2 if part == "values" else 1
            size = cells[signal]
            # A dimension times one is not accepted as that dimension.
            spans = (rows, columns) if size == 1 else (size * rows, size * columns)
            shapes[name] = {0: batch, axis: spans[0], axis + 1: spans[1]}
        else:
            shapes[name] = {0: batch}
    return shapes
