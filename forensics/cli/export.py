"""``tracefuse export``: a checkpoint as one file for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forensics.models.checkpoint import Checkpoint
    from forensics.models.network import FusionNetwork

# Single precision: what other orders of summing do. Smaller precisions are measured, not promised.
TOLERANCE = 1e-3


class Format(StrEnum):
    """What is written."""

    ONNX = "onnx"
    SAFETENSORS = "safetensors"


def export(
    checkpoint: Annotated[str, typer.Argument(help="Name or folder of a checkpoint.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.ONNX,
    precision: Annotated[str, typer.Option(help="Of an ONNX file: float32, float16 or int8.")] = "float32",
) -> None:
    """Write a checkpoint as one ONNX or safetensors file, and measure that it says the same."""
    from forensics.models.checkpoint import find_checkpoint
    from signals.atomic_file import replace_file
    from signals.errors import OutputNotWritable

    found = find_checkpoint(checkpoint)
    network = found.build()
    if format_ is Format.SAFETENSORS:
        data, says = _safetensors(found, network)
    else:
        data, says = _onnx(found, network, precision)
    try:
        replace_file(out, data)
    except OSError as error:
        raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another file") from error
    typer.echo(f"{out}: {len(data) / 1e6:.1f} MB\n{says}")


def _onnx(checkpoint: Checkpoint, network: FusionNetwork, precision: str) -> tuple[bytes, str]:
    from signals.errors import ForensicsError, WrongUsage

    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise WrongUsage(f"export to ONNX needs the package {error.name}; install tracefuse[onnx]") from error
    from forensics.inference.onnx_parity import measure_parity
    from forensics.models.onnx_export import export_onnx
    from forensics.models.onnx_precision import check_precision, to_precision

    check_precision(precision)
    graph = to_precision(export_onnx(network, _facts(checkpoint)), precision)
    parity = measure_parity(network, graph)
    if precision == "float32" and not parity.within(TOLERANCE):
        raise ForensicsError(
            f"checkpoint {checkpoint.name}: the graph differs from the network by {parity.map_difference:.2g} in a map "
            f"logit and {parity.score_difference:.2g} in a score logit; nothing was written"
        )
    return graph, (
        f"parity over {parity.cases} batches, signals there and absent: map logits differ by at most "
        f"{parity.map_difference:.2g} (largest {parity.map_largest:.3g}), score logits by "
        f"{parity.score_difference:.2g} (largest {parity.score_largest:.3g})\n"
        f"one tile of {network.tile_size} pixels: PyTorch {parity.torch_seconds:.3f} s, "
        f"ONNX Runtime {parity.onnx_seconds:.3f} s"
    )


def _safetensors(checkpoint: Checkpoint, network: FusionNetwork) -> tuple[bytes, str]:
    import json

    import torch
    from safetensors.torch import load, save

    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    data = save(state, metadata={"tracefuse": json.dumps(dict(checkpoint.fields))})
    read = load(data)
    assert all(torch.equal(read[name], value) for name, value in state.items())
    return data, f"{len(state)} tensors, read back without a difference; checkpoint.json is in its metadata"


def _facts(checkpoint: Checkpoint) -> dict[str, object]:
    """What a program must know to feed the graph and to read what it says."""
    from dataclasses import asdict

    return {
        "checkpoint": checkpoint.name,
        "sha256": checkpoint.sha256,
        "signals": [spec.to_json() for spec in checkpoint.specs],
        "operating_point": asdict(checkpoint.operating_point),
        "special_points": [special.to_json() for special in checkpoint.special_points],
        "calibration": checkpoint.fields.get("calibration"),
    }
