"""What is wrong with a manifest: files, masks, labels, repeated pictures and leaks between sets."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.data.datasets.masks import read_stored_mask
from forensics.data.datasets.near_pairs import near_pairs
from forensics.data.datasets.perceptual_hash import BITS, NEAR, perceptual_hash
from forensics.data.manifest import ManifestRow, read_manifest
from signals import Evidence
from signals.errors import UnreadableImage
from signals.orientation import upright_size

KINDS: Mapping[str, str] = {
    "missing": "a picture or mask that is not there",
    "unreadable": "a picture or mask that cannot be decoded",
    "damaged": "a picture whose file is cut short: only its upper rows are there",
    "misaligned": "a mask of another size than its upright picture",
    "empty": "forged, but the mask marks nothing",
    "full": "forged, and the mask marks everything",
    "contradiction": "authentic with a mask that marks something, or forged without a mask",
    "duplicate": "the same bytes twice",
    "near_duplicate": f"two pictures alike (at most {NEAR} of {BITS} bits differ) that claim different sources",
    "leak": "a picture, a picture like it, or a source that stands in two splits or manifests",
}

_LISTED = 1000
_SOURCE_COLUMNS = ("source", "host", "pair")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: A key of ``KINDS``.
        image: The picture, as it stands in the manifest.
        detail: What is wrong with it.
        other: The other picture of a pair, or None.
    """

    kind: str
    image: str
    detail: str
    other: str | None = None


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        manifest: The manifest.
        against: The manifests it was compared with.
        labels: Pictures by label.
        counts: Problems by kind; kinds without any are absent.
        problems: The problems, at most 1,000 of a kind.
        plain: Pictures too plain to be compared by look.
    """

    manifest: Path
    against: tuple[Path, ...]
    labels: Mapping[int, int]
    counts: Mapping[str, int]
    problems: tuple[Problem, ...]
    plain: int

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counts


def verify(
    manifest: Path, against: Sequence[Path] = (), progress: Callable[[int, int], None] = lambda done, total: None
) -> Verification:
    """Looks at every picture and mask of a manifest once, and compares the pictures with each other.

    Pictures are alike if their perceptual hashes differ in few bits. Within a manifest such pairs count only if their
    sources differ, since a forgery looks like its original; pairs in different splits (column ``split``) and pairs
    with a picture of another manifest always count, as leaks. One picture is in memory at a time; less than 1 kB is
    kept of each.

    Args:
        manifest: The manifest.
        against: Manifests that must share no picture with it.
        progress: Called with pictures read and in total, those of ``against`` included.

    Raises:
        WrongUsage: A manifest cannot be read.
    """
    rows = read_manifest(manifest)
    others = [(path, read_manifest(path)) for path in against]
    total = len(rows) + sum(len(other) for _, other in others)
    read = count(1)

    def step() -> None:
        progress(next(read), total)

    found = _Found()
    seen = _look_at(rows, manifest, step, found)
    _compare_within(seen, found)
    for path, other_rows in others:
        _compare_between(seen, _look_at(other_rows, path, step, None), str(path), found)
    labels = Counter(row.label for row in rows)
    return Verification(manifest, tuple(against), labels, dict(found.counts), tuple(found.problems), seen.plain)


class _Found:
    """Problems, counted without end and listed up to a bound."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[Problem] = []

    def add(self, kind: str, image: str, detail: str, other: str | None = None) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= _LISTED:
            self.problems.append(Problem(kind, image, detail, other))


@dataclass
class _Seen:
    """What is kept of the pictures that could be read, in the same order."""

    names: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    hashes: list[NDArray[np.bool_] | None] = field(default_factory=list)

    @property
    def plain(self) -> int:
        return sum(bits is None for bits in self.hashes)

    def hashed(self) -> tuple[list[int], NDArray[np.bool_]]:
        """Rows that have a hash, and the hashes."""
        rows = [row for row, bits in enumerate(self.hashes) if bits is not None]
        return rows, np.array([self.hashes[row] for row in rows], dtype=np.bool_).reshape(len(rows), BITS)


def _look_at(rows: Iterable[ManifestRow], manifest: Path, done: Callable[[], None], found: _Found | None) -> _Seen:
    seen = _Seen()
    for row in rows:
        name = _shown(row.image, manifest)
        evidence = _read_picture(row, name, found)
        if evidence is not None:
            if found is not None:
                _check_mask(row, name, evidence, found)
            seen.names.append(name)
            seen.sources.append(next((row.columns[key] for key in _SOURCE_COLUMNS if row.columns.get(key)), ""))
            seen.sets.append(row.columns.get("set", ""))
            seen.splits.append(row.columns.get("split", ""))
            seen.labels.append(row.label)
            seen.digests.append(bytes.fromhex(evidence.sha256))
            seen.hashes.append(perceptual_hash(evidence.pixels))
        done()
    return seen


def _shown(image: Path, manifest: Path) -> str:
    folder = manifest.parent
    return image.relative_to(folder).as_posix() if image.is_relative_to(folder) else image.as_posix()


