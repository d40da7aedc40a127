import io
import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from forensics.data.forge.controls import CONTROL_KINDS
from forensics.data.forge.innocent.processing import list_innocents
from forensics.data.manifest import ManifestRow
from forensics.data.photos import PhotoPool
from forensics.evaluation.controls import (
    UNTOUCHED,
    ControlPictures,
    ControlScores,
    run_controls,
    score_pair,
    summarize_control,
    summarize_innocents,
    wilson_interval,
)
from forensics.evaluation.controls_report import control_markdown, control_tables
from forensics.evaluation.maps import MapResult
from forensics.evaluation.prior import closeness
from signals import Evidence


@dataclass
class Told:
    """A source of maps that is told the truth: how far each pixel differs from its twin, beyond rounding."""

    twins: dict[str, np.ndarray]
    score: float | None = 0.4

    @property
    def description(self) -> dict[str, Any]:
        return {"kind": "test", "name": "told"}

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        values = np.zeros(evidence.pixels.shape[:2], np.float32)
        for pixels in self.twins.values():
            if pixels.shape == evidence.pixels.shape:
                values = np.abs(pixels.astype(np.float32) - evidence.pixels).mean(2)
        return MapResult(np.where(values > 4, values / 255, np.float32(0)), self.score)


class Blind:
    """Never looks: the nearer to the middle, the more suspicious."""

    description: ClassVar[dict[str, str]] = {"kind": "test", "name": "blind"}

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        return MapResult((closeness(*evidence.pixels.shape[:2]) + 2) / 2, 0.5 if row.image.stem.endswith("1") else 0.3)


class Broken:
    description: ClassVar[dict[str, str]] = {"kind": "test", "name": "broken"}

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        return MapResult(None, failure="never works")


@pytest.fixture(scope="module")
def pictures(photo_folder: Any) -> ControlPictures:
    return ControlPictures(PhotoPool.open(photo_folder), seed=1, side=96)


def test_who_sees_the_edit_finds_content_and_traces_but_no_null_edit(pictures: ControlPictures) -> None:
    found = {}
    for kind in CONTROL_KINDS:
        pairs = []
        for number in range(4):
            edited, twin = pictures.pair(kind, number)
            told = Told({"twin": Evidence.open(twin.data).pixels})
            pairs.append(score_pair(told, edited, twin))
        found[kind] = summarize_control(kind, pairs)
    assert found["null_edit"].over_twin.mean == pytest.approx(0.5, abs=0.03)
    assert found["content_only"].auc.mean > 0.9
    assert found["content_only"].gain.low > 0
    assert found["trace_only"].over_twin.mean > 0.6
    assert found["trace_only"].holds is None


def test_who_never_looks_is_the_prior_and_finds_nothing_over_the_twin(pictures: ControlPictures) -> None:
    report = run_controls(Blind(), pictures, 2)
    for control in report.controls:
        assert control.auc.mean == pytest.approx(control.prior.mean, abs=1e-3)
        assert control.over_twin.mean == 0.5
    rates = {rate.kind: rate for rate in report.innocents}
    assert set(rates) == {UNTOUCHED, *list_innocents()}
    assert all((rate.n, rate.called) == (2, 1) for rate in rates.values())


def test_failed_maps_count_as_chance(pictures: ControlPictures) -> None:
    report = run_controls(Broken(), pictures, 2)
    assert [control.failed for control in report.controls] == [2, 2, 2]
    assert all(control.auc.mean == control.over_twin.mean == 0.5 for control in report.controls)
    assert report.innocents == ()


def test_progress_and_the_same_numbers_again(pictures: ControlPictures) -> None:
    steps: list[None] = []
    first = run_controls(Blind(), pictures, 2, lambda: steps.append(None))
    assert len(steps) == 2 * (len(CONTROL_KINDS) + 1 + len(list_innocents()))
    again = ControlPictures(pictures.photos, seed=1, side=96)
    assert json.dumps(first.to_json()) == json.dumps(run_controls(Blind(), again, 2).to_json())


def _pairs(over_twin: float, spread: float = 0.0, auc: float = 0.6, n: int = 60) -> list[ControlScores]:
    offsets = np.linspace(-spread, spread, n)
    return [ControlScores(f"{i}", auc + o, 0.6, over_twin + o, 0.5, 0.5) for i, o in enumerate(offsets)]


def test_rules() -> None:
    assert summarize_control("null_edit", _pairs(0.52)).holds is True
    assert summarize_control("null_edit", _pairs(0.6)).holds is False
    assert summarize_control("null_edit", _pairs(0.56, spread=0.5)).holds is None
    assert summarize_control("null_edit", _pairs(0.52, n=6)).holds is None
    assert summarize_control("content_only", _pairs(0.5, auc=0.7, n=6)).holds is None
    assert summarize_control("content_only", _pairs(0.5, auc=0.6)).holds is True
    assert summarize_control("content_only", _pairs(0.5, auc=0.7)).holds is False
    assert summarize_control("trace_only", _pairs(0.9)).rule is None


def test_failed_maps_prove_nothing() -> None:
    failed = [replace(pair, failed=True) for pair in _pairs(0.5)]
    assert summarize_control("null_edit", failed).holds is None
    assert summarize_control("content_only", failed).holds is None


def test_wilson_interval_equals_scipy() -> None:
    from scipy.stats import binomtest

    for hits, n in ((0, 7), (3, 19), (20, 20), (55, 400)):
        expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert wilson_interval(hits, n) == pytest.approx((expected.low, expected.high))


def test_innocent_rates() -> None:
    marked = np.zeros((4, 4), np.float32)
    marked[0] = 0.9
    rate = summarize_innocents("logo", [MapResult(marked, 0.5), MapResult(marked, 0.49), MapResult(None, None)])
    assert (rate.n, rate.called, rate.marked) == (2, 1, pytest.approx(1 / 6))


def test_tables_fit_80_columns(pictures: ControlPictures) -> None:
    from rich.console import Console

    report = run_controls(Blind(), pictures, 2)
    console = Console(width=80, record=True, file=io.StringIO())
    for table in control_tables(report):
        console.print(table)
    text = console.export_text()
    assert "…" not in text
    for word in ("content_only", "over the twin", "portrait_blur", "1 of 2"):
        assert word in text
    card = control_markdown(report)
    assert "| over the twin | 0.500 [0.500, 0.500] |" in card
    assert "| untouched | 1 of 2 |" in card
