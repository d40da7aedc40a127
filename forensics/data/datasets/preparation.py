"""From a downloaded set to a manifest: every picture is opened, every repair noted, every exclusion told."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forensics.data.datasets.dataset import Dataset, Entry
from forensics.data.datasets.masks import OtherKindOfMask, mask_size, read_stored_mask
from forensics.data.manifest import ManifestRow, write_manifest
from signals import Evidence
from signals.errors import OutputNotWritable, UnreadableImage, WrongUsage
from signals.orientation import upright, upright_size


@dataclass(frozen=True)
class Exclusion:
    """A picture that is not in the manifest.

    Attributes:
        image: Its path.
        kind: Of what kind the reason is, for counting: ``unreadable``, ``no mask``, ``size``, ``empty``, ``full``.
        reason: The reason in words.
    """

    image: Path
    kind: str
    reason: str


@dataclass(frozen=True)
class Preparation:
    """What was made of a set.

    Attributes:
        dataset: The set.
        manifest: The manifest that was written.
        found: Pictures found, by label.
        kept: Pictures in the manifest, by label.
        mended: How many rows were mended, by what was the matter: mostly masks that were written anew.
        noted: Pictures with any note.
        excluded: Pictures left out.
        passed_over: Files of the set's names that are not read, by reason.
        remarks: What else there is to say, one sentence each.
    """

    dataset: Dataset
    manifest: Path
    found: Mapping[int, int]
    kept: Mapping[int, int]
    mended: Mapping[str, int]
    noted: int
    excluded: tuple[Exclusion, ...]
    passed_over: Mapping[Path, str]
    remarks: tuple[str, ...]


class _Excluded(Exception):
    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def prepare(
    dataset: Dataset, source: Path, out: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Preparation:
    """Writes ``out/manifest.csv`` and, where masks need mending, ``out/masks``; pictures stay where they are.

    The manifest has the columns ``image,mask,label,source,mask_meaning,set,note,donor``. A picture is excluded if it
    cannot be decoded, is labeled forged without a mask, or its mask cannot be read, has another size, marks nothing or
    marks everything; nothing is resized. A mask is written anew, as 8-bit gray PNG with 255 for what was changed, only
    where its file is not that already, and its row says why. Sources whose authentic pictures are equal to the pixel
    are one source.

    Args:
        dataset: The set.
        source: The folder it was unpacked to.
        out: A folder that is empty or does not exist.
        progress: Called with pictures done and in total.

    Raises:
        WrongUsage: The folder is not laid out as the set is, or its inverted masks were turned by somebody before.
        OutputNotWritable: ``out`` is not empty or cannot be written.
    """
    listing = dataset.list_entries(source)
    folder = _open_folder(out)
    try:
        work = _Work(dataset, source, folder)
        for done, entry in enumerate(listing.entries, start=1):
            work.take(entry)
            progress(done, len(listing.entries))
        remarks = (*listing.remarks, *work.remarks())
        work.merge_sources()
        write_manifest(folder / "manifest.csv", work.rows)
        if out.is_dir():
            out.rmdir()
        folder.rename(out)
    except OSError as error:
        raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Preparation(
        dataset,
        out / "manifest.csv",
        Counter(entry.label for entry in listing.entries),
        Counter(row.label for row in work.rows),
        work.mended,
        sum(bool(row.columns["note"]) for row in work.rows),
        tuple(work.excluded),
        listing.left_out,
        remarks,
    )


class _Work:
    """The rows so far."""

    def __init__(self, dataset: Dataset, source: Path, folder: Path) -> None:
        self._dataset, self._source, self._folder = dataset, source, folder
        self.rows: list[ManifestRow] = []
        self.excluded: list[Exclusion] = []
        self.mended: Counter[str] = Counter()
        self._large = 0
        self._originals: dict[bytes, str] = {}
        self._same: dict[str, str] = {}

    def take(self, entry: Entry) -> None:
        try:
            self.rows.append(self._row(entry))
        except _Excluded as error:
            known = self._dataset.known.get(entry.image.name)
            reason = f"{error} ({known})" if known else str(error)
            self.excluded.append(Exclusion(entry.image, error.kind, reason))

    def remarks(self) -> list[str]:
        """Suspicions about the whole; raises if the masks were turned twice."""
        forged = sum(row.label for row in self.rows)
        if self._large * 2 <= forged:
            return []
        told = f"{self._large} of {forged} masks mark more than half of their picture"
        if self._dataset.rule.dark:
            raise WrongUsage(
                f"{self._source}: {told} once turned; they seem to have been turned before; give the original masks, "
                "in which dark marks the change"
            )
        return [f"{told}: look at some of them, they may be inverted"]

    def merge_sources(self) -> None:
        """Gives sources with the same original one name."""
        for number, row in enumerate(self.rows):
            source = row.columns["source"]
            if source in self._same:
                root = self._root(source)
                note = f"source was {source}, whose original is that of {root}"
                columns = {**row.columns, "source": root, "note": "; ".join(filter(None, (row.columns["note"], note)))}
                self.rows[number] = replace(row, columns=columns)
                self.mended["source merged with another of the same original"] += 1

    def _remember(self, source: str, pixels: NDArray[np.uint8]) -> None:
        digest = sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
        first, this = self._root(self._originals.setdefault(digest, source)), self._root(source)
        if first != this:
            self._same[this] = first

    def _root(self, source: str) -> str:
        while source in self._same:
            source = self._same[source]
        return source

    def _row(self, entry: Entry) -> ManifestRow:
        evidence = _open_picture(entry.image)
        if not entry.label:
            self._remember(entry.source, evidence.pixels)
        mask, notes = (None, []) if not entry.label else self._mask(entry, evidence)
        columns = {
            "source": entry.source,
            "mask_meaning": self._dataset.mask_meaning,
            "set": self._dataset.name,
            "note": "; ".join(filter(None, (entry.note, *notes, *evidence.warnings))),
            "donor": entry.donor,
        }
        return ManifestRow(entry.image, mask, entry.label, columns)

    def _mask(self, entry: Entry, evidence: Evidence) -> tuple[Path, list[str]]:
        path, turned, notes = _choose_mask(entry, evidence)
        try:
            stored = read_stored_mask(path)
            changed = self._dataset.rule.changed(stored.pixels)
        except UnreadableImage as error:
            raise _Excluded("unreadable", str(error)) from error
        except OtherKindOfMask as error:
            raise _Excluded("other kind of mask", str(error)) from error
        if not changed.any():
            raise _Excluded("empty", f"its mask {path.name} marks nothing ({self._dataset.rule.words})")
        if changed.all():
            raise _Excluded("full", f"its mask {path.name} marks everything ({self._dataset.rule.words})")
        self._large += bool(changed.mean() > 0.5)
        mending = stored.differences(changed)
        if turned:
            changed = upright(changed, evidence.orientation)
            mending["mask was not upright"] = f"EXIF orientation {evidence.orientation}"
        if not mending:
            return path, notes
        if self._dataset.rule.dark:
            mending["mask was inverted"] = ""
        self.mended.update(mending.keys())
        told = [f"{what} ({detail})" if detail else what for what, detail in mending.items()]
        return self._write(entry.image, changed), [*notes, *told]

    def _write(self, image: Path, changed: NDArray[np.bool_]) -> Path:
        inside = image.relative_to(self._source) if image.is_relative_to(self._source) else Path(image.name)
        path = self._folder / "masks" / inside.with_suffix(".png")
        if path.exists():
            path = path.with_name(f"{image.name}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(changed.astype(np.uint8) * 255).save(path, "PNG")
        return path


def _open_picture(image: Path) -> Evidence:
    try:
        evidence = Evidence.open(image)
        _ = evidence.pixels  # a header alone does not show whether the picture can be decoded
    except UnreadableImage as error:
        raise _Excluded("unreadable", str(error)) from error
    return evidence


def _choose_mask(entry: Entry, evidence: Evidence) -> tuple[Path, bool, list[str]]:
    """The first mask of the picture's size, whether it has to be turned upright, and notes."""
    if not entry.masks:
        raise _Excluded("no mask", "labeled forged, but there is no mask of its name")
    size = upright_size(evidence.width, evidence.height, evidence.orientation)
    sizes = {path: mask_size(path) for path in entry.masks}
    for number, path in enumerate(entry.masks):
        turned = sizes[path] == (evidence.width, evidence.height) != size
        if sizes[path] == size or turned:
            first = entry.masks[0]
            return (
                path,
                turned,
                [f"mask is {path.parent.name}/{path.name}; {first.name} has another size"] * (number > 0),
            )
    first = entry.masks[0]
    if not first.is_file():
        raise _Excluded("no mask", f"labeled forged, but its mask {first.name} is missing")
    if (found := sizes[first]) is None:
        raise _Excluded("unreadable", f"its mask {first.name} cannot be read")
    transposed = "; transposed" if found == size[::-1] else ""
    wrong = f"its mask {first.name} is {found[0]} x {found[1]}, the picture {size[0]} x {size[1]}{transposed}"
    raise _Excluded("size", wrong)


def _open_folder(out: Path) -> Path:
    """A folder beside ``out``, to be renamed when complete."""
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputNotWritable(f"{out}: is not empty; choose another folder or empty it")
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.absolute().parent))
        folder.chmod(0o755)  # mkdtemp shuts everybody else out
    except OSError as error:
        raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    return folder
