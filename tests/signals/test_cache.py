"""A cached map is the map, whoever else uses the folder and whatever happened to its files."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from signals import Evidence, SignalMap, SignalSpec, get_signal
from signals.atomic_file import replace_file
from signals.cache import SignalCache
from signals.errors import BrokenSignal, OutputNotWritable, WrongUsage

CHECKOUT = Path(__file__).resolve().parents[2]


SPEC = SignalSpec("counting", "1", {"a": 1, "b": [2]}, channels=3, stride=4, dtype="int8")


@dataclass
class Counting:
    """Random cells that depend on the picture; counts how often it was asked."""

    spec: SignalSpec = SPEC
    usable: bool = True
    asked: list[str] = field(default_factory=list)
    reads = blind_when = ""

    def extract(self, evidence: Evidence) -> SignalMap:
        self.asked.append(evidence.sha256)
        if not self.usable:
            return SignalMap.unusable(self.spec, "There is nothing, not even a dæmon, in it.")
        random = np.random.default_rng(int(evidence.sha256[:8], 16))
        grid = self.spec.grid(evidence.height, evidence.width)
        values = random.integers(-128, 128, (self.spec.channels, *grid)).astype(self.spec.dtype)
        side = {"table": np.arange(6, dtype=np.float16).reshape(2, 3), "flag": np.array(True)}
        return SignalMap(self.spec, values, random.random(grid) < 0.5, side)


def picture(seed: int, height: int = 21, width: int = 34) -> Evidence:
    return Evidence.from_pixels(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def same(first: SignalMap, second: SignalMap) -> bool:
    pairs = [(first.values, second.values), (first.valid, second.valid)]
    pairs += [(first.side[name], second.side[name]) for name in first.side]
    arrays = all(np.array_equal(a, b) and a.dtype == b.dtype and a.shape == b.shape for a, b in pairs)
    return arrays and (first.spec, first.usable, first.reason, set(first.side)) == (
        second.spec, second.usable, second.reason, set(second.side)
    )  # fmt: skip


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.signal.npz"))


def fill(cache: SignalCache, count: int, first: int = 0) -> Counting:
    signal = Counting()
    for seed in range(first, first + count):
        cache.extract(signal, picture(seed))
    return signal


@pytest.mark.parametrize("usable", [True, False])
def test_a_map_comes_back_as_it_was(tmp_path: Path, usable: bool) -> None:
    signal = Counting(usable=usable)
    first = SignalCache(tmp_path / "deep" / "maps").extract(signal, picture(0))
    second = SignalCache(tmp_path / "deep" / "maps").extract(signal, picture(0))
    assert len(signal.asked) == 1
    assert same(first, second)
    assert first.usable == usable


@pytest.mark.parametrize("name", ["dct", "splicebuster_counts"])
def test_a_real_signal_of_a_file(tmp_path: Path, name: str, noise, encode) -> None:
    cache, signal, data = SignalCache(tmp_path), get_signal(name), encode(noise(205, 163), "jpeg")
    found = [cache.extract(signal, Evidence.open(data)) for _ in range(2)]
    assert same(found[0], signal.extract(Evidence.open(data)))
    assert same(*found)
    # In the map's own type of one byte, and compressed.
    assert found[0].values.itemsize == 1
    assert entries(tmp_path)[0].stat().st_size < 0.9 * found[0].values.size


def test_other_pictures_versions_and_parameters_are_other_entries(tmp_path: Path) -> None:
    cache, asked = SignalCache(tmp_path), []
    specs = [
        SignalSpec("counting", version, parameters, 3, 4, 0, "int8")
        for version, parameters in [("1", {"a": 1, "b": 2}), ("2", {"a": 1, "b": 2}), ("1", {"a": 2, "b": 2})]
    ]
    for spec in [*specs, SignalSpec("counting", "1", {"b": 2, "a": 1}, 3, 4, 0, "int8")]:
        for seed in (0, 1):
            cache.extract(Counting(spec, asked=asked), picture(seed))
    assert len(asked) == 6, "the order of the parameters does not matter"


def test_a_file_and_an_array_of_one_digest_are_two(tmp_path: Path) -> None:
    cache, signal = SignalCache(tmp_path), Counting()
    array = picture(0)
    file = Evidence(None, None, "png", array.width, array.height, _given=array._given)
    assert array.sha256 == file.sha256
    cache.extract(signal, array)
    cache.extract(signal, file)
    assert len(signal.asked) == 2


def test_a_score_follows_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import signals.cache
    import signals.score
    from signals.score import Score, Statistic, score_spec

    class Bright(Score):
        spec = score_spec("bright", "1", 8)
        reads = blind_when = ""

        def measure(self, evidence: Evidence) -> Statistic:
            grid = self.spec.grid(evidence.height, evidence.width)
            return Statistic(np.full(grid, 7.0), np.ones(grid, np.bool_))

    found = []
    for top in (10.0, 14.0):
        for module in (signals.cache, signals.score):
            monkeypatch.setattr(module, "pristine_anchors", lambda name, top=top: np.linspace(0, top, 33))
        found.append(SignalCache(tmp_path).extract(Bright(), picture(0)).values[0, 0, 0])
    assert found == pytest.approx([0.7, 0.5], abs=0.01)


def test_a_signal_may_decline(tmp_path: Path) -> None:
    signal = Counting()
    signal.cacheable = False  # type: ignore[attr-defined]
    for _ in range(2):
        SignalCache(tmp_path).extract(signal, picture(0))
    assert (len(signal.asked), entries(tmp_path)) == (2, [])


@pytest.mark.parametrize("harm", ["empty", "cut", "flipped", "text", "another entry", "another shape"])
def test_a_damaged_entry_is_computed_and_written_again(tmp_path: Path, harm: str) -> None:
    cache, signal = SignalCache(tmp_path), Counting()
    expected = cache.extract(signal, picture(0))
    (path,) = entries(tmp_path)
    content = path.read_bytes()
    middle = len(content) // 2
    if harm == "another entry":
        cache.extract(signal, picture(1))
        (other,) = set(entries(tmp_path)) - {path}
        path.write_bytes(other.read_bytes())
    elif harm == "another shape":
        with np.load(path) as arrays:
            np.savez(path, **{**arrays, "values": arrays["values"][:, :2]})
    else:
        path.write_bytes({
            "empty": b"",
            "cut": content[:middle],
            "flipped": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
            "text": b"not an archive" * 40,
        }[harm])  # fmt: skip
    signal.asked.clear()
    assert same(cache.extract(signal, picture(0)), expected)
    assert same(cache.extract(signal, picture(0)), expected)
    assert len(signal.asked) == 1


def test_a_pickle_in_the_folder_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    cache, signal = SignalCache(tmp_path), Counting()
    cache.extract(signal, picture(0))
    (path,) = entries(tmp_path)
    with np.load(path) as arrays:
        np.savez(path, **{**arrays, "key": np.array([Trap()], dtype=object)})
    path.with_suffix(".pickle").write_bytes(pickle.dumps(Trap()))
    assert cache.extract(signal, picture(0)).usable
    assert not (tmp_path / "sprung").exists()


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    fill(SignalCache(tmp_path), 8)
    size = max(path.stat().st_size for path in entries(tmp_path))
    for age, seed in enumerate(range(8)):
        before = set(entries(tmp_path))
        signal = fill(SignalCache(tmp_path), 1, seed)
        assert not signal.asked
        assert set(entries(tmp_path)) == before
        # What was read last has the latest time: spread the times so that no clock is too coarse for it.
        newest = max(before, key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1000 + age,) * 2)
    fill(SignalCache(tmp_path), 1, first=0)
    cache = SignalCache(tmp_path, max_bytes=size * 6)
    fill(cache, 1, first=100)
    assert not fill(cache, 1, first=0).asked, "used last"
    assert not fill(cache, 1, first=7).asked
    assert fill(cache, 1, first=1).asked, "used longest ago"


def test_one_process_keeps_to_the_bound(tmp_path: Path) -> None:
    (tmp_path / "mine.npz").write_bytes(bytes(50_000))
    bound = 20_000
    cache = SignalCache(tmp_path, bound)
    for seed in range(80):
        fill(cache, 1, seed)
        assert sum(path.stat().st_size for path in entries(tmp_path)) <= bound
    assert sum(path.stat().st_size for path in entries(tmp_path)) > bound / 2
    assert (tmp_path / "mine.npz").stat().st_size == 50_000


def test_what_is_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    fill(SignalCache(tmp_path, 100), 2)
    assert entries(tmp_path) == []


def test_what_was_never_finished_is_cleared_away(tmp_path: Path) -> None:
    names = [f".{letter * 40}.{letter * 16}.partial" for letter in "ab"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / ".mine.partial").write_bytes(b"precious")
    for name in (names[0], ".mine.partial"):
        os.utime(tmp_path / name, (time.time() - 7200,) * 2)
    fill(SignalCache(tmp_path), 1)
    assert {path.name for path in tmp_path.glob(".*")} == {names[1], ".mine.partial"}


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    cache = SignalCache(tmp_path / "maps")
    fill(cache, 1)
    entries(tmp_path / "maps")[0].unlink()
    (tmp_path / "maps").rmdir()
    assert fill(cache, 1).asked
    assert not fill(cache, 1).asked


def test_a_full_disk_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("signals.cache.replace_file", full)
    assert SignalCache(tmp_path).extract(Counting(), picture(0)).usable


def test_mistakes_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputNotWritable, match="cannot be made"):
        SignalCache(tmp_path / "file" / "maps")
    with pytest.raises(WrongUsage, match="holds nothing"):
        SignalCache(tmp_path, max_bytes=0)
    with pytest.raises(BrokenSignal, match="not JSON values"):
        SignalCache(tmp_path).extract(Counting(SignalSpec("counting", "1", {"a": object()})), picture(0))
    with pytest.raises(BrokenSignal, match="not JSON values"):
        SignalCache(tmp_path).extract(Counting(SignalSpec("counting", "1", {"a": float("nan")})), picture(0))


def test_a_broken_map_is_not_kept(tmp_path: Path) -> None:
    class Broken(Counting):
        def extract(self, evidence: Evidence) -> SignalMap:
            return SignalMap(self.spec, np.zeros((1, 1, 1), np.int8), np.ones((1, 1), np.bool_))

    with pytest.raises(BrokenSignal):
        SignalCache(tmp_path).extract(Broken(), picture(0))
    assert entries(tmp_path) == []


# Every process asks for the same pictures in an order of its own, damages or removes an entry now and then,
# and compares each map with what the signal says by itself.
WORKER = """
import sys, random
from pathlib import Path
import numpy as np
from signals import Evidence, SignalMap, SignalSpec
from signals.cache import SignalCache

