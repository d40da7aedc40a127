"""A folder of forgeries: images, masks, manifest and histories."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from forensics.data.forge.forger import ForgedPicture, Forger
from forensics.data.manifest import ManifestRow, write_manifest
from signals.errors import OutputNotWritable, WrongUsage


def write_forgeries(forger: Forger, count: int, out: str | Path, progress: Callable[[int], None] | None = None) -> Path:
    """Writes the first ``count`` pictures of a forger.

    ``images/``, ``masks/`` (0 and 255, forged pictures only), ``manifest.csv`` and ``history.jsonl`` appear in
    ``out`` together once all is written. When interrupted, the pairs finished so far are kept that way.

    Args:
        count: Pictures, forged and pristine together.
        out: Folder that does not exist or is empty.
        progress: Called after every picture with the number done.

    Returns:
        Path of the manifest.

    Raises:
        OutputNotWritable: ``out`` holds something already or cannot be written.
        WrongUsage: ``count`` is below 1.
    """
    if count < 1:
        raise WrongUsage(f"count is {count}; ask for at least one picture")
    out = Path(out)
    folder = _open_folder(out)
    rows: list[ManifestRow] = []
    try:
        with (folder / "history.jsonl").open("w", encoding="utf-8") as histories:
            try:
                for index in range(count):
                    rows.append(_write_picture(folder, index, forger.forge(index), histories))
                    if progress:
                        progress(index + 1)
            except KeyboardInterrupt:
                if len(rows) >= 2:
                    histories.close()
                    _drop_half_pair(folder, rows)
                    _finish(folder, out, rows)
                raise
        _finish(folder, out, rows)
    except OSError as error:
        raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return out / "manifest.csv"


def _open_folder(out: Path) -> Path:
    """A folder beside ``out``, on the same disk, to be renamed when complete."""
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputNotWritable(f"{out}: is not empty; choose another folder or empty it")
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
        # mkdtemp shuts everybody else out; a finished folder is an ordinary one
        folder.chmod(0o755)
        (folder / "images").mkdir()
        (folder / "masks").mkdir()
    except OSError as error:
        raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    return folder


def _write_picture(folder: Path, index: int, forged: ForgedPicture, histories: io.TextIOWrapper) -> ManifestRow:
    edit, jpeg = forged.history["edit"], forged.history["jpeg"]
    stem = f"{index:07d}-{edit['name']}-{jpeg['case']}"
    image = folder / "images" / f"{stem}.{forged.extension}"
    image.write_bytes(forged.data)
    mask = None
    if forged.label:
        mask = folder / "masks" / f"{stem}.png"
        Image.fromarray(forged.mask.astype(np.uint8) * 255).save(mask, "PNG")
    histories.write(json.dumps({"image": f"images/{image.name}", **forged.history}, sort_keys=True) + "\n")
    height, width = forged.history["size"]
    columns = {
        "edit": edit["name"],
        "jpeg_case": jpeg["case"],
        "host": forged.history["host"]["photo"],
        "donor": edit["donor"]["photo"] if "donor" in edit else "",
        "width": str(width),
        "height": str(height),
        "mask_area": f"{forged.history['mask_area']:.6f}",
    }
    return ManifestRow(image, mask, forged.label, columns)


def _drop_half_pair(folder: Path, rows: list[ManifestRow]) -> None:
    """Forgets a forgery whose twin was not reached, and anything half written after it."""
    del rows[len(rows) // 2 * 2 :]
    kept = {row.image for row in rows} | {row.mask for row in rows}
    for path in [*(folder / "images").iterdir(), *(folder / "masks").iterdir()]:
        if path not in kept:
            path.unlink()
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "history.jsonl").write_text("".join(lines[: len(rows)]), encoding="utf-8")


def _finish(folder: Path, out: Path, rows: list[ManifestRow]) -> None:
    write_manifest(folder / "manifest.csv", rows)
    if out.is_dir():
        out.rmdir()
    folder.rename(out)
