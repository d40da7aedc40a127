"""Result files of ``tracefuse evaluate``, read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.protocols import Measure
from forensics.evaluation.result import SCHEMA, EvaluatedSet
from signals.errors import WrongUsage


@dataclass(frozen=True)
class PictureResult:
    """What one picture measured; fields as in :mod:`forensics.evaluation.result`."""

    image: str
    source: str
    label: int
    mask_meaning: str
    sha256: str
    score: float | None
    values: Mapping[str, float]


@dataclass(frozen=True)
class ResultFile:
    """One evaluation.

    Attributes:
        path: The file.
        tracefuse: Version that wrote it.
        created: When, UTC; empty if the file does not say.
        protocol: Name of the protocol.
        definition: The protocol in words.
        set: The pictures.
        source: What was scored, by kind, name and whatever pins it down.
        counts: Pictures scored, failed, excluded and so on.
        measures: By name, the protocol's own first number first.
        header: AUC of the file headers alone; None where it was not measured.
        pictures: Every scored picture.
    """

    path: Path
    tracefuse: str
    created: str
    protocol: str
    definition: str
    set: EvaluatedSet
    source: Mapping[str, Any]
    counts: Mapping[str, int]
    measures: Mapping[str, Measure]
    header: Interval | None
    pictures: tuple[PictureResult, ...]

    @property
    def title(self) -> str:
        """Kind and name of what was scored."""
        return f"{self.source.get('kind', 'source')} {self.source.get('name', self.path.stem)}"


def is_result(path: Path) -> bool:
    """Whether a file says that it is an evaluation; other JSON files may lie beside it.

    Raises:
        WrongUsage: It cannot be read.
    """
    content = _load(path)
    return isinstance(content, dict) and content.get("schema") == SCHEMA


def read_result(path: Path) -> ResultFile:
    """Reads one file.

    Raises:
        WrongUsage: It is missing, is no result file of this schema, or lacks something.
    """
    content = _load(path)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        told = f"its schema is {schema!r}" if schema else "it names no schema"
        raise WrongUsage(f"{path}: {told}, not {SCHEMA!r}; give a JSON of `tracefuse evaluate --out`")
    try:
        return TypeAdapter(ResultFile).validate_python(_fields(path, content))
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise WrongUsage(f"{path}: damaged at {where} ({problem['msg']}); evaluate again") from error


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongUsage(f"{path}: cannot be read ({error}); give a JSON of `tracefuse evaluate --out`") from error


def _fields(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    measures = content.get("measures") or {}
    header = (content.get("baselines") or {}).get("header") or {}
    return {
        **content,
        "path": path,
        "created": content.get("created") or "",
        "measures": {name: {"name": name, **fields} for name, fields in measures.items()},
        "header": header.get("auc"),
    }
