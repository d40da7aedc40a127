"""``tracefuse signals``: what there is to read, and one signal of one picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from signals import Evidence, Signal, SignalMap

signals_app = typer.Typer(
    help="The forensic signals: list them, extract one.", no_args_is_help=True, rich_markup_mode=None
)


@signals_app.command("list")
def list_(
    short: Annotated[bool, typer.Option("--short", help="One line a signal: kind, channels, size of a cell.")] = False,
) -> None:
    """Show every signal with what it reads and when it is blind."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from signals import broken_signals, get_signal, list_signals

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("Signal", "Kind", "Channels", "Cell, pixels") if short else ("Signal", "Reads", "Blind when"):
        table.add_column(title, no_wrap=title == "Signal", overflow="fold")
    for name in list_signals():
        signal = get_signal(name)
        spec = signal.spec
        in_short = spec.kind, str(spec.channels), str(spec.stride)
        table.add_row(name, *(in_short if short else (signal.reads, signal.blind_when)))
    console = Console(soft_wrap=False)
    console.print(table, markup=False)
    for name, reason in sorted(broken_signals().items()):
        console.print(f"{name}: installed but cannot be loaded; {reason}", markup=False, soft_wrap=True)


@signals_app.command()
def extract(
    image: Annotated[Path, typer.Argument(help="The picture.")],
    signal: Annotated[str, typer.Option(help="Name of the signal; see `tracefuse signals list`.")],
    out: Annotated[Path | None, typer.Option(help="FILE.npz: values, valid, stride, reason ..., as stored.")] = None,
    png: Annotated[Path | None, typer.Option(help="FILE.png: a drawing of it, upright.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps maps, to read the same one only once.")] = None,
) -> None:
    """Read one signal of one picture."""
    _check_suffix("--out", out, ".npz")
    _check_suffix("--png", png, ".png")
    from forensics.analysis.writing import write_file
    from signals import Evidence, get_signal
    from signals.cache import SignalCache
    from signals.extraction import extract as read_signal

    reader = get_signal(signal)
    evidence = Evidence.load(image)
    found = read_signal(reader, evidence) if cache is None else SignalCache(cache).extract(reader, evidence)
    for warning in evidence.warnings:
        typer.echo(f"{image}: {warning}", err=True)
    if out is not None:
        write_file(out, _npz(found))
        typer.echo(str(out))
    if not found.usable:
        typer.echo(f"{signal} is not usable in {image}: {found.reason}", err=True)
        return
    if png is not None:
        write_file(png, _png(reader, found, evidence))
        typer.echo(str(png))
    typer.echo(f"{signal}: {_summary(found)}")


def _check_suffix(option: str, path: Path | None, suffix: str) -> None:
    from signals import WrongUsage

    if path is not None and path.suffix.lower() != suffix:
        raise WrongUsage(f"{option} {path}: this file has another format; its name must end so; use {suffix}.")


def _summary(found: SignalMap) -> str:
    """The map in one line, so that a dark drawing cannot be taken for one of a signal that saw nothing to read."""
    shape = " x ".join(str(side) for side in found.values.shape)
    said = f"{shape} {found.values.dtype}, {found.valid.mean():.1%} of the cells valid"
    if found.spec.kind == "feature" or not found.valid.any():
        return said
    scores = found.values[0, found.valid]
    return f"{said}; {(scores >= 0.5).mean():.1%} of them score 0.5 or more, the highest {scores.max():.2f}"


def _npz(signal_map: SignalMap) -> bytes:
    import numpy as np

    file = io.BytesIO()
    arrays: dict[str, Any] = {
        "values": signal_map.values,
        "valid": signal_map.valid,
        "stride": np.int64(signal_map.spec.stride),
        "offset": np.int64(signal_map.spec.offset),
        "usable": np.bool_(signal_map.usable),
        "reason": np.str_(signal_map.reason or ""),
        **{f"side_{name}": value for name, value in signal_map.side.items()},
    }
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _png(signal: Signal, found: SignalMap, evidence: Evidence) -> bytes:
    from forensics.analysis.drawing import encode_png
    from forensics.analysis.signal_drawing import draw_signal

    return encode_png(draw_signal(signal, found, evidence.width, evidence.height, evidence.orientation))
