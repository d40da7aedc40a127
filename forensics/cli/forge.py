"""``tracefuse forge``: generated forgeries with masks and histories."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def forge(
    photos: Annotated[Path, typer.Option(help="Folder of photos that were never edited.")],
    out: Annotated[Path, typer.Option(help="Folder for images/, masks/, manifest.csv and history.jsonl.")],
    count: Annotated[int, typer.Option(min=1, help="Number of pictures.")],
    seed: Annotated[int, typer.Option(help="Same seed, same pictures.")] = 0,
    recipe: Annotated[str, typer.Option(help="Name of the recipe.")] = "default",
    split: Annotated[
        str | None, typer.Option(help="Only photos of this split of the folder's manifest.csv (file,camera,split).")
    ] = None,
) -> None:
    """Make forged pictures with exact masks out of photos."""
    from rich.console import Console
    from rich.progress import Progress

    from forensics.analysis.writing import check_writable
    from forensics.data.forge.forger import Forger
    from forensics.data.forge.recipe import get_recipe
    from forensics.data.forge.writer import write_forgeries
    from forensics.data.photos import PhotoPool

    check_writable(out)
    forger = Forger(PhotoPool.open(photos, split), get_recipe(recipe), seed)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Forging", total=count)
        manifest = write_forgeries(forger, count, out, lambda done: progress.update(task, completed=done))
    typer.echo(str(manifest))
