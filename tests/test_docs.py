"""What the documentation shows is true: its code runs, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signals import get_signal
from signals.registry import _BUILT_IN

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md")), CHECKOUT / "examples" / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_files_named_in_the_architecture_exist() -> None:
    page = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:signals|forensics|tests)/[\w/]+\.py)`", page):
        assert (CHECKOUT / name).is_file(), name


@pytest.mark.parametrize("name", sorted(_BUILT_IN))
def test_the_page_of_the_signals_says_what_the_signal_says(name: str) -> None:
    page = (CHECKOUT / "docs" / "signals.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"### `{name}`\n(.*?)(?=\n##)", page, re.DOTALL)
    signal = get_signal(name)
    assert signal.reads in section
    assert f"- **Blind:** {signal.blind_when}" in section
    assert f"a cell is {signal.spec.stride} x {signal.spec.stride} pixels" in section
    for title in ("Here", "Look for", "Innocent causes"):
        assert f"- **{title}:** " in section
