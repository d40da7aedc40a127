"""``tracefuse info``: what is installed, what works, and what does not and why."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forensics import __version__

if TYPE_CHECKING:
    from forensics.models.checkpoint import Checkpoint

_PACKAGES = ("torch", "lightning", "numpy", "opencv-python-headless", "pillow", "jpeglib", "safetensors")


def info(
    checkpoint: Annotated[
        str | None, typer.Argument(metavar="[CHECKPOINT]", help="Name or folder of a checkpoint to describe.")
    ] = None,
) -> None:
    """Show what is installed, or describe one checkpoint."""
    from forensics.models.checkpoint import find_checkpoint, list_checkpoints

    if checkpoint is not None:
        _print(_card(find_checkpoint(checkpoint)))
        return
    _print(_versions())
    typer.echo("\nDevices")
    _print(_devices())
    typer.echo("\nCheckpoints")
    _print([(name, _size_and_hash(find_checkpoint(name))) for name in list_checkpoints()] or [("none", "")])
    typer.echo("\nSignals")
    _print(_signals())
    extras = list(_extras())
    if extras:
        typer.echo("\nOptional extras")
        _print(extras)


def _print(rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        typer.echo(f"  {name:<{width}}  {text}".rstrip())


def _versions() -> list[tuple[str, str]]:
    rows = [("tracefuse", __version__), ("python", f"{platform.python_version()}, {platform.platform()}")]
    return rows + [(name, _version(name) or "not installed") for name in _PACKAGES]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _devices() -> list[tuple[str, str]]:
    import torch

    rows = [("cpu", f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads")]
    if not torch.cuda.is_available():
        built = torch.version.cuda
        return [*rows, ("cuda", "no GPU found" if built else "this PyTorch is built without CUDA")]
    return rows + [(f"cuda:{index}", torch.cuda.get_device_name(index)) for index in range(torch.cuda.device_count())]


def _signals() -> list[tuple[str, str]]:
    from signals import broken_signals, get_signal, list_signals

    rows = [(name, f"version {get_signal(name).spec.version}") for name in list_signals()]
    return rows + [(name, f"cannot be loaded; {reason}") for name, reason in sorted(broken_signals().items())]


def _size_and_hash(checkpoint: Checkpoint) -> str:
    size = sum(path.stat().st_size for path in checkpoint.folder.iterdir() if path.is_file())
    return f"{size / 1e6:.1f} MB  sha256 {checkpoint.sha256}  {checkpoint.folder}"


def _card(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    signals = ", ".join(f"{spec.name} version {spec.version}" for spec in checkpoint.specs)
    rows = [("name", checkpoint.name), ("files", _size_and_hash(checkpoint)), ("reads", signals or "the picture alone")]
    others = {name: value for name, value in checkpoint.fields.items() if name != "signals"}
    card = checkpoint.folder / "README.md"
    return [*rows, *_flat(others), ("model card", str(card) if card.is_file() else "none")]


def _flat(fields: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested fields as rows ``a.b``."""
    rows: list[tuple[str, str]] = []
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", "unknown" if value is None else str(value)))
    return rows


def _extras() -> Iterator[tuple[str, str]]:
    try:
        installed = importlib.metadata.metadata("tracefuse")
    except importlib.metadata.PackageNotFoundError:
        return
    requirements = installed.get_all("Requires-Dist") or []
    for extra in installed.get_all("Provides-Extra") or []:
        marked = [line for line in requirements if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", line)]
        names = [match[0] for line in marked if (match := re.match(r"[\w.-]+", line)) and match[0] != "tracefuse"]
        missing = [name for name in names if _version(name) is None]
        how = f"missing {', '.join(missing)}; pip install 'tracefuse[{extra}]'"
        yield extra, how if missing else "installed"
