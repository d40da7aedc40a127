"""``tracefuse evaluate``: maps against masks, under a named protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forensics.data.manifest import ManifestRow
    from forensics.evaluation.evaluate import Evaluation
    from forensics.evaluation.maps import MapSource


def evaluate(
    manifest: Annotated[Path, typer.Argument(help="CSV with image,mask,label; paths relative to it.")],
    checkpoint: Annotated[str | None, typer.Option(help="Checkpoint to score, by name or folder [default].")] = None,
    maps: Annotated[
        Path | None, typer.Option(help="Folder of maps <stem>.png or .npy, instead of a checkpoint.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="How maps are scored.")] = "tracefuse",
    out: Annotated[Path | None, typer.Option(help="JSON file for all numbers.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pictures, evenly spread.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Scores a checkpoint, or a folder of maps, on pictures with masks."""
    from rich.console import Console

    from forensics.data.manifest import read_manifest
    from forensics.evaluation.protocols import get_protocol
    from forensics.evaluation.report import table, write_json
    from signals.errors import UnreadableImage, WrongUsage

    if checkpoint is not None and maps is not None:
        raise WrongUsage("--checkpoint and --maps: only one of them can be scored; leave one out")
    chosen = get_protocol(protocol)
    rows = spread(read_manifest(manifest), limit)
    if not rows:
        raise WrongUsage(f"{manifest}: it names no picture; add rows of image,mask,label")
    source = _source(rows, checkpoint, maps, device)
    evaluation = _with_progress(rows, source, chosen.name)
    if out is not None:
        write_json(out, {"manifest": manifest.name, "limit": limit, **evaluation.to_json()})
    Console().print(table(evaluation))
    for exclusion in evaluation.excluded:
        typer.echo(f"{exclusion.image}: excluded: {exclusion.reason}", err=True)
    if evaluation.excluded:
        raise typer.Exit(UnreadableImage.exit_code)


def spread(rows: Sequence[ManifestRow], limit: int | None) -> list[ManifestRow]:
    """At most ``limit`` rows from the whole list: manifests are often sorted by label."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    return [rows[index * len(rows) // limit] for index in range(limit)]


def _source(rows: Sequence[ManifestRow], checkpoint: str | None, maps: Path | None, device: str) -> MapSource:
    from forensics.evaluation.maps import CheckpointMaps, FolderMaps

    if maps is not None:
        return FolderMaps(maps, rows)
    from forensics.inference import Predictor

    return CheckpointMaps(Predictor.load(checkpoint or "default", device))


def _with_progress(rows: Sequence[ManifestRow], source: MapSource, protocol: str) -> Evaluation:
    from rich.console import Console
    from rich.progress import Progress

    from forensics.evaluation.evaluate import evaluate as score
    from forensics.evaluation.protocols import get_protocol

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("evaluate", total=len(rows))
        return score(rows, source, get_protocol(protocol), lambda done, _: bar.update(task, completed=done))