def _read_picture(row: ManifestRow, name: str, found: _Found | None) -> Evidence | None:
    try:
        evidence = Evidence.open(row.image)
        _ = evidence.pixels
    except UnreadableImage as error:
        if found is not None:
            missing = not os.path.isfile(row.image)
            found.add("missing" if missing else "unreadable", name, "no such file" if missing else str(error))
        return None
    if found is not None and evidence.decoded_rows < evidence.height:
        found.add("damaged", name, f"only {evidence.decoded_rows} of {evidence.height} rows are there")
    return evidence


def _check_mask(row: ManifestRow, name: str, evidence: Evidence, found: _Found) -> None:
    if row.mask is None:
        if row.label:
            found.add("contradiction", name, "labeled forged, but there is no mask")
        return
    if not os.path.isfile(row.mask):
        found.add("missing", name, f"its mask {row.mask.name} is not there")
        return
    try:
        pixels = read_stored_mask(row.mask).pixels
    except UnreadableImage as error:
        found.add("unreadable", name, str(error))
        return
    width, height = upright_size(evidence.width, evidence.height, evidence.orientation)
    if pixels.shape[:2] != (height, width):
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        found.add("misaligned", name, f"its mask is {size}, the upright picture {width} x {height}")
        return
    marked = float((pixels.max(2) > 127).mean())
    if not row.label and marked:
        found.add("contradiction", name, f"labeled authentic, but its mask marks {marked:.1%}")
    elif row.label and not marked:
        found.add("empty", name, "its mask marks nothing (no value above 127)")
    elif row.label and marked == 1:
        found.add("full", name, "its mask marks everything")


def _compare_within(seen: _Seen, found: _Found) -> None:
    first: dict[bytes, int] = {}
    for row, digest in enumerate(seen.digests):
        other = first.setdefault(digest, row)
        if other != row:
            _report_same(seen, other, row, found)
    rows, hashes = seen.hashed()
    for one, two, bits in near_pairs(hashes, None, NEAR):
        left, right = rows[one], rows[two]
        if seen.digests[left] == seen.digests[right]:
            continue
        alike = f"looks like {seen.names[right]}, {bits} of {BITS} bits differ"
        if seen.splits[left] != seen.splits[right]:
            where = f"of split {seen.splits[right] or '-'}"
            found.add("leak", seen.names[left], f"{alike}, {where}", seen.names[right])
        elif not seen.sources[left] or seen.sources[left] != seen.sources[right]:
            named = seen.sources[left] and seen.sources[right]
            claimed = f"sources {seen.sources[left]} and {seen.sources[right]}" if named else "no source is given"
            found.add("near_duplicate", seen.names[left], f"{alike}; {claimed}", seen.names[right])
    _check_sources(seen, found)


def _report_same(seen: _Seen, first: int, again: int, found: _Found) -> None:
    detail = f"the same bytes as {seen.names[first]}"
    if seen.labels[first] != seen.labels[again]:
        detail += f", labeled {seen.labels[again]} here and {seen.labels[first]} there"
    if seen.splits[first] != seen.splits[again]:
        found.add("leak", seen.names[again], f"{detail}, of split {seen.splits[first] or '-'}", seen.names[first])
    else:
        found.add("duplicate", seen.names[again], detail, seen.names[first])


def _check_sources(seen: _Seen, found: _Found) -> None:
    """A source whose pictures stand in several splits."""
    splits: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row, source in enumerate(seen.sources):
        if source:
            splits[seen.sets[row], source].setdefault(seen.splits[row], row)
    for (_, source), rows in splits.items():
        if len(rows) > 1:
            told = ", ".join(sorted(split or "-" for split in rows))
            found.add("leak", seen.names[next(iter(rows.values()))], f"source {source} stands in splits {told}")


def _compare_between(seen: _Seen, other: _Seen, where: str, found: _Found) -> None:
    there = {digest: row for row, digest in reversed(list(enumerate(other.digests)))}
    for row, digest in enumerate(seen.digests):
        if digest in there:
            name = other.names[there[digest]]
            found.add("leak", seen.names[row], f"the same bytes as {name} of {where}", name)
    rows, hashes = seen.hashed()
    other_rows, other_hashes = other.hashed()
    for one, two, bits in near_pairs(hashes, other_hashes, NEAR):
        left, right = rows[one], other_rows[two]
        if seen.digests[left] != other.digests[right]:
            detail = f"looks like {other.names[right]} of {where}, {bits} of {BITS} bits differ"
            found.add("leak", seen.names[left], detail, other.names[right])
    sources = {key: row for row, key in enumerate(zip(other.sets, other.sources, strict=True)) if key[1]}
    told: set[tuple[str, str]] = set()
    for row, key in enumerate(zip(seen.sets, seen.sources, strict=True)):
        if key in sources and key not in told:
            told.add(key)
            name = other.names[sources[key]]
            found.add("leak", seen.names[row], f"its source {key[1]} stands in {where} too, as {name}", name)
