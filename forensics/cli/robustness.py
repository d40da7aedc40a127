"""``tracefuse robustness``: what recompression, resizing, noise and the like leave of a localizer."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from forensics.data.manifest import ManifestRow
    from forensics.evaluation.maps import MapSource
    from forensics.evaluation.robustness.run import Keep, Robustness
    from forensics.evaluation.robustness.suite import Suite

PICTURES = "perturbed"
# The one protocol that sets every number of localization beside the prior.
PROTOCOL = "tracefuse"


def robustness(
    manifest: Annotated[Path, typer.Argument(help="CSV with image,mask,label; paths relative to it.")],
    checkpoint: Annotated[str | None, typer.Option(help="Checkpoint to score, by name or folder [default].")] = None,
    signal: Annotated[str | None, typer.Option(help="A signal of kind score, as a localizer of its own.")] = None,
    preset: Annotated[str, typer.Option(help="tracefuse, span, benco, omgfuser, or a YAML file.")] = "tracefuse",
    as_coded: Annotated[
        bool, typer.Option("--as-coded", help="Do what the published code of the preset does; see its YAML.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the numbers, the page and the curves.")] = Path("tracefuse-out"),
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pictures, evenly spread.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Write the perturbed pictures too, a set a level.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Score a checkpoint or a signal on perturbed pictures, level by level, beside the prior."""
    from rich.console import Console

    from forensics.cli.evaluate import spread
    from forensics.data.manifest import read_manifest
    from forensics.evaluation.report import write_json
    from forensics.evaluation.result import EvaluatedSet
    from forensics.evaluation.robustness.keep import KeptPictures
    from forensics.evaluation.robustness.report import draw_curves, to_json, to_markdown
    from forensics.evaluation.robustness.suite import load_suite
    from forensics.evaluation.robustness.table import table
    from signals.errors import WrongUsage

    if checkpoint is not None and signal is not None:
        raise WrongUsage("--checkpoint and --signal: only one of them can be scored; leave one out")
    suite = load_suite(preset).as_coded() if as_coded else load_suite(preset)
    rows = spread(read_manifest(manifest), limit)
    if not rows:
        raise WrongUsage(f"{manifest}: it names no picture; add rows of image,mask,label")
    of = EvaluatedSet.of(manifest, limit)
    kept = KeptPictures(out / PICTURES, manifest.parent) if keep else _forget

    def store(so_far: Robustness) -> None:
        write_json(out / "robustness.json", to_json(so_far, of, as_coded))

    found = _with_progress(rows, _source(checkpoint, signal, device), suite, manifest.parent, kept, store)
    _write({"robustness.md": to_markdown(found, of, as_coded).encode()}, out)
    _write({f"{name}.png": _png(image) for name, image in draw_curves(found, of).items()}, out)
    Console().print(table(found, of.name))
    typer.echo(f"{out}: robustness.json, robustness.md and the curves", err=True)


def _source(checkpoint: str | None, signal: str | None, device: str) -> MapSource:
    from forensics.evaluation.maps import CheckpointMaps, SignalMaps

    if signal is not None:
        from signals import get_signal

        return SignalMaps(get_signal(signal))
    from forensics.inference import Predictor

    return CheckpointMaps(Predictor.load(checkpoint or "default", device))


def _with_progress(
    rows: Sequence[ManifestRow],
    maps: MapSource,
    suite: Suite,
    folder: Path,
    keep: Keep,
    finished: Callable[[Robustness], None],
) -> Robustness:
    from rich.console import Console
    from rich.progress import Progress

    from forensics.evaluation.protocols import get_protocol
    from forensics.evaluation.robustness.run import run

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("clean", total=len(rows))

        def show(title: str, done: int, total: int) -> None:
            bar.update(task, completed=done, description=title)

        return run(
            rows,
            maps,
            get_protocol(PROTOCOL),
            suite,
            folder=folder,
            keep=keep,
            finished=finished,
            progress=show,
        )


def _forget(*_: object) -> None:
    """Perturbed pictures are not kept unless that is asked for."""


def _write(files: Mapping[str, bytes], out: Path) -> None:
    from signals.atomic_file import replace_file
    from signals.errors import OutputNotWritable

    for name, content in files.items():
        try:
            replace_file(out / name, content)
        except OSError as error:
            raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another --out") from error


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
