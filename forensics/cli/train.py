"""``tracefuse train``: hands everything on to LightningCLI."""

from __future__ import annotations

import typer


def train(context: typer.Context) -> None:
    """Train a model: fit, validate or test."""
    from forensics.training.cli import main

    main(context.args)
