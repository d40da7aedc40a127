"""``tracefuse train``: Lightning's own command line on the configurations that ship."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import torch
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from forensics.data.datamodule import ForgedDataModule
from forensics.resources import configs_dir
from forensics.training.export import ExportCheckpoint
from forensics.training.module import FuserModule


class TrainingCLI(LightningCLI):
    """Fixes the network and data classes; adds the exported checkpoint under ``--export``."""

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """``fit``, ``validate`` and ``test``; prediction has a command of its own, ``tracefuse analyze``."""
        known = LightningCLI.subcommands()
        return {name: known[name] for name in ("fit", "validate", "test")}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds ``--export.folder`` and the rest of :class:`ExportCheckpoint`, and ``--threads``."""
        parser.add_lightning_class_args(ExportCheckpoint, "export")
        parser.add_argument(
            "--threads", type=int, default=1, help="Threads of the training process; more slow small networks down."
        )

    def before_instantiate_classes(self) -> None:
        """Sets the threads before the first tensor."""
        torch.set_num_threads(self.config[self.subcommand].threads)


def main(arguments: list[str]) -> None:
    """Runs ``fit``, ``validate`` or ``test``; ``configs/base.yaml`` holds the defaults of every run."""
    # The arguments are handed over on purpose: they are what the command line left for this command.
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    # Advertisements are no news of this run.
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: "Tip:" not in record.getMessage()
    )
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
