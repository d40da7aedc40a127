"""Which pictures a limit leaves."""

from pathlib import Path

import pytest

from forensics.cli.evaluate import spread
from forensics.data.manifest import ManifestRow


def _rows(labels: list[int], pairs: list[str] | None = None) -> list[ManifestRow]:
    columns = [{} if pairs is None else {"pair": pair} for pair in (pairs or labels)]
    return [
        ManifestRow(Path(f"{n}.png"), None, label, own)
        for n, (label, own) in enumerate(zip(labels, columns, strict=True))
    ]


@pytest.mark.parametrize("limit", [2, 4, 5, 10, 12])
def test_twins_stay_together(limit: int) -> None:
    """Forgeries and twins take turns: an even step would leave one class alone."""
    rows = _rows([1, 0] * 20, [str(number // 2) for number in range(40)])
    kept = spread(rows, limit)
    assert len(kept) == limit // 2 * 2
    assert sum(row.label for row in kept) * 2 == len(kept)
    assert all(kept[place].columns == kept[place + 1].columns for place in range(0, len(kept), 2))


@pytest.mark.parametrize(("limit", "forged"), [(10, 8), (5, 4), (2, 1), (50, 40)])
def test_both_labels_keep_their_share(limit: int, forged: int) -> None:
    kept = spread(_rows([0] * 20 + [1] * 80), limit)
    assert (len(kept), sum(row.label for row in kept)) == (limit, forged)
    assert [int(row.image.stem) for row in kept] == sorted(int(row.image.stem) for row in kept)


def test_one_class_and_no_limit() -> None:
    assert len(spread(_rows([1] * 30), 7)) == 7
    assert len(spread(_rows([0] * 30), 1)) == 1
    assert len(spread(_rows([1, 0]), None)) == 2
    assert len(spread(_rows([1, 0] * 3, ["a", "a", "b", "b", "c", "c"]), 1)) == 1
