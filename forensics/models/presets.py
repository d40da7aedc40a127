"""The named networks of all families, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields, replace
from typing import Any, ClassVar, Protocol

from forensics.models.early_mix.preset import PRESETS as EARLY_MIX
from forensics.models.multistream.preset import PRESETS as MULTISTREAM
from forensics.models.omgfuser.preset import PRESETS as OMGFUSER
from forensics.models.owaf.preset import PRESETS as OWAF
from forensics.models.rgb_baseline.preset import PRESETS as RGB_BASELINE
from signals.errors import WrongUsage, did_you_mean


class Preset(Protocol):
    """Sizes of a network, a frozen dataclass.

    Attributes:
        builder: Module with ``build(preset, signals) -> FusionNetwork`` and ``build_stream(preset, spec) -> Module``.
    """

    builder: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


_PRESETS: Mapping[str, Preset] = {**OMGFUSER, **MULTISTREAM, **OWAF, **EARLY_MIX, **RGB_BASELINE}


def list_models() -> list[str]:
    """Names that :func:`create_model` knows, sorted."""
    return sorted(_PRESETS)


def get_preset(name: str, **overrides: Any) -> Preset:
    """The preset called ``name`` with some fields changed.

    Raises:
        WrongUsage: No preset or no field has that name.
    """
    if name not in _PRESETS:
        raise WrongUsage(f"unknown model {name!r}{did_you_mean(name, list_models())}")
    preset: Any = _PRESETS[name]
    known = [field.name for field in fields(preset)]
    for unknown in sorted(set(overrides) - set(known)):
        raise WrongUsage(f"unknown setting {unknown!r} of model {name}{did_you_mean(unknown, known)}")
    changed: Preset = replace(preset, **overrides)
    return changed
