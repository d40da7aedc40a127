"""``tracefuse leaderboard``: a page made from result files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(
    results: Annotated[
        list[Path], typer.Argument(help="JSON files of `tracefuse evaluate --out`, or folders of them.")
    ],
    out: Annotated[Path, typer.Option(help="The page, .md or .html.")],
) -> None:
    """Write a page with a table for every set and protocol, baselines among the rows."""
    from forensics.evaluation.leaderboard import build_boards
    from forensics.evaluation.leaderboard_page import to_html, to_markdown
    from forensics.evaluation.result_file import read_result
    from signals.atomic_file import replace_file
    from signals.errors import OutputNotWritable, WrongUsage

    if out.suffix not in (".md", ".html"):
        raise WrongUsage(f"{out}: the page is Markdown or HTML; name it .md or .html")
    boards = build_boards([read_result(path) for path in _files(results)])
    page = to_markdown(boards) if out.suffix == ".md" else to_html(boards)
    try:
        replace_file(out, page.encode())
    except OSError as error:
        raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another --out") from error
    typer.echo(f"{out}: {len(boards)} tables of {sum(not e.baseline for b in boards for e in b.entries)} results")


def _files(typed: list[Path]) -> list[Path]:
    """Files as they are, folders as the evaluations in them; each once."""
    from forensics.evaluation.result_file import is_result

    found = []
    for one in typed:
        inside = sorted(one.glob("*.json")) if one.is_dir() else [one]
        kept = [path for path in inside if path == one or is_result(path)]
        for path in inside:
            if path not in kept:
                typer.echo(f"{path}: left out, no evaluation", err=True)
        found += kept
    return list(dict.fromkeys(found))
