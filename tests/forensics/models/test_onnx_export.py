"""Exported graphs against the networks they were made from: any size, any signals absent."""

from __future__ import annotations

import json

import pytest
import torch

from forensics.inference.onnx_parity import measure_parity
from forensics.models import create_model, list_models
from forensics.models.checkpoint import find_checkpoint, list_checkpoints
from forensics.models.network import FusionNetwork
from forensics.models.onnx_export import example_tensors, export_onnx, to_input
from forensics.models.onnx_precision import to_precision
from signals.errors import WrongUsage
from signals.signal import SignalSpec

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")

SCORES = [SignalSpec("fine", "1", kind="score"), SignalSpec("coarse", "1", {}, 1, 8, kind="score")]
FEATURES = [
    SignalSpec("blocks", "1", {"levels": 21}, 64, 8, 0, "uint8"),
    SignalSpec("counts", "1", {"samples": 64}, 5, 8, 4, "uint8"),
]


def trained_looking(name: str, signals: list[SignalSpec]) -> FusionNetwork:
    """A network whose outputs are of the size that trained ones have, so that a tolerance means something."""
    torch.manual_seed(0)
    network = create_model(name, signals)
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(part.running_var, 0.5, 1.5)
        elif isinstance(part, torch.nn.Linear):
            torch.nn.init.normal_(part.weight, std=0.1)
    return network.eval()


@pytest.fixture(scope="module")
def network() -> FusionNetwork:
    return trained_looking("omgfuser_feature_tiny", [FEATURES[0], SCORES[1]])


@pytest.fixture(scope="module")
def graph(network: FusionNetwork) -> bytes:
    return export_onnx(network, {"signals": ["blocks", "coarse"]})


def test_the_graph_says_what_the_network_says(network: FusionNetwork, graph: bytes) -> None:
    parity = measure_parity(network, graph)
    assert parity.cases == 3
    assert min(parity.map_largest, parity.score_largest) > 1e-3
    assert parity.within(1e-3)


def test_it_carries_what_a_reader_must_know(graph: bytes) -> None:
    model = onnx.load_from_string(graph)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(facts["tracefuse"]) == {"signals": ["blocks", "coarse"]}


def test_what_an_absent_signal_holds_does_not_matter(network: FusionNetwork, graph: bytes) -> None:
    session = onnxruntime.InferenceSession(graph)
    tensors = example_tensors(network, 1, (64, 64), 2, torch.tensor([[True, False]]))
    first = session.run(None, {name: value.numpy() for name, value in tensors.items()})
    tensors["coarse.values"] = torch.full_like(tensors["coarse.values"], torch.nan)
    second = session.run(None, {name: value.numpy() for name, value in tensors.items()})
    assert (first[0] == second[0]).all()
    with torch.inference_mode():
        expected = network(to_input(network, tensors)).map_logits.numpy()
    assert abs(second[0] - expected).max() <= 1e-3 * abs(expected).max()


@pytest.mark.parametrize(("precision", "tolerance"), [("float16", 0.02), ("int8", 0.2)])
def test_smaller_precisions_are_near_and_smaller(
    network: FusionNetwork, graph: bytes, precision: str, tolerance: float
) -> None:
    smaller = to_precision(graph, precision)
    assert len(smaller) < 0.9 * len(graph)
    parity = measure_parity(network, smaller)
    assert parity.map_difference > 0
    assert parity.within(tolerance)


def test_unknown_precision_is_wrong_usage(graph: bytes) -> None:
    with pytest.raises(WrongUsage, match="did you mean float16"):
        to_precision(graph, "float1")


def signals_for(name: str) -> list[SignalSpec]:
    if name.startswith("rgb_"):
        return []
    return SCORES if "score" in name or name.startswith("owaf") else [*FEATURES, SCORES[0]]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in list_models() if name.endswith("_tiny")])
def test_every_architecture_exports(name: str) -> None:
    network = trained_looking(name, signals_for(name))
    parity = measure_parity(network, export_onnx(network, {}))
    assert parity.map_largest > 1e-3
    assert parity.within(1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_checkpoints())
def test_every_shipped_checkpoint_exports(name: str) -> None:
    network = find_checkpoint(name).build().eval()
    assert measure_parity(network, export_onnx(network, {})).within(1e-3)
