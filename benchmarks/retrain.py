"""Makes a checkpoint that ships anew from photos: the commands of its model card, one after the other.

    python -m benchmarks.retrain default|default-score|multistream --photos PHOTOS --out DIR [--show]

PHOTOS has a ``manifest.csv`` (``file,camera,split``) with the splits ``train`` and ``calibration``. What is there is
not made again and a training that was stopped goes on, so the same command may be given as often as it takes.
``--show`` prints the commands alone. The checkpoint lies in ``DIR/NAME``, calibrated.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from forensics.data.manifest import read_manifest

PICTURES, CHECKED = 2400, 160


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        command: As typed.
        is_done: Whether what it makes is there.
        folder: Where it is run.
        makes: Folder to begin anew if what it makes is not complete; None for a command that goes on by itself.
        resumes: Whether it goes on from the last training checkpoint in its folder.
    """

    command: Sequence[str]
    is_done: Callable[[], bool]
    folder: Path
    makes: Path | None = None
    resumes: bool = False


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=list(PLANS))
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--show", action="store_true", help="print the commands and do nothing")
    given = parser.parse_args()
    for step in PLANS[given.name](given.photos.resolve(), given.out.resolve()):
        if given.show:
            print(shlex.join(step.command))
        elif not step.is_done():
            run(step)


def run(step: Step) -> None:
    """Runs a command: a training from where it was stopped, a forging from its beginning, which gives the same."""
    step.folder.mkdir(parents=True, exist_ok=True)
    if step.makes is not None:
        shutil.rmtree(step.makes, ignore_errors=True)
    stopped = sorted(step.folder.glob("runs/*/*/checkpoints/last.ckpt"), key=lambda path: path.stat().st_mtime)
    again = ["--ckpt_path", str(stopped[-1])] if step.resumes and stopped else []
    print("+", shlex.join(step.command), flush=True)
    subprocess.run([*step.command, *again], cwd=step.folder, check=True)


def prepared(photos: Path, out: Path) -> Iterator[Step]:
    """Forgeries and their twins in which every second edit is a copy-move, to train and to validate on."""
    for name, split, count, seed in (("train", "train", PICTURES, 31), ("validate", "calibration", CHECKED, 32)):
        options = {"photos": photos, "split": split, "recipe": "copies", "count": count, "seed": seed, "jobs": 2}
        command = ["tracefuse", "forge", *_options(options), "--out", str(out / name)]
        yield Step(command, partial(_holds, out / name / "manifest.csv", count), out, makes=out / name)


def fit(config: str, out: Path, name: str, options: Mapping[str, object]) -> Step:
    """A training whose checkpoint is ``out/name``."""
    command = ["tracefuse", "train", "fit", "--config", config, *_options(options), "--export.folder", str(out / name)]
    return Step(command, (out / name / "README.md").is_file, out / f"{name}-run", resumes=True)


def on_prepared(out: Path) -> dict[str, object]:
    """Options of a training on the prepared pictures; each signal is read from a picture once."""
    return {
        "data.manifest": out / "train" / "manifest.csv",
        "data.validation_manifest": out / "validate" / "manifest.csv",
        "data.cache": out / "signals",
    }


def calibrated(photos: Path, out: Path, name: str, pairs: int) -> Step:
    """What turns scores into verdicts."""
    options = {"photos": photos, "split": "calibration", "pairs": pairs, "journal": out / f"{name}.jsonl"}
    command = ["tracefuse", "calibrate", str(out / name), *_options(options), "--card"]
    return Step(command, partial(_is_calibrated, out / name), out)


def default(photos: Path, out: Path) -> Iterator[Step]:
    """Two legs: forgeries made while training, then prepared ones."""
    yield fit("default", out, "first-leg", {"data.photos": photos})
    yield from prepared(photos, out)
    yield fit("experiment/copies", out, "default", {"model.base": out / "first-leg", **on_prepared(out)})
    yield calibrated(photos, out, "default", 200)


def one_leg(name: str, photos: Path, out: Path) -> Iterator[Step]:
    """One leg on prepared pictures."""
    yield from prepared(photos, out)
    yield fit(name, out, name, on_prepared(out))
    yield calibrated(photos, out, name, 40)


PLANS: Mapping[str, Callable[[Path, Path], Iterator[Step]]] = {
    "default": default,
    "default-score": partial(one_leg, "default-score"),
    "multistream": partial(one_leg, "multistream"),
}


def _options(values: Mapping[str, object]) -> list[str]:
    return [text for name, value in values.items() for text in (f"--{name}", str(value))]


def _holds(manifest: Path, count: int) -> bool:
    # A forging that was interrupted leaves what it had made.
    return manifest.is_file() and len(read_manifest(manifest)) >= count


def _is_calibrated(folder: Path) -> bool:
    return json.loads((folder / "checkpoint.json").read_text(encoding="utf-8"))["calibration"] is not None


if __name__ == "__main__":
    main()
