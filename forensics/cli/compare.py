"""``tracefuse compare``: two result files of one set, paired picture by picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from forensics.evaluation.result_comparison import Comparison

# So many names of pictures are printed; the JSON file has all.
_NAMED = 10


def compare(
    first: Annotated[Path, typer.Argument(help="JSON of `tracefuse evaluate --out`.")],
    second: Annotated[Path, typer.Argument(help="Another one, of the same set and protocol.")],
    out: Annotated[Path | None, typer.Option(help="JSON file for all numbers.")] = None,
) -> None:
    """Tell whether the second of two evaluations is better than the first, measure by measure."""
    from rich.console import Console

    from forensics.evaluation.report import write_json
    from forensics.evaluation.result_comparison import compare_results
    from forensics.evaluation.result_file import read_result

    comparison = compare_results(read_result(first), read_result(second))
    if out is not None:
        write_json(out, comparison.to_json())
    Console().print(_table(comparison))
    for path, names in ((first, comparison.only_first), (second, comparison.only_second)):
        for line in _missing(path, names):
            typer.echo(line, err=True)


def _table(comparison: Comparison) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from forensics.evaluation.report import spelled

    first, second = comparison.first, comparison.second
    notes = [
        f"A: {first.title} ({first.path.name}); B: {second.title} ({second.path.name}). {comparison.shared} pictures "
        f"of {first.set.name} in both. B - A: paired by picture, 95 % bootstrap over sources. Of "
        f"{len(comparison.rows)} measures one in twenty would differ by chance alone.",
    ]
    for reason, names in (
        ("no means over pictures", comparison.not_paired),
        ("A alone has them", comparison.measures_only_first),
        ("B alone has them", comparison.measures_only_second),
    ):
        if names:
            notes.append(f"Not compared, {reason}: {', '.join(name.partition('/')[2] for name in names)}.")
    rendered = Table(
        title=Text(f"protocol {first.protocol}"),
        caption=Text("\n".join(notes)),
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    rendered.add_column("measure", overflow="fold")
    for head in ("prior", "A", "B", "B - A"):
        rendered.add_column(head, justify="right", no_wrap=True)
    rendered.add_column("B is")
    for row in comparison.rows:
        cells = (
            row.name.partition("/")[2],
            "-" if row.prior is None else f"{row.prior:.3f}",
            f"{row.first:.3f}",
            f"{row.second:.3f}",
            spelled(row.difference, signed=True).replace(" ", "\n", 1),
            row.verdict,
        )
        # As plain text: rich would take the brackets of an interval for markup.
        rendered.add_row(*map(Text, cells))
    return rendered


def _missing(path: Path, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"only in {path.name}, not compared: {', '.join(names[:_NAMED])}{more}"]
