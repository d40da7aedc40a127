"""``tracefuse data``: public sets into manifests, and what is wrong with a manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forensics.data.datasets import Preparation, Verification

data_app = typer.Typer(
    help="Data sets: list the public ones, prepare one, verify a manifest.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@data_app.command("list")
def list_() -> None:
    """Show the public sets that can be prepared: pictures, terms, origin and expected folders."""
    from forensics.data.datasets import get_dataset, list_datasets

    for name in list_datasets():
        dataset = get_dataset(name)
        typer.echo(f"{name}: {dataset.title}; {_counts(dataset.published.authentic, dataset.published.forged)}")
        typer.echo(f"  masks: {dataset.mask_meaning}, {dataset.rule.words}")
        typer.echo(f"  terms: {dataset.terms}")
        typer.echo(f"  origin: {dataset.origin}")
        typer.echo(f"  expected: {dataset.layout}")


@data_app.command()
def prepare(
    name: Annotated[str, typer.Argument(help="Name of the set; see `tracefuse data list`.")],
    src: Annotated[Path, typer.Option(help="Folder the set was unpacked to; nothing in it is changed.")],
    out: Annotated[Path, typer.Option(help="New folder for manifest.csv and the masks that need mending.")],
) -> None:
    """Make a manifest of a public set, with its known traps mended, left out or named."""
    from forensics.data.datasets import get_dataset
    from forensics.data.datasets import prepare as prepare_set
    from signals.errors import UnreadableImage

    dataset = get_dataset(name)
    with _progress(f"preparing {name}") as advance:
        made = prepare_set(dataset, src, out, advance)
    for line in _preparation_lines(made):
        typer.echo(line)
    for exclusion in made.excluded:
        typer.echo(f"{exclusion.image}: excluded: {exclusion.reason}", err=True)
    for path, reason in made.passed_over.items():
        typer.echo(f"{path}: passed over: {reason}", err=True)
    if any(exclusion.kind == "unreadable" for exclusion in made.excluded):
        raise typer.Exit(UnreadableImage.exit_code)


@data_app.command()
def verify(
    manifest: Annotated[Path, typer.Argument(help="CSV with image,mask,label; paths relative to it.")],
    against: Annotated[
        list[Path] | None, typer.Option(help="Another manifest that must share no picture with it; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All findings as JSON on stdout.")] = False,
) -> None:
    """Find misaligned, empty, unreadable, contradicting, repeated and leaking entries of a manifest."""
    from forensics.data.datasets import verify as verify_manifest
    from signals.errors import UnreadableImage, WrongUsage

    with _progress("verifying") as advance:
        found = verify_manifest(manifest, tuple(against or ()), advance)
    if not sum(found.labels.values()) and found.clean:
        raise WrongUsage(f"{manifest}: it names no picture; add rows of image,mask,label")
    if as_json:
        typer.echo(json.dumps(_to_json(found), indent=2))
    else:
        _print_table(found)
        for problem in found.problems:
            typer.echo(f"{problem.image}: {problem.kind}: {problem.detail}", err=True)
        for kind, count in found.counts.items():
            listed = sum(problem.kind == kind for problem in found.problems)
            if listed < count:
                typer.echo(f"{manifest}: {count - listed} more of kind {kind} are not listed", err=True)
    if not found.clean:
        raise typer.Exit(UnreadableImage.exit_code)


def _preparation_lines(made: Preparation) -> Iterator[str]:
    dataset, published = made.dataset, made.dataset.published
    yield f"{dataset.name}: {dataset.title}"
    yield f"  origin: {dataset.origin}"
    yield f"  terms: {dataset.terms}"
    yield f"  published: {_counts(published.authentic, published.forged)} ({published.source})"
    found = {label: made.found.get(label, 0) for label in (0, 1)}
    wrong = found != {0: published.authentic, 1: published.forged}
    yield f"  found: {_counts(found[0], found[1])}{'; NOT as many as published' if wrong else ''}"
    yield f"  in the manifest: {_counts(made.kept.get(0, 0), made.kept.get(1, 0))}"
    yield f"  masks mean: {dataset.mask_meaning}; {dataset.rule.words}"
    for what, count in made.mended.items():
        yield f"  mended: {what}: {count}"
    for kind in dict.fromkeys(exclusion.kind for exclusion in made.excluded):
        yield f"  excluded: {kind}: {sum(exclusion.kind == kind for exclusion in made.excluded)}"
    if made.passed_over:
        yield f"  passed over: {len(made.passed_over)} further files of the same names"
    yield f"  pictures with a note: {made.noted}"
    for remark in made.remarks:
        yield f"  remark: {remark}"
    for trap in dataset.traps:
        yield f"  trap: {trap}"
    yield str(made.manifest)


def _counts(authentic: int, forged: int) -> str:
    return f"{authentic} authentic, {forged} forged"


def _print_table(found: Verification) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from forensics.data.datasets.verification import KINDS

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Problem", no_wrap=True)
    table.add_column("Count", justify="right", no_wrap=True)
    table.add_column("Meaning")
    for kind, meaning in KINDS.items():
        table.add_row(kind, str(found.counts.get(kind, 0)), meaning)
    compared = f", compared with {', '.join(str(path) for path in found.against)}" if found.against else ""
    plain = f"; {found.plain} too plain to be compared by look" if found.plain else ""
    typer.echo(f"{found.manifest}: {_counts(found.labels.get(0, 0), found.labels.get(1, 0))}{compared}{plain}")
    Console().print(table, markup=False)


def _to_json(found: Verification) -> dict[str, object]:
    return {
        "manifest": str(found.manifest),
        "against": [str(path) for path in found.against],
        "authentic": found.labels.get(0, 0),
        "forged": found.labels.get(1, 0),
        "too_plain": found.plain,
        "clean": found.clean,
        "counts": dict(found.counts),
        "problems": [
            {"kind": problem.kind, "image": problem.image, "detail": problem.detail, "other": problem.other}
            for problem in found.problems
        ],
    }


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
