"""``tracefuse expand``: one more signal for a trained model, which otherwise stays what it is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forensics.evaluation.paired import Compared
    from forensics.models.checkpoint import Checkpoint


class Tunable(StrEnum):
    """What can train beside what is new."""

    FUSION = "fusion"


def expand(
    context: typer.Context,
    checkpoint: Annotated[str, typer.Argument(help="Name or folder of the checkpoint.")],
    signal: Annotated[str, typer.Option(help="Name of the new signal; see `tracefuse signals list`.")],
    out: Annotated[Path, typer.Option(help="Folder of the new checkpoint.")],
    also_tune: Annotated[
        Tunable | None, typer.Option(help="Let the old fusion train too; old results then change a little.")
    ] = None,
    compare: Annotated[int, typer.Option(min=40, help="Validation pictures that old and new are compared on.")] = 200,
) -> None:
    """Give a trained model one more signal and train only what is new.

    Wherever a picture lacks the new signal, the result stays the old one to the bit. Every setting of
    `tracefuse train fit` can be added, such as --data.photos DIR, --config FILE or --trainer.max_epochs 8.
    """
    from rich.console import Console

    from forensics.data.training_data import TrainingData
    from forensics.evaluation.checkpoint_comparison import (
        PROTOCOL,
        compare_checkpoints,
        comparison_table,
        score_both,
    )
    from forensics.evaluation.protocols import get_protocol
    from forensics.inference import Predictor
    from forensics.models.checkpoint import find_checkpoint
    from forensics.training.expansion_cli import comparison_pictures
    from forensics.training.expansion_cli import expand as train_expansion
    from signals import get_signal
    from signals.errors import WrongUsage

    if checkpoint.startswith("-"):
        raise WrongUsage(
            f"{checkpoint}: the checkpoint comes first; tracefuse expand CHECKPOINT --signal NAME --out NEW"
        )
    get_signal(signal)
    parent = find_checkpoint(checkpoint)
    run = train_expansion(checkpoint, signal, out, None if also_tune is None else also_tune.value, context.args)
    if not run.trainer.is_global_zero:
        return
    assert isinstance(run.datamodule, TrainingData)
    device = "cuda" if run.trainer.strategy.root_device.type == "cuda" else "cpu"
    made = find_checkpoint(out)
    typer.echo(f"comparing old and new on {compare} validation pictures and the whole photos among them", err=True)
    pairs = score_both(
        Predictor.load(checkpoint, device),
        Predictor.load(out, device),
        comparison_pictures(run.datamodule, compare),
    )
    rows = compare_checkpoints(pairs)
    readable = sum(signal in pair.readable for pair in pairs)
    title = f"{parent.name} and {made.name} on {len(pairs)} validation pictures, {readable} of them with {signal}"
    Console().print(comparison_table(rows, title))
    _record(made, rows, title, get_protocol(PROTOCOL).definition)
    typer.echo(_summary(made))


def _record(made: Checkpoint, rows: tuple[Compared, ...], title: str, definition: str) -> None:
    """Puts the comparison into the checkpoint and its card."""
    from forensics.evaluation.checkpoint_comparison import comparison_markdown
    from forensics.models.checkpoint import CARD, add_facts

    add_facts(made, {"comparison": {"title": title, "measures": [row.to_json() for row in rows]}})
    card = made.folder / CARD
    text = card.read_text(encoding="utf-8")
    sections = [
        f"- Expanded from {title.split(' and ')[0]}. {_summary(made)}",
        "",
        "## Old and new",
        "",
        f"{title}.",
        "",
    ]
    card.write_text(
        text + "\n".join(sections) + "\n" + comparison_markdown(rows) + f"\n{definition}\n", encoding="utf-8"
    )


def _summary(made: Checkpoint) -> str:
    """What trained, how long, and what became of the old results."""
    training = made.fields["training"]
    share = training["trained_parameters"] / training["parameters"]
    name = made.expansions[-1]["signal"]["name"]
    kept = (
        f"Without {name} its results are the old ones, bit for bit."
        if training["also_tuned"] is None
        else f"The old {training['also_tuned']} was tuned too: without {name} its results are near the old ones, "
        "not the same."
    )
    return (
        f"Trained {training['trained_parameters']:,} parameters, {share:.1%} of all, "
        f"in {training['seconds']:.0f} s. {kept}"
    )
