"""``tracefuse calibrate``: what the scores of a checkpoint mean, measured on photos that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forensics.data.photos import PhotoPool
    from forensics.evaluation.calibration.calibrate import CalibrationReport
    from forensics.evaluation.calibration.campaign import Campaign
    from forensics.evaluation.calibration.false_alarms import FalseAlarms
    from forensics.evaluation.calibration.journal import Journal
    from forensics.evaluation.calibration.measuring import Measured, PredictorLike
    from forensics.models.checkpoint import Checkpoint

CARD_TITLE = "Calibration"


def calibrate(
    checkpoint: Annotated[str, typer.Argument(help="Checkpoint, by name or folder; its calibration is replaced.")],
    photos: Annotated[Path, typer.Option(help="Folder of photos that were never edited nor trained on.")],
    split: Annotated[str | None, typer.Option(help="Only photos of this split of the folder's manifest.csv.")] = None,
    false_alarms: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Share of pristine pictures that may be flagged.")
    ] = 0.05,
    pairs: Annotated[int, typer.Option(min=10, help="Generated forgeries, as many twins beside them.")] = 300,
    limit: Annotated[int | None, typer.Option(min=5, help="At most so many photos.")] = None,
    largest: Annotated[
        float, typer.Option(min=0, help="Megapixels to which four photos are enlarged; 0: none.")
    ] = 12.0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same forgeries.")] = 0,
    test: Annotated[str | None, typer.Option(help="Count false alarms on this split too, which takes no part.")] = None,
    journal: Annotated[Path | None, typer.Option(help="File of measurements; a broken run goes on from it.")] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file for all numbers.")] = None,
    card: Annotated[bool, typer.Option("--card", help="Put the tables into the checkpoint's model card.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Fit threshold, likelihood ratio and analyzability, and store them in the checkpoint."""
    from dataclasses import asdict

    from rich.console import Console

    from forensics.evaluation.calibration.calibrate import to_json
    from forensics.evaluation.calibration.campaign import Campaign
    from forensics.evaluation.calibration.journal import Journal
    from forensics.evaluation.calibration.report import calibration_page, false_alarm_page
    from forensics.evaluation.report import write_json
    from forensics.inference import Predictor
    from forensics.models.checkpoint import add_facts, find_checkpoint

    found = find_checkpoint(checkpoint).uncalibrated()
    pool = _photos(photos, split, limit)
    others = None if test is None else _photos(photos, test, limit)
    predictor, known = Predictor.of(found, device), Journal(journal, found.weights_sha256)
    campaign = Campaign(pool, pairs, seed, largest)
    report = _calibrate(campaign, predictor, known, found, split, false_alarms)
    stored = add_facts(found, {"calibration": report.calibration.to_json()})
    alarms = None
    if others is not None:
        alarms = _test(Campaign(others, 0, seed, largest), predictor, known, report)
    if out is not None:
        write_json(out, {**to_json(report), "test": None if alarms is None else {"split": test, **asdict(alarms)}})
    if card:
        _write_card(stored, report, alarms, test)
    for warning in [*pool.warnings, *(others.warnings if others is not None else ())]:
        typer.echo(warning, err=True)
    Console().print(calibration_page(report))
    if alarms is not None:
        Console().print(false_alarm_page(alarms, test or ""))
    typer.echo(f"{stored.folder}: calibration stored", err=True)


def _photos(folder: Path, split: str | None, limit: int | None) -> PhotoPool:
    """Photos that the checkpoint was not trained on; splits are not mixed by mistake.

    Raises:
        WrongUsage: The folder has splits and none was chosen.
    """
    from dataclasses import replace

    from forensics.data.photos import PhotoPool
    from signals.errors import WrongUsage

    pool = PhotoPool.open(folder, split)
    splits = sorted({photo.split for photo in pool})
    if len(splits) > 1:
        raise WrongUsage(f"{folder}: photos of the splits {', '.join(splits)}; choose one with --split")
    return replace(pool, photos=pool.photos[:limit])


def _calibrate(
    campaign: Campaign,
    predictor: PredictorLike,
    journal: Journal,
    checkpoint: Checkpoint,
    split: str | None,
    false_alarms: float,
) -> CalibrationReport:
    from forensics.evaluation.calibration.calibrate import Settings, calibrate

    photos, generated = _measure(campaign, predictor, journal)
    data = campaign.photos.data_hash
    return calibrate(photos, generated, Settings(checkpoint.weights_sha256, data, split, campaign.seed, false_alarms))


def _test(campaign: Campaign, predictor: PredictorLike, journal: Journal, report: CalibrationReport) -> FalseAlarms:
    from forensics.evaluation.calibration.false_alarms import count_alarms, flags

    photos, _ = _measure(campaign, predictor, journal)
    return count_alarms(photos, flags(photos, report.calibration.threshold))


def _measure(campaign: Campaign, predictor: PredictorLike, journal: Journal) -> tuple[list[Measured], list[Measured]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("measure", total=campaign.total)
        photos = campaign.measure_photos(predictor, journal, lambda: bar.advance(task))
        return photos, campaign.measure_forgeries(predictor, journal, lambda: bar.advance(task))


def _write_card(
    checkpoint: Checkpoint, report: CalibrationReport, alarms: FalseAlarms | None, test: str | None
) -> None:
    from forensics.evaluation.calibration.report import calibration_markdown, false_alarm_markdown
    from forensics.models.checkpoint import CARD
    from forensics.models.model_card import put_section
    from signals.atomic_file import replace_file
    from signals.errors import OutputNotWritable

    path, measured = checkpoint.folder / CARD, report.calibration.measured
    photos = f"Photos `{measured['photos'][:16]}`, split `{measured['split']}`, seed {measured['seed']}."
    tested = [] if alarms is None or test is None else [false_alarm_markdown(alarms, test)]
    body = "\n\n".join([photos, calibration_markdown(report), *tested])
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else f"# {checkpoint.name}\n"
        replace_file(path, put_section(text, CARD_TITLE, body).encode())
    except OSError as error:
        raise OutputNotWritable(f"{path}: cannot be written ({error.strerror}); leave --card out") from error
