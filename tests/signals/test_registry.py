from __future__ import annotations

import importlib.metadata

import pytest

from signals import (
    SignalMap,
    SignalSpec,
    UnknownSignal,
    WrongUsage,
    broken_signals,
    get_signal,
    list_signals,
    register_signal,
    registry,
)


class Dummy:
    reads = "Nothing."
    blind_when = "Always."

    def __init__(self, name="dummy"):
        self.spec = SignalSpec(name, version="1")

    def extract(self, evidence):
        return SignalMap.unusable(self.spec, "It reads nothing.")


class FakeEntryPoint:
    def __init__(self, name, load):
        self.name, self.load = name, load


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_instances", {})


def _install(monkeypatch, *points):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: list(points))


def test_what_ships():
    assert {"dct", "splicebuster_counts"} <= set(list_signals())
    assert get_signal("dct") is get_signal("dct")
    assert all(get_signal(name).spec.name == name for name in list_signals())


def test_unknown_name_says_what_is_near_or_all_there_is():
    with pytest.raises(UnknownSignal, match=r"did you mean dct"):
        get_signal("dtc")
    with pytest.raises(UnknownSignal, match=r"choose one of adq1, .*zero_votes"):
        get_signal("9999")


def test_register_by_hand():
    register_signal("dummy", Dummy)
    assert "dummy" in list_signals()
    assert get_signal("dummy").spec.name == "dummy"
    with pytest.raises(WrongUsage):
        register_signal("dummy", Dummy)
    with pytest.raises(WrongUsage):
        register_signal("dct", Dummy)


def test_entry_points_and_broken_ones(monkeypatch):
    def fails():
        raise ImportError("no module named sensor\nsecond line")

    _install(
        monkeypatch,
        FakeEntryPoint("dummy", lambda: Dummy),
        FakeEntryPoint("absent", fails),
        FakeEntryPoint("misnamed", lambda: Dummy),
        FakeEntryPoint("number", lambda: int),
        FakeEntryPoint("dct", fails),
    )
    names = list_signals()
    assert "dummy" in names
    assert not {"absent", "misnamed", "number"} & set(names)
    assert names == sorted(set(names))
    assert get_signal("dummy").reads == "Nothing."
    broken = broken_signals()
    assert sorted(broken) == ["absent", "misnamed", "number"]
    assert broken["absent"] == "ImportError: no module named sensor"
    with pytest.raises(UnknownSignal, match=r"absent: .*sensor"):
        get_signal("absent")


def test_a_registered_signal_must_be_one_of_that_name(monkeypatch):
    monkeypatch.setattr("signals.registry._registered", {})
    register_signal("some_name", lambda: Dummy())
    register_signal("number", lambda: 5)
    for name in ("some_name", "number"):
        with pytest.raises(WrongUsage, match=name):
            get_signal(name)
