"""``tracefuse train``: Lightning's own command line on the configurations that ship."""

from __future__ import annotations

import logging
import pickle
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import torch
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from forensics.data import datamodule, device_datamodule, manifest_datamodule
from forensics.data.training_data import TrainingData
from forensics.resources import configs_dir
from forensics.training.callbacks.best_and_last import BestAndLast
from forensics.training.callbacks.early_stop import EarlyStop
from forensics.training.callbacks.epoch_lines import EpochLines
from forensics.training.callbacks.moving_average import MovingAverage
from forensics.training.callbacks.random_state import RandomState
from forensics.training.callbacks.skipped_files import SkippedFiles
from forensics.training.callbacks.validation_pictures import ValidationPictures
from forensics.training.checkpoint_files import WholeCheckpoints
from forensics.training.config_files import list_configs, with_found_configs
from forensics.training.export import ExportCheckpoint
from forensics.training.module import FuserModule
from signals.errors import CheckpointMismatch, CheckpointMissing, ForensicsError, OutputNotWritable, WrongUsage

# Data modules are picked by name from those that were imported.
DATA = (
    datamodule.ForgedDataModule,
    device_datamodule.DeviceForgedDataModule,
    manifest_datamodule.ManifestDataModule,
)


class TrainingCLI(LightningCLI):
    """Fixes the network's module; adds what a run does beside learning, a section of the configuration each.

    Attributes:
        exporter: What writes the checkpoint at the end of a fit.
    """

    exporter: ClassVar[type[ExportCheckpoint]] = ExportCheckpoint

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """``fit``, ``validate`` and ``test``; prediction has a command of its own, ``tracefuse analyze``."""
        known = LightningCLI.subcommands()
        return {name: known[name] for name in ("fit", "validate", "test")}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds ``checkpoint``, ``early_stopping``, ``average``, ``pictures``, ``export`` and ``--threads``."""
        parser.add_lightning_class_args(BestAndLast, "checkpoint")
        parser.add_lightning_class_args(EarlyStop, "early_stopping")
        parser.add_lightning_class_args(MovingAverage, "average")
        parser.add_lightning_class_args(ValidationPictures, "pictures")
        parser.add_lightning_class_args(self.exporter, "export")
        parser.add_argument(
            "--threads", type=int, default=1, help="Threads of the training process; more slow small networks down."
        )

    def before_instantiate_classes(self) -> None:
        """Sets the threads before the first tensor, and leaves out what this run has no use for."""
        settings = self.config[self.subcommand]
        torch.set_num_threads(settings.threads)
        fits = self.subcommand == "fit"
        used = {
            "checkpoint": fits and settings.trainer.enable_checkpointing is not False,
            "early_stopping": fits and settings.early_stopping.patience is not None,
            "average": fits and settings.average.decay is not None,
            "pictures": settings.pictures.every is not None,
            "export": fits and not settings.trainer.fast_dev_run,
        }
        parser = self._parser(self.subcommand)
        parser.callback_keys = [key for key in parser.callback_keys if used[key]]

    def instantiate_classes(self) -> None:
        """Makes network, data and trainer.

        Raises:
            WrongUsage: TensorBoard is asked for and not installed.
        """
        try:
            super().instantiate_classes()
        except (ValueError, TypeError, ImportError) as error:
            # The parser wraps what a constructor raised.
            for cause in _causes(error):
                if isinstance(cause, ForensicsError):
                    raise cause from None
                if isinstance(cause, ModuleNotFoundError) and "tensorboard" in str(cause):
                    raise WrongUsage(
                        "the TensorBoard logger needs the package tensorboard; pip install 'tracefuse[tensorboard]', "
                        "or log to CSV files with --config logger/csv"
                    ) from error
            raise

    def instantiate_trainer(self, **kwargs: Any) -> Any:
        """Makes the trainer, with checkpoint files that are whole."""
        plugins = self._get(self.config_init, "trainer").get("plugins") or []
        plugins = [*plugins, WholeCheckpoints()] if isinstance(plugins, list) else [plugins, WholeCheckpoints()]
        return super().instantiate_trainer(plugins=plugins, **kwargs)

    def before_fit(self) -> None:
        """Finds out now rather than after an epoch whether the log folder can be written."""
        for logger in self.trainer.loggers:
            if logger.save_dir is not None and self.trainer.is_global_zero:
                _check_writable(Path(logger.save_dir))

    def fit(self, **arguments: Any) -> None:
        """Fits; an interruption leaves as one, whatever Lightning makes of it."""
        try:
            self.trainer.fit(**arguments)
        except SystemExit as leaving:
            if leaving.code == 1 and self.trainer.interrupted:
                raise KeyboardInterrupt from None
            raise

    def _parse_ckpt_path(self) -> None:
        # Lightning would read hyperparameters from it; ours are in the configuration beside it.
        path = self.config[self.config.subcommand].get("ckpt_path")
        if path and path not in ("last", "best"):
            _check_checkpoint(Path(path))

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        arguments = super()._prepare_subcommand_kwargs(subcommand)
        if arguments.get("ckpt_path") in ("last", "best"):
            arguments["ckpt_path"] = self._newest(arguments["ckpt_path"])
        return arguments

    def _newest(self, which: str) -> str | None:
        """The newest ``last.ckpt`` or ``best.ckpt`` of all runs in the log folder."""
        folders = [Path(logger.save_dir) for logger in self.trainer.loggers if logger.save_dir is not None]
        own = self.config[self.subcommand].checkpoint.dirpath
        folders += [Path(own or self.trainer.default_root_dir)] if own or not folders else []
        found = [path for folder in folders for path in folder.rglob(f"{which}.ckpt")]
        if found:
            return str(max(found, key=lambda path: path.stat().st_mtime))
        where = " or ".join(str(folder) for folder in folders)
        if self.subcommand != "fit":
            raise CheckpointMissing(f"no {which}.ckpt below {where}; name one by --ckpt_path")
        sys.stderr.write(f"tracefuse: no {which}.ckpt below {where} yet; the run begins anew\n")
        return None


def main(
    arguments: list[str],
    cli: type[TrainingCLI] = TrainingCLI,
    module: type[FuserModule] = FuserModule,
    prog: str = "tracefuse train",
    defaults: str = "base",
) -> TrainingCLI:
    """Runs ``fit``, ``validate`` or ``test``.

    Args:
        arguments: The command line after the command's name.
        cli: Kind of the command line.
        module: What trains.
        prog: Name of the command.
        defaults: Name of the configuration that every run begins with.

    Returns:
        The finished run, with its ``trainer``, ``model`` and ``datamodule``.
    """
    # The arguments are handed over on purpose: they are what the command line left for this command.
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    # Lightning takes it for an oversight that what is frozen is in evaluation mode.
    warnings.filterwarnings("ignore", message=r"Found \d+ module\(s\) in eval mode")
    # A matter between Lightning and PyTorch.
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
    # Advertisements are no news of this run.
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: "Tip:" not in record.getMessage()
    )
    with _plain_worker_errors():
        return cli(
            module,
            TrainingData,
            subclass_mode_data=True,
            args=with_found_configs(arguments),
            seed_everything_default=1,
            parser_kwargs={"prog": prog, **{name: _help(prog, name, defaults) for name in cli.subcommands()}},
            # The module has an optimizer and a schedule among its arguments.
            auto_configure_optimizers=False,
            trainer_defaults={
                "precision": _precision(),
                "use_distributed_sampler": False,
                "enable_progress_bar": sys.stderr.isatty(),
                "callbacks": [RandomState(), SkippedFiles(), EpochLines()],
            },
            save_config_kwargs={"overwrite": True},
        )


def _help(prog: str, subcommand: str, defaults: str) -> dict[str, Any]:
    names = ", ".join(name for name in list_configs() if name.partition("/")[0] not in ("model", "expand"))
    return {
        "default_config_files": [str(configs_dir() / f"{defaults}.yaml")],
        "usage": f"{prog} {subcommand} [--config NAME]... [--section.key VALUE]...",
        "description": (
            f"Configurations are files, or names of those that ship: model/NAME for every model, {names}. "
            "Later ones win, and so do single keys, such as --trainer.max_epochs 5 or --data.photos DIR. "
            "--print_config shows what a run would be."
        ),
    }


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it."""
    seen: list[BaseException] = [error]
    for known in seen:
        yield known
        seen += [e for e in (known.__cause__, known.__context__) if e is not None and e not in seen]


@contextmanager
def _plain_worker_errors() -> Iterator[None]:
    """Takes the tracebacks of loading processes out of the messages of our own errors."""
    try:
        yield
    except ForensicsError as error:
        lines = str(error).strip().splitlines()
        if len(lines) < 2 or "DataLoader worker" not in lines[0]:
            raise
        raise type(error)(lines[-1].partition(": ")[2]) from error


def _check_checkpoint(path: Path) -> None:
    if not path.is_file():
        raise CheckpointMissing(f"{path}: no such file; give a .ckpt of an earlier run, or 'last'")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointMismatch(f"{path}: not a checkpoint of a run ({reason}); give a .ckpt, or 'last'") from error
    if not isinstance(found, dict) or "pytorch-lightning_version" not in found:
        raise CheckpointMismatch(f"{path}: not a checkpoint of a run; give the last.ckpt or best.ckpt of one")


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"{folder}: cannot be written ({error.strerror}); choose another log folder"
        raise OutputNotWritable(message) from error


def _precision() -> Any:
    bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return "bf16-mixed" if bf16 else "32-true"
