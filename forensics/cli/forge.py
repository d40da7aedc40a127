"""``tracefuse forge``: generated forgeries with masks and histories."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

SHEET_PAIRS = 24


def forge(
    photos: Annotated[Path, typer.Option(help="Folder of photos that were never edited.")],
    out: Annotated[Path, typer.Option(help="Folder for images/, masks/, manifest.csv and history.jsonl.")],
    count: Annotated[
        int | None, typer.Option(min=1, help="Number of pictures: every second one is a pristine twin.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same pictures.")] = 0,
    recipe: Annotated[str, typer.Option(help="Name of the recipe.")] = "default",
    split: Annotated[
        str | None, typer.Option(help="Only photos of this split of the folder's manifest.csv (file,camera,split).")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; the files are the same for any number.")] = 1,
    shards: Annotated[
        int | None, typer.Option(metavar="SIZE", help="Write tar files of this many pictures in place of folders.")
    ] = None,
    rebuild: Annotated[
        Path | None,
        typer.Option(metavar="HISTORY", help="Make the pictures of this history.jsonl once more, of the same photos."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Show the first pairs and their masks on one picture.")
    ] = None,
) -> None:
    """Make forged pictures with exact masks out of photos."""
    from signals.errors import WrongUsage

    if (count is None) == (rebuild is None):
        raise WrongUsage("forge needs either --count or --rebuild; give one of them")
    if sheet and (count is None or count < 2 or sheet.suffix.lower() != ".png"):
        raise WrongUsage("--sheet shows pairs on one PNG; give a name that ends in .png and a --count of 2 or more")
    from rich.console import Console
    from rich.progress import Progress

    from forensics.analysis.writing import check_writable, write_file
    from forensics.data.forge.forger import Forger
    from forensics.data.forge.recipe import get_recipe
    from forensics.data.forge.sheet import draw_sheet
    from forensics.data.forge.writing.writer import read_histories, rebuild_forgeries, write_forgeries
    from forensics.data.photos import PhotoPool

    check_writable(out)
    forger = Forger(PhotoPool.open(photos, split), get_recipe(recipe), seed)
    histories = read_histories(rebuild) if rebuild else []
    total = count or len(histories)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Forging", total=total)

        def show(done: int) -> None:
            progress.update(task, completed=done)

        if rebuild:
            written = rebuild_forgeries(histories, forger.photos, out, show, jobs=jobs, shards=shards)
        else:
            written = write_forgeries(forger, total, out, show, jobs=jobs, shards=shards)
    if sheet:
        write_file(sheet, draw_sheet(forger, min(SHEET_PAIRS, total // 2)))
    for warning in [*forger.photos.warnings, *forger.unreadable.values()]:
        typer.echo(warning, err=True)
    typer.echo(str(written))