class Plain:
    spec = SignalSpec("plain", "1", channels=2, stride=1, dtype="uint8")
    reads = blind_when = ""
    def extract(self, evidence):
        values = evidence.pixels.transpose(2, 0, 1)[:2].copy()
        return SignalMap(self.spec, values, values[0] > 9)

folder, seed, bound, harm = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "harm"
order, cache, signal = random.Random(seed), SignalCache(folder, bound), Plain()
noise = [np.random.default_rng(n).integers(0, 256, (24, 24, 3), dtype=np.uint8) for n in range(40)]
pictures = [Evidence.from_pixels(pixels) for pixels in noise]
for turn in range(200):
    evidence = order.choice(pictures)
    found, plain = cache.extract(signal, evidence), signal.extract(evidence)
    assert np.array_equal(found.values, plain.values) and np.array_equal(found.valid, plain.valid)
    if harm and turn % 10 == 0:
        paths = list(folder.glob("*.npz"))
        for path in order.sample(paths, k=min(1, len(paths))):
            if turn % 20:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(b"harm")
print("done")
"""


@pytest.mark.parametrize("harm", ["harm", "peace"])
def test_several_processes_at_once(tmp_path: Path, harm: str) -> None:
    bound, count = 40_000, 3
    arguments = [sys.executable, "-W", "error", "-c", WORKER, str(tmp_path)]
    workers = [
        subprocess.Popen([*arguments, str(seed), str(bound), harm], cwd=CHECKOUT, stdout=-1, stderr=-1, text=True)
        for seed in range(count)
    ]
    largest = 0
    while any(worker.poll() is None for worker in workers):
        sizes = [_size(path) for path in entries(tmp_path)]
        largest = max(largest, sum(sizes))
        time.sleep(0.02)
    for worker in workers:
        said, failed = worker.communicate()
        assert said == "done\n", failed
    # Each may be ahead of the others by a sixteenth and the entry it writes.
    entry = max(map(_size, entries(tmp_path)))
    assert bound / 4 < largest <= bound * (1 + count / 16) + count * entry
    assert not list(tmp_path.glob(".*"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(tmp_path / "new" / "a", b"1")
    replace_file(tmp_path / "new" / "a", b"2")
    assert (tmp_path / "new" / "a").read_bytes() == b"2"
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "new" / "a").stat().st_mode & 0o777 == 0o666 & ~umask

    def fail(path: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "new" / "a", b"3")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "new").iterdir()] == [("a", b"2")]
