from __future__ import annotations

import numpy as np
from PIL import Image

import signals
from signals import Evidence, get_signal


def test_list_tells_of_broken_ones(tracefuse, monkeypatch) -> None:
    monkeypatch.setattr(signals, "broken_signals", lambda: {"foreign": "ImportError: no [module]"})
    monkeypatch.setenv("COLUMNS", "120")
    ran = tracefuse("signals", "list")
    assert ran.exit_code == 0
    assert "dct" in ran.out
    assert "splicebuster_counts" in ran.out
    assert "foreign: installed but cannot be loaded; ImportError: no [module]" in ran.out


def test_extract_writes_what_the_signal_says(tracefuse, photo, tmp_path) -> None:
    data = photo(161, 97)
    (tmp_path / "a.jpg").write_bytes(data)
    ran = tracefuse("signals", "extract", "a.jpg", "--signal", "dct", "--out", "o/a.npz", "--png", "o/a.png")
    assert (ran.exit_code, ran.err) == (0, "")
    assert ran.out.startswith("o/a.npz\no/a.png\ndct: 64 x 13 x 21 uint8, 100.0% of the cells valid")
    expected = get_signal("dct").extract(Evidence.open(data))
    with np.load(tmp_path / "o/a.npz") as saved:
        np.testing.assert_array_equal(saved["values"], expected.values)
        np.testing.assert_array_equal(saved["valid"], expected.valid)
        assert (int(saved["stride"]), bool(saved["usable"]), str(saved["reason"])) == (8, True, "")
    # The picture's part, and beside it the strip of untouched photos.
    width, height = Image.open(tmp_path / "o/a.png").size
    assert height == 97
    assert 161 < width < 190


def test_extract_keeps_maps_in_a_cache(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo(161, 97))
    runs = [tracefuse("signals", "extract", "a.jpg", "--signal", "dct", "--cache", "maps") for _ in range(2)]
    assert runs[0].out == runs[1].out
    assert len(list((tmp_path / "maps").glob("*.signal.npz"))) == 1


def test_unknown_signal_is_2(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo())
    ran = tracefuse("signals", "extract", "a.jpg", "--signal", "nonsense")
    assert (ran.exit_code, ran.err.count("\n")) == (2, 1)
