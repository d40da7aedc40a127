"""``python -m forensics.training.history``: the weights of the signal `noise`, from photos."""

from __future__ import annotations

import sys

import torch
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from forensics.resources import configs_dir
from forensics.training.history.data import HistoryData
from forensics.training.history.export import ExportNoise
from forensics.training.history.module import HistoryModule


class HistoryCLI(LightningCLI):
    """Adds the section ``export`` and ``--threads``."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds what a run does beside learning."""
        parser.add_lightning_class_args(ExportNoise, "export")
        parser.add_argument("--threads", type=int, default=1, help="Threads of the process.")

    def before_instantiate_classes(self) -> None:
        """Sets the threads before the first tensor."""
        torch.set_num_threads(self.config.threads)


def main(arguments: list[str]) -> None:
    """Trains and writes the weights; the settings are those of ``configs/noise.yaml`` and what is given."""
    cli = HistoryCLI(
        HistoryModule,
        HistoryData,
        args=arguments,
        run=False,
        seed_everything_default=1,
        auto_configure_optimizers=False,
        parser_kwargs={"default_config_files": [str(configs_dir() / "noise.yaml")]},
        trainer_defaults={"use_distributed_sampler": False, "enable_progress_bar": sys.stderr.isatty()},
        save_config_kwargs={"overwrite": True},
    )
    cli.trainer.fit(cli.model, datamodule=cli.datamodule)


if __name__ == "__main__":
    main(sys.argv[1:])
