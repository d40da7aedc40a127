"""``tracefuse train``: hands everything on to LightningCLI."""

from __future__ import annotations

import typer


def train(context: typer.Context) -> None:
    """Train, validate or test a model: fit|validate|test --config A.yaml [--config B.yaml] [--key value]."""
    from forensics.training.cli import main

    main(context.args)
