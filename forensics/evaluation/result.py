"""The result file of an evaluation: one JSON that ``tracefuse compare`` and the leaderboard read again.

Schema ``evaluation/1``; a field changes its meaning only with the number.

- ``schema``, ``tracefuse``, ``created``: this schema, the version that wrote the file, and when (UTC)
- ``protocol``, ``definition``: name and words
- ``set``: ``name``, ``manifest`` (file name), ``sha256`` of the manifest, ``limit``
- ``source``: what was scored, by ``kind`` (``checkpoint``, ``signal``, ``maps``), ``name``, hash or version,
  ``device``; of maps also ``strange_scores``, how many names in ``scores.csv`` are of no picture that was to be scored
- ``counts``: ``pictures``, ``scored``, ``forged``, ``authentic``, ``failed``, ``excluded``, ``sources``,
  ``sources_named`` (false: the manifest names none, so each picture is its own; folds and intervals are by picture)
- ``measures``: by name; ``n``, ``value``, ``interval``, ``prior``, ``gain``, ``skill``, ``all_one``, ``note``;
  intervals are ``{mean, low, high, n}`` or null
- ``baselines``: ``header``: ``auc``, ``gain``, ``reason``; null where the set has one class
- ``twins``: interval of the share of forged pictures above their own twin, or null
- ``pictures``: in the order of the manifest; ``image``, ``source``, ``pair``, ``label``, ``mask_meaning``, ``height``,
  ``width``, ``sha256``, ``score``, ``failure`` (null, or why there is no map), ``signals`` (usable or not, by name),
  ``values`` (what the protocol measured, by name)
- ``failures``: how many maps failed, by reason
- ``exclusions``: ``image`` and ``reason`` of each
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensics import __version__
from forensics.evaluation.evaluate import Evaluation, Scored
from forensics.evaluation.protocols import Measure

SCHEMA = "evaluation/1"


@dataclass(frozen=True)
class EvaluatedSet:
    """The pictures that were scored.

    Attributes:
        name: Of the set.
        manifest: File name of its manifest.
        sha256: Of the manifest's bytes.
        limit: How many pictures of it were taken at most; None: all.
    """

    name: str
    manifest: str
    sha256: str
    limit: int | None = None

    @classmethod
    def of(cls, manifest: Path, limit: int | None = None) -> EvaluatedSet:
        """The set of a manifest, named after its file, or after the folder of a ``manifest.csv``."""
        path = manifest.resolve()
        name = path.parent.name if path.stem == "manifest" else path.stem
        return cls(name, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), limit)


def to_json(evaluation: Evaluation, of: EvaluatedSet) -> dict[str, Any]:
    """Everything as plain values, in the schema of this module."""
    return {
        "schema": SCHEMA,
        "tracefuse": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "protocol": evaluation.protocol,
        "definition": evaluation.definition,
        "set": asdict(of),
        "source": dict(evaluation.source),
        "counts": {**evaluation.counts, "sources_named": evaluation.sources_named},
        "measures": measures_json(evaluation.measures),
        "baselines": {"header": asdict(evaluation.header) if evaluation.header else None},
        "twins": asdict(evaluation.twins) if evaluation.twins else None,
        "failures": dict(evaluation.failures.most_common()),
        "exclusions": [asdict(exclusion) for exclusion in evaluation.excluded],
        "pictures": [_picture(scored) for scored in evaluation.pictures],
    }


def measures_json(measures: Iterable[Measure]) -> dict[str, Any]:
    """Measures as plain values, by name."""
    fields = {measure.name: asdict(measure) for measure in measures}
    return {name: {key: value for key, value in known.items() if key != "name"} for name, known in fields.items()}


def _picture(scored: Scored) -> dict[str, Any]:
    scores, facts = scored.scores, scored.facts
    return {
        "image": scores.image,
        "source": scores.source,
        "pair": facts.pair,
        "label": scores.label,
        "mask_meaning": scores.mask_meaning,
        "height": facts.height,
        "width": facts.width,
        "sha256": facts.sha256,
        "score": scores.score,
        "failure": facts.failure,
        "signals": dict(facts.signals),
        "file": dict(facts.file),
        "confidences": dict(facts.confidences),
        "values": dict(scores.values),
    }
