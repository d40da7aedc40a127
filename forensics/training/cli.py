"""``tracefuse train``: Lightning's own command line on the configurations that ship."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from forensics.data.datamodule import ForgedDataModule
from forensics.resources import configs_dir
from forensics.training.export import ExportCheckpoint
from forensics.training.module import FuserModule


class TrainingCLI(LightningCLI):
    """Fixes the network and data classes; adds the exported checkpoint under ``--export``."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds ``--export.folder`` and the rest of :class:`ExportCheckpoint`."""
        parser.add_lightning_class_args(ExportCheckpoint, "export")


def main(arguments: list[str]) -> None:
    """Runs ``fit``, ``validate`` or ``test``; ``configs/base.yaml`` holds the defaults of every run."""
    base = {"default_config_files": [str(configs_dir() / "base.yaml")]}
    TrainingCLI(
        FuserModule,
        ForgedDataModule,
        args=arguments,
        seed_everything_default=1,
        parser_kwargs={"prog": "tracefuse train", "fit": base, "validate": base, "test": base},
        trainer_defaults={"precision": _precision()},
        save_config_kwargs={"overwrite": True},
    )


def _precision() -> Any:
    bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return "bf16-mixed" if bf16 else "32-true"
