import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from forensics.evaluation.selective.reading import read_judged
from forensics.evaluation.selective.report import SelectiveReport, selective_tables
from signals.errors import WrongUsage


def _result(count: int = 60) -> dict[str, Any]:
    pictures = []
    for number in range(count):
        label = number % 2
        score = 0.5 + (label - 0.5) * (0.9 if number % 7 else -0.1)
        values = {"marked_area": 0.1} | ({"pixel_f1@0.5": 0.1 * (number % 10)} if label else {})
        confidences = {"sure": abs(score - 0.5), "half": 0.5}
        file = {"quality": float(number % 3), "megapixels": 1.0}
        row = {"source": f"s{number // 2}", "label": label, "score": score, "values": values}
        pictures.append(row | {"confidences": confidences, "file": file})
    return {"schema": "evaluation/1", "protocol": "tracefuse", "pictures": pictures}


def test_a_result_is_read(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(_result()))
    pictures = read_judged(path)
    assert len(pictures) == 60
    assert pictures[0].f1 is None
    assert pictures[3].localization_loss == pytest.approx(0.7)
    assert pictures[7].detection_loss == 1
    assert pictures[1].confidences == {"sure": pytest.approx(0.45), "half": 0.5}


@pytest.mark.parametrize("change", [{"schema": "other"}, {"pictures": [{}]}, {"pictures": 3}])
def test_what_is_no_result_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**_result(), **change}))
    with pytest.raises(WrongUsage, match="no result of tracefuse evaluate"):
        read_judged(path)


def test_another_protocol_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**_result(), "protocol": "trufor"}))
    with pytest.raises(WrongUsage, match="--protocol tracefuse"):
        read_judged(path)


def test_tables_fit_80_columns_and_put_the_best_first(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(_result()))
    report = SelectiveReport.of(read_judged(path))
    console = Console(width=80, record=True, file=io.StringIO())
    for table in selective_tables(report):
        console.print(table)
    text = console.export_text()
    assert "…" not in text
    assert text.index("sure") < text.index("half")
    for words in ("detection (60 pictures)", "localization (60 pictures)", "isotonic, quality and size"):
        assert words in text
    assert json.loads(json.dumps(report.to_json()))["schema"] == "selective/1"
