"""Judged pictures from a result file of ``tracefuse evaluate``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forensics.evaluation.selective.judged import JudgedPicture
from signals.errors import WrongUsage

SCHEMA = "evaluation/1"
PROTOCOL = "tracefuse"


def read_judged(path: Path) -> tuple[JudgedPicture, ...]:
    """Reads the pictures of a result.

    Raises:
        WrongUsage: The file is none, or of another protocol, whose numbers are no losses of single pictures.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["schema"] != SCHEMA:
            raise ValueError(f"schema {result['schema']}")
        if result["protocol"] != PROTOCOL:
            raise WrongUsage(f"{path}: is of protocol {result['protocol']}; evaluate again with --protocol {PROTOCOL}")
        return tuple(_judged(row) for row in result["pictures"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise WrongUsage(f"{path}: is no result of tracefuse evaluate ({reason}); give its --out file") from error


def _judged(row: Mapping[str, Any]) -> JudgedPicture:
    values = row["values"]
    return JudgedPicture(
        source=row["source"],
        label=row["label"],
        score=row["score"],
        f1=values["pixel_f1@0.5"] if row["label"] else None,
        marked=values["marked_area"],
        confidences=row.get("confidences") or {},
        facts=row.get("file") or {},
    )
