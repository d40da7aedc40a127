"""Lightning's checkpoint files, whole or as they were before."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import TorchCheckpointIO

from signals.errors import OutputNotWritable


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its place and moves it there in one step, when all of it is on the disk.

    Whatever happens meanwhile - a full disk, a signal, a power cut - the file of before is there still.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Writes one file.

        Raises:
            OutputNotWritable: It cannot be written; an earlier checkpoint of that name is as it was.
        """
        place = Path(path)
        staging = place.with_name(f".{place.name}.{secrets.token_hex(4)}.partial")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with staging.open("xb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            staging.replace(place)
        except (OSError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
            kept = "the one before is whole; " if place.exists() else ""
            message = f"{place}: the checkpoint cannot be written ({why}); {kept}make room and resume with --ckpt_path"
            raise OutputNotWritable(message) from error
        finally:
            with suppress(OSError):
                staging.unlink(missing_ok=True)
