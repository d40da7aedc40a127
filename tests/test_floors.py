"""A room imports only from the floors below it, or from itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
FLOORS = {
    "signals": 1,
    "forensics.resources": 1,
    "forensics.objects": 2,
    "forensics.calibration": 2,
    "forensics.models": 3,
    "forensics.data": 3,
    "forensics.inference": 3.5,
    "forensics.training": 4,
    "forensics.evaluation": 4,
    "forensics.analysis": 5,
    "forensics.cli": 6,
}
# The samples that data cuts out of pictures are made of the network's input tensors.
ALLOWED_BESIDE = {("forensics.data", "forensics.models.inputs")}


def room(module: str) -> str | None:
    found = [name for name in FLOORS if module == name or module.startswith(name + ".")]
    return found[0] if found else None


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def modules() -> list[Path]:
    return [path for package in ("signals", "forensics") for path in sorted((CHECKOUT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_imports_go_down(path: Path) -> None:
    here = room(".".join(path.relative_to(CHECKOUT).with_suffix("").parts))
    if here is None:  # the package itself offers what lies on top, lazily
        return
    for imported in imports(ast.parse(path.read_text(encoding="utf-8"))):
        there = room(imported)
        if there is None or there == here or (here, imported) in ALLOWED_BESIDE:
            continue
        assert FLOORS[there] < FLOORS[here], f"{here} imports {imported}"


def test_signals_know_nothing_of_what_uses_them() -> None:
    for path in (CHECKOUT / "signals").rglob("*.py"):
        # Torch has one room, which nothing else in signals imports, and is what learned signals run on.
        with_torch = path.parent.name in ("torch", "learned")
        unknown = ("forensics", "lightning") if with_torch else ("forensics", "torch", "lightning")
        for imported in imports(ast.parse(path.read_text(encoding="utf-8"))):
            assert not imported.startswith(unknown), path
            assert path.parent.name == "torch" or not imported.startswith("signals.torch"), path
