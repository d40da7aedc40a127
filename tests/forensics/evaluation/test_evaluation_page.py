"""docs/evaluation.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from forensics.cli.main import app
from forensics.evaluation.evaluate import Evaluation
from forensics.evaluation.protocols import list_protocols
from forensics.evaluation.subject import PAIR_COLUMNS, SOURCE_COLUMNS

CHECKOUT = Path(__file__).resolve().parents[3]
PAGE = (CHECKOUT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_protocol_has_its_row_and_no_other_is_named() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section("Protocols"), re.MULTILINE)
    assert sorted(rows) == list_protocols()


def test_every_option_that_is_shown_exists() -> None:
    command = get_command(app).commands["evaluate"]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    shown = {option for line in re.findall(r"^tracefuse evaluate .*", PAGE, re.MULTILINE) for option in line.split()}
    assert {option for option in shown if option.startswith("--")} <= known
    assert set(re.findall(r"^\| `(--\w+)", section("What is scored"), re.MULTILINE)) <= known


def test_the_columns_of_the_manifest_are_those_that_are_read() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", section("What is scored"), re.MULTILINE)
    named = [tuple(re.findall(r"`(\w+)`", row)) for row in rows]
    assert SOURCE_COLUMNS in named
    assert PAIR_COLUMNS in named


def test_the_code_runs_and_the_table_shows_what_it_finds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(CHECKOUT)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Evaluation] = {}
    exec(code, names)
    failed, f1 = capsys.readouterr().out.split()
    measures = {measure.name: measure for measure in names["found"].measures}
    assert f"{failed} of them without a map" in PAGE
    for name in ("tracefuse/pixel_f1@0.5", "tracefuse/pixel_auc"):
        shown = re.search(rf"^{re.escape(name)} +4 +(\.\d+)", PAGE, re.MULTILINE)
        assert shown
        assert float(shown.group(1)) == pytest.approx(measures[name].value, abs=0.01)
    assert float(f1) == measures["tracefuse/pixel_f1@0.5"].value


def test_published_figures_are_marked_as_such() -> None:
    published = section("Published figures")
    assert published.lstrip().startswith("*Published, by their own protocol*")
    rows = [line for line in published.splitlines() if re.match(r"^\| .*\.\d{3}", line)]
    assert rows
    assert all("https://" in row for row in rows)
