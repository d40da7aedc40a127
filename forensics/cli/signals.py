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
def list_() -> None:
    """Show every signal with what it reads and when it is blind."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from signals import broken_signals, get_signal, list_signals

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("Signal", "Reads", "Blind when"):
        table.add_column(title, no_wrap=title == "Signal", overflow="fold")
    for name in list_signals():
        signal = get_signal(name)
        table.add_row(name, signal.reads, signal.blind_when)
    console = Console(soft_wrap=False)
    console.print(table, markup=False)
    for name, reason in sorted(broken_signals().items()):
        console.print(f"{name}: installed but cannot be loaded; {reason}", markup=False, soft_wrap=True)


@signals_app.command()
def extract(
    image: Annotated[Path, typer.Argument(help="The picture.")],
    signal: Annotated[str, typer.Option(help="Name of the signal; see `tracefuse signals list`.")],
    out: Annotated[Path | None, typer.Option(help="FILE.npz: values, valid, stride, usable, reason.")] = None,
    png: Annotated[Path | None, typer.Option(help="FILE.png: a drawing of it, upright.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps maps, to read the same one only once.")] = None,
) -> None:
    """Read one signal of one picture."""
    from forensics.analysis.writing import write_file
    from signals import Evidence, get_signal
    from signals.cache import SignalCache
    from signals.extraction import extract as read_signal

    reader = get_signal(signal)
    evidence = Evidence.load(image)
    found = read_signal(reader, evidence) if cache is None else SignalCache(cache).extract(reader, evidence)
    if out is not None:
        write_file(out, _npz(found))
        typer.echo(str(out))
    if not found.usable:
        typer.echo(f"{signal} is not usable in {image}: {found.reason}", err=True)
        return
    if png is not None:
        write_file(png, _png(reader, found, evidence))
        typer.echo(str(png))
    if out is None and png is None:
        shape = " x ".join(str(side) for side in found.values.shape)
        typer.echo(f"{signal}: {shape} {found.values.dtype}, {found.valid.mean():.1%} of the cells valid")


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
