"""``tracefuse controls``: what a checkpoint or a signal reads, shown on matched pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forensics.evaluation.controls import ControlReport


def controls(
    photos: Annotated[Path, typer.Option(help="Folder of photos that were never edited nor trained on.")],
    checkpoint: Annotated[str | None, typer.Option(help="Checkpoint, by name or folder [default].")] = None,
    signal: Annotated[str | None, typer.Option(help="A signal of kind score instead.")] = None,
    pairs: Annotated[int, typer.Option(min=2, help="Pairs of each control, pictures of each innocent kind.")] = 100,
    split: Annotated[str | None, typer.Option(help="Only photos of this split of the folder's manifest.csv.")] = None,
    side: Annotated[int, typer.Option(min=64, max=1024, help="Side of the pictures in pixels.")] = 384,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same pictures.")] = 0,
    out: Annotated[Path | None, typer.Option(help="JSON file for all numbers.")] = None,
    card: Annotated[bool, typer.Option("--card", help="Put the tables into the checkpoint's model card.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Measure what a detector reads: null edits, traces alone, content alone, innocent processing."""
    from rich.console import Console
    from rich.progress import Progress

    from forensics.cli.evaluate import choose_source
    from forensics.data.forge.controls import CONTROL_KINDS
    from forensics.data.forge.innocent.processing import list_innocents
    from forensics.data.photos import PhotoPool
    from forensics.evaluation.controls import ControlPictures, run_controls
    from forensics.evaluation.controls_report import control_tables
    from forensics.evaluation.report import write_json
    from signals.errors import WrongUsage

    if checkpoint is not None and signal is not None:
        raise WrongUsage("--checkpoint and --signal: only one of them can be measured; leave one out")
    if card and signal is not None:
        raise WrongUsage("--card: a signal has no model card; leave it out")
    pool = PhotoPool.open(photos, split)
    source = choose_source([], checkpoint, None, signal, device)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        total = pairs * (len(CONTROL_KINDS) + 1 + len(list_innocents()))
        task = bar.add_task("controls", total=total)
        report = run_controls(source, ControlPictures(pool, seed, side), pairs, lambda: bar.advance(task))
    if out is not None:
        write_json(out, report.to_json())
    if card:
        _write_card(checkpoint or "default", report, split)
    for table in control_tables(report):
        Console().print(table)


def _write_card(checkpoint: str, report: ControlReport, split: str | None) -> None:
    from forensics.evaluation.controls_report import control_markdown
    from forensics.models.checkpoint import CARD, find_checkpoint
    from forensics.models.model_card import put_section
    from signals.atomic_file import replace_file
    from signals.errors import OutputNotWritable

    path = find_checkpoint(checkpoint).folder / CARD
    photos = f"Photos `{report.photos[:16]}`" + (f", split `{split}`" if split else "")
    body = f"{photos}, seed {report.seed}.\n\n{control_markdown(report)}"
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else f"# {path.parent.name}\n"
        replace_file(path, put_section(text, "Matched controls", body).encode())
    except OSError as error:
        raise OutputNotWritable(f"{path}: cannot be written ({error.strerror}); leave --card out") from error
