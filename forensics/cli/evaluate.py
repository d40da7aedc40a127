"""``tracefuse evaluate``: maps against masks, under a named protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forensics.data.manifest import ManifestRow
    from forensics.evaluation.evaluate import Evaluation
    from forensics.evaluation.maps import MapSource
    from forensics.evaluation.protocols import Protocol


def evaluate(
    manifest: Annotated[Path, typer.Argument(help="CSV with image,mask,label; paths relative to it.")],
    checkpoint: Annotated[str | None, typer.Option(help="Checkpoint to score, by name or folder [default].")] = None,
    maps: Annotated[
        Path | None, typer.Option(help="Folder of maps <stem>.png or .npy, and scores.csv, of any other tool.")
    ] = None,
    signal: Annotated[str | None, typer.Option(help="A signal of kind score, as a localizer of its own.")] = None,
    protocol: Annotated[str, typer.Option(help="How maps are scored.")] = "tracefuse",
    out: Annotated[Path | None, typer.Option(help="JSON file for all numbers.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pictures, evenly spread.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Scores a checkpoint, a signal, or a folder of maps, on pictures with masks."""
    from rich.console import Console

    from forensics.data.manifest import read_manifest
    from forensics.evaluation.protocols import get_protocol
    from forensics.evaluation.report import table, write_json
    from forensics.evaluation.result import EvaluatedSet, to_json
    from signals.errors import UnreadableImage, WrongUsage

    if sum(given is not None for given in (checkpoint, maps, signal)) > 1:
        raise WrongUsage("--checkpoint, --maps and --signal: only one of them can be scored; leave the others out")
    chosen = get_protocol(protocol)
    rows = spread(read_manifest(manifest), limit)
    if not rows:
        raise WrongUsage(f"{manifest}: it names no picture; add rows of image,mask,label")
    of = EvaluatedSet.of(manifest, limit)
    evaluation = _with_progress(rows, choose_source(rows, checkpoint, maps, signal, device), chosen, manifest.parent)
    if out is not None:
        write_json(out, to_json(evaluation, of))
    Console().print(table(evaluation, of.name))
    for exclusion in evaluation.excluded:
        typer.echo(f"{exclusion.image}: excluded: {exclusion.reason}", err=True)
    if evaluation.excluded:
        raise typer.Exit(UnreadableImage.exit_code)


def spread(rows: Sequence[ManifestRow], limit: int | None) -> list[ManifestRow]:
    """At most ``limit`` rows, evenly from the whole list, in its order.

    Twins, where the manifest has a column ``pair``, are taken together or not at all; otherwise both labels keep their
    share.
    """
    if limit is None or len(rows) <= limit:
        return list(rows)
    pairs: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        pairs.setdefault(row.columns.get("pair") or f"row {place}", []).append(place)
    whole = [places for places in pairs.values() if len(places) > 1]
    if whole:
        chosen = [place for places in _evenly(whole, limit // max(map(len, whole))) for place in places]
    else:
        forged = [place for place, row in enumerate(rows) if row.label == 1]
        authentic = [place for place, row in enumerate(rows) if row.label == 0]
        share = round(limit * len(forged) / len(rows))
        share = min(max(share, int(bool(forged))), limit - int(bool(authentic) and limit > 1))
        chosen = [*_evenly(forged, share), *_evenly(authentic, limit - share)]
    return [rows[place] for place in sorted(chosen)] or list(rows[:limit])


def _evenly(items: Sequence[T], count: int) -> list[T]:
    return [items[place * len(items) // count] for place in range(min(count, len(items)))] if count > 0 else []


def choose_source(
    rows: Sequence[ManifestRow], checkpoint: str | None, maps: Path | None, signal: str | None, device: str
) -> MapSource:
    """What is scored: a folder of maps, a signal, or else a checkpoint."""
    if maps is not None:
        from forensics.evaluation.map_folder import FolderMaps

        return FolderMaps(maps, rows)
    from forensics.evaluation.maps import CheckpointMaps, SignalMaps

    if signal is not None:
        from signals import get_signal

        return SignalMaps(get_signal(signal))
    from forensics.inference import Predictor

    return CheckpointMaps(Predictor.load(checkpoint or "default", device))


def _with_progress(rows: Sequence[ManifestRow], source: MapSource, protocol: Protocol, folder: Path) -> Evaluation:
    from rich.console import Console
    from rich.progress import Progress

    from forensics.evaluation.evaluate import evaluate as score

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("evaluate", total=len(rows))
        return score(rows, source, protocol, folder=folder, progress=lambda done, _: bar.update(task, completed=done))
