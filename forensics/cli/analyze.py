"""``tracefuse analyze``: reports on pictures."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from forensics.analysis.analyzer import Analyzer
    from forensics.analysis.power.measurement import PowerTest

DEFAULT_OUT = Path("tracefuse-out")


@dataclass(frozen=True)
class Outcome:
    """What became of one picture.

    Attributes:
        path: The picture.
        report: Its ``report.json``; None if it failed.
        folder: Where its report was written; None if it was not.
        error: Why it failed.
    """

    path: Path
    report: dict[str, Any] | None = None
    folder: Path | None = None
    error: Exception | None = None


def analyze(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Files, folders or globs.")],
    out: Annotated[
        Path | None, typer.Option(help=f"Folder for the reports.  [default: ./{DEFAULT_OUT}]", show_default=False)
    ] = None,
    checkpoint: Annotated[str, typer.Option(help="Name of a shipped checkpoint, or a folder.")] = "default",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Pictures analyzed at the same time.")] = 1,
    power: Annotated[
        bool,
        typer.Option(
            "--power", help="Experiment: plant known edits in copies of parts, count what is found; takes a minute."
        ),
    ] = False,
    power_edits: Annotated[
        int | None, typer.Option(min=3, help="Edits that --power plants.  [default: 48]", show_default=False)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON line a picture on stdout; writes files only if --out is given.")
    ] = False,
) -> None:
    """Look for evidence of manipulation in pictures."""
    from forensics.analysis.writing import check_writable
    from forensics.cli.inputs import report_folders, without_repeats

    if power_edits is not None and not power:
        raise typer.BadParameter("has no effect without --power; add it", param_hint="--power-edits")
    target = out or DEFAULT_OUT
    writes = out is not None or not as_json
    if writes:
        check_writable(target)
    found, exit_codes = _find(images, target)
    paths = without_repeats(found)
    folders: list[Path | None] = [*report_folders(paths, target)] if writes else [None] * len(paths)
    debug = bool(context.find_root().params.get("debug"))
    if paths:
        from forensics.analysis.analyzer import Analyzer
        from forensics.analysis.power.measurement import PowerTest

        analyzer, test = Analyzer.load(checkpoint, device), PowerTest(power_edits or PowerTest.edits) if power else None
        with _progress(len(paths), shown=not as_json) as step:
            for outcome in _outcomes(analyzer, paths, folders, jobs, test):
                exit_codes.add(_tell(outcome, as_json, debug))
                step()
    # A fault of ours outweighs everything, then an output that cannot be written, then an input.
    raise typer.Exit(1 if 1 in exit_codes else max(exit_codes, default=0))


def _find(images: list[str], out: Path) -> tuple[list[Path], set[int]]:
    from forensics.cli.inputs import expand
    from signals.errors import NoPictures

    found: list[Path] = []
    exit_codes: set[int] = set()
    for typed in images:
        try:
            found += expand(typed, out)
        except NoPictures as error:
            typer.echo(f"tracefuse: {error}", err=True)
            exit_codes.add(error.exit_code)
    return found, exit_codes


def _outcomes(
    analyzer: Analyzer, paths: list[Path], folders: list[Path | None], jobs: int, power: PowerTest | None
) -> Iterator[Outcome]:
    """Analyzes in threads, tells in the order of the inputs."""
    executor = ThreadPoolExecutor(max_workers=jobs)
    try:
        yield from executor.map(lambda path, folder: _analyze_one(analyzer, path, folder, power), paths, folders)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _analyze_one(analyzer: Analyzer, path: Path, folder: Path | None, power: PowerTest | None) -> Outcome:
    try:
        report = analyzer.analyze(path, power)
        if folder is not None:
            report.save(folder)
        return Outcome(path, report.to_json(), folder)
    except Exception as error:  # one bad picture must not stop the others
        return Outcome(path, error=error)


def _tell(outcome: Outcome, as_json: bool, debug: bool) -> int:
    if outcome.report is None:
        return _tell_error(outcome, debug)
    if as_json:
        folder = {} if outcome.folder is None else {"folder": str(outcome.folder)}
        typer.echo(json.dumps({**outcome.report, **folder}, ensure_ascii=False))
        return 0
    from signals.names import printable

    report = outcome.report
    typer.echo(f"{printable(str(outcome.path))}: {report['verdict']}{_numbers(report)}")
    if report["verdict"] == "no evidence found" and report["map"]["regions"]:
        typer.echo("  Areas marked under this verdict are not evidence.")
    for reason in report["analyzability"]["reasons"]:
        typer.echo(f"  {reason}")
    if report["power"] is not None:
        from forensics.analysis.power.wording import power_sentence

        typer.echo(f"  {power_sentence(report['power'])}")
    for warning in report["warnings"]:
        typer.echo(f"  Warning: {warning}")
    if outcome.folder is not None:
        typer.echo(f"  {outcome.folder / 'report.html'}")
    return 0


def _numbers(report: dict[str, Any]) -> str:
    if report["score"] is None or report["verdict"] == "cannot be analyzed":
        return ""
    from forensics.analysis.verdict import score_text

    changed = report["map"]["changed_fraction"]
    score, point = score_text(report["score"]), f"{report['threshold']:.2f}"
    return f" (score {score}, operating point {point}; {changed:.1%} of the map marked{_worth(report)})"


def _worth(report: dict[str, Any]) -> str:
    ratio, chance = report["log10_likelihood_ratio"], report["analyzability"]["value"]
    told = "" if ratio is None else f"; log10 likelihood ratio {ratio:+.2f}"
    return told if chance is None else f"{told}; analyzability {chance:.2f}"


def _tell_error(outcome: Outcome, debug: bool) -> int:
    from forensics.cli.messages import one_line
    from signals.errors import ForensicsError
    from signals.names import printable

    error, path = outcome.error, printable(str(outcome.path))
    assert error is not None
    if debug:
        traceback.print_exception(error)
    if isinstance(error, ForensicsError):
        # Evidence knows the file's name only; two folders may hold the same name.
        line = one_line(error).removeprefix(f"{printable(outcome.path.name)}:").strip()
        typer.echo(f"tracefuse: {path}: {line}", err=True)
        return error.exit_code
    typer.echo(f"tracefuse: {path}: {one_line(error)}; a fault of TraceFuse, see it with --debug", err=True)
    return 1


@contextmanager
def _progress(total: int, shown: bool) -> Iterator[Any]:
    """A bar on a terminal, nothing in a pipe."""
    if not (shown and total > 1 and sys.stdout.isatty() and sys.stderr.isatty()):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Analyzing", total=total)
        yield lambda: progress.advance(task)
