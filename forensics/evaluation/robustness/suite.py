"""A set of perturbations by name: one YAML in ``configs/robustness``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml  # type: ignore[import-untyped]
from pydantic import TypeAdapter, ValidationError

from forensics.evaluation.robustness.perturbation import Perturbation
from forensics.resources import configs_dir
from signals.errors import WrongUsage, did_you_mean


@dataclass(frozen=True)
class Suite:
    """All that is done to every picture, beside leaving it as it is.

    Attributes:
        name: Name of the preset.
        about: Whose levels these are.
        perturbations: In order; a family's levels from the weakest to the strongest.
    """

    name: str
    about: str
    perturbations: tuple[Perturbation, ...]

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the families in their order."""
        return tuple(dict.fromkeys(perturbation.family for perturbation in self.perturbations))

    def as_coded(self) -> Suite:
        """The same levels as the published code carries them out.

        Raises:
            WrongUsage: This preset has no such quirks.
        """
        if not any(perturbation.as_coded for perturbation in self.perturbations):
            raise WrongUsage(f"--as-coded: preset {self.name} does what its levels say; leave it out")
        return replace(
            self,
            perturbations=tuple(
                replace(perturbation, steps=perturbation.as_coded) if perturbation.as_coded else perturbation
                for perturbation in self.perturbations
            ),
        )


def list_suites() -> list[str]:
    """Names of the presets."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load_suite(name: str) -> Suite:
    """A preset by name, or any by the path of its YAML.

    Raises:
        WrongUsage: There is none, or the file is no suite.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _folder() / f"{name}.yaml"
    if not path.is_file():
        raise WrongUsage(f"preset {name}: unknown{did_you_mean(name, list_suites())}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _reader().validate_python(content)
    except (OSError, UnicodeError, yaml.YAMLError, ValidationError) as error:
        reason = _first_problem(error) if isinstance(error, ValidationError) else " ".join(str(error).split())
        raise WrongUsage(
            f"{path}: no set of perturbations ({reason}); see configs/robustness/tracefuse.yaml"
        ) from error


@cache
def _reader() -> TypeAdapter[Suite]:
    return TypeAdapter(Suite)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _folder() -> Path:
    return configs_dir() / "robustness"
