"""What the documentation shows is true: its code runs, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from forensics.models import create_model
from signals import Evidence, Signal

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md")), CHECKOUT / "examples" / "README.md"]


def test_the_signal_of_the_architecture_page_works() -> None:
    page = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n# mypackage/contrast\.py\n(.*?)```", page, re.DOTALL)
    namespace: dict[str, object] = {}
    exec(code, namespace)
    signal = namespace["Contrast"]()  # type: ignore[operator]
    assert isinstance(signal, Signal)
    pixels = np.zeros((20, 33, 3), dtype=np.uint8)
    pixels[:, ::2] = 10
    found = signal.extract(Evidence.from_pixels(pixels))
    assert found.values.shape == (1, 3, 5)
    assert found.values[0, 0, 0] == 5
    assert found.valid.sum() == 8
    assert not signal.extract(Evidence.from_pixels(pixels[:7])).usable
    assert create_model("omgfuser_feature_tiny", [signal.spec]).signal_names == ("contrast",)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_files_named_in_the_architecture_exist() -> None:
    page = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:signals|forensics|tests)/[\w/]+\.py)`", page):
        assert (CHECKOUT / name).is_file(), name
