"""Tables made of constructed result files: never mixed, sorted, with the baselines among the rows."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.leaderboard import build_boards
from forensics.evaluation.leaderboard_page import to_html, to_markdown
from forensics.evaluation.protocols import Measure
from forensics.evaluation.result import EvaluatedSet
from forensics.evaluation.result_file import PictureResult, ResultFile
from signals.errors import WrongUsage

CASIA = EvaluatedSet("casia", "manifest.csv", "ab" * 32)


def exactly(value):
    return Interval(value, value - 0.01, value + 0.01, 50)


def result(name, f1, auc=0.6, prior=0.3, **changes):
    measures = (
        Measure("tracefuse/pixel_f1@0.5", 50, f1, exactly(f1), exactly(prior), skill=exactly(f1 - prior), all_one=0.25),
        Measure("tracefuse/pixel_auc", 50, 0.7, exactly(0.7), exactly(0.65), all_one=0.5),
        Measure("tracefuse/score_auc", 100, auc, exactly(auc)),
    )
    fields = {
        "path": Path(f"{name}.json"),
        "tracefuse": "0.1.0",
        "created": "2026-11-21T10:00:00Z",
        "protocol": "tracefuse",
        "definition": "words",
        "set": CASIA,
        "source": {"kind": "checkpoint", "name": name, "sha256": "12" * 32},
        "counts": {"scored": 100, "failed": 2, "excluded": 1},
        "measures": {measure.name: measure for measure in measures},
        "header": exactly(0.9),
        "pictures": (PictureResult("a.jpg", "a", 1, "altered", "00", auc, {}),),
    }
    return ResultFile(**{**fields, **changes})


def names(board):
    return [entry.name for entry in board.entries]


def test_rows_stand_in_the_order_of_the_first_number_with_the_baselines_between():
    (board,) = build_boards([result("weak", 0.28), result("strong", 0.5), result("blind", 0.1)])
    assert names(board) == [
        "checkpoint strong",
        "prior: blind guess at the center",
        "checkpoint weak",
        "everything marked",
        "checkpoint blind",
        "file headers alone",
    ]
    assert [entry.baseline for entry in board.entries] == [False, True, False, True, False, True]
    assert board.columns == ("tracefuse/pixel_f1@0.5", "tracefuse/pixel_auc", "tracefuse/score_auc")


@pytest.mark.parametrize(
    "changes",
    [
        {"protocol": "trufor"},
        {"definition": "the same name, other words"},
        {"set": EvaluatedSet("coverage", "manifest.csv", "cd" * 32)},
        {"set": replace(CASIA, sha256="cd" * 32)},
        {"set": replace(CASIA, limit=100)},
    ],
)
def test_nothing_is_mixed(changes):
    boards = build_boards([result("one", 0.5), result("other", 0.4, **changes)])
    assert sorted(entry.name for board in boards for entry in board.entries if not entry.baseline) == [
        "checkpoint one",
        "checkpoint other",
    ]
    assert len(boards) == 2


def test_one_manifest_with_two_truths_is_refused():
    with pytest.raises(WrongUsage, match=r"prior of tracefuse/pixel_f1@0\.5 differs"):
        build_boards([result("one", 0.5), result("other", 0.4, prior=0.2)])
    changed = (PictureResult("a.jpg", "a", 0, "altered", "00", 0.5, {}),)
    with pytest.raises(WrongUsage, match=r"a\.jpg differs"):
        build_boards([result("one", 0.5), result("other", 0.4, pictures=changed)])


def test_of_a_set_of_authentic_pictures_the_fewest_alarms_come_first():
    def quiet(name, area):
        measure = Measure("tracefuse/false_alarm_area", 9, area, exactly(area))
        return result(name, 0.0, measures={measure.name: measure})

    (board,) = build_boards([quiet("loud", 0.4), quiet("calm", 0.1)])
    assert names(board)[:2] == ["checkpoint calm", "checkpoint loud"]


def test_a_protocol_that_lists_precision_first_is_sorted_by_its_f1():
    def peer(name, precision, f1):
        measures = {
            f"omgfuser/{quantity}": Measure(f"omgfuser/{quantity}", 9, value)
            for quantity, value in (("pixel_precision_manipulated", precision), ("pixel_f1_manipulated", f1))
        }
        return result(name, 0.0, protocol="omgfuser", measures=measures)

    (board,) = build_boards([peer("shy", 0.9, 0.1), peer("bold", 0.3, 0.5)])
    assert board.columns == ("omgfuser/pixel_f1_manipulated",)
    assert names(board)[:2] == ["checkpoint bold", "checkpoint shy"]


def test_no_file_is_refused():
    with pytest.raises(WrongUsage, match="no result file"):
        build_boards([])


def test_the_markdown_page_holds_all_that_a_reader_needs():
    page = to_markdown(build_boards([result("a|b", 0.5)]))
    (row,) = [line for line in page.splitlines() if "checkpoint" in line]
    for cell in (
        "0.500 [0.490, 0.510]",
        "+0.200 [+0.190, +0.210]",
        "100 | 2 | 1",
        "121212121212",
        "2026-11-21",
        "0.1.0",
    ):
        assert cell in row
    assert "a\\|b" in row
    assert "ab" * 32 in page
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in tables}) == 1


def test_the_html_page_loads_nothing_and_believes_no_name():
    page = to_html(build_boards([result("<script>x</script>", 0.5)]))
    assert "<script" not in page
    assert not re.search(r"(src|href)=|url\(|@import", page)

    class Cells(HTMLParser):
        rows: list[int] = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):
            if tag == "tr":
                self.rows.append(0)
            if tag in ("td", "th"):
                self.rows[-1] += 1

    parser = Cells()
    parser.feed(page)
    assert len(parser.rows) == 5  # heads, the result, three baselines
    assert len(set(parser.rows)) == 1


def test_the_markdown_page_believes_no_name():
    name = "a<b>`c`\\|d\n# e"
    page = to_markdown(build_boards([result(name, 0.5, set=replace(CASIA, name=f"set {name}"))]))
    (row,) = [line for line in page.splitlines() if "checkpoint" in line]
    (heading,) = [line for line in page.splitlines() if line.startswith("## ")]
    escaped = r"a\<b\>\`c\`\\\|d # e"
    assert f"| checkpoint {escaped} |" in row
    assert heading == f"## set {escaped}, protocol tracefuse"


def test_a_file_that_is_given_twice_is_one_row():
    one, other = result("one", 0.5), result("other", 0.5)
    (board,) = build_boards([one, other, one, replace(one, path=Path("copies/one.json"))])
    assert [name for name in names(board) if name.startswith("checkpoint")] == ["checkpoint one", "checkpoint other"]
