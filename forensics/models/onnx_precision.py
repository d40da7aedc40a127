"""Smaller ONNX graphs: half precision, and 8-bit weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from signals.errors import WrongUsage, did_you_mean

PRECISIONS = ("float32", "float16", "int8")


def check_precision(precision: str) -> None:
    """Raises WrongUsage if the precision is unknown."""
    if precision not in PRECISIONS:
        raise WrongUsage(f"precision {precision}: unknown{did_you_mean(precision, PRECISIONS)}")


def to_precision(graph: bytes, precision: str) -> bytes:
    """The same graph with smaller weights; inputs and outputs stay as they are.

    Args:
        graph: An ``.onnx`` file in single precision.
        precision: ``float32`` (as it is), ``float16`` (all arithmetic), ``int8`` (weights of matrix products, which
            are what a transformer mostly is; convolutions stay as they are).

    Raises:
        WrongUsage: The precision is unknown.
    """
    check_precision(precision)
    if precision == "float32":
        return graph
    return _half(graph) if precision == "float16" else _eight_bits(graph)


def _half(graph: bytes) -> bytes:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    halved: Any = convert_float_to_float16(onnx.load_from_string(graph), keep_io_types=True)
    data: bytes = halved.SerializeToString()
    return data


def _eight_bits(graph: bytes) -> bytes:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load_from_string(graph)
    # Shapes known to the exporter contradict those that the quantizer infers.
    del model.graph.value_info[:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        quantize_dynamic(model, path, weight_type=QuantType.QUInt8, op_types_to_quantize=["MatMul", "Gemm"])
        return path.read_bytes()
