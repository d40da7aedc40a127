"""Configurations by path, or by the name under which one ships: ``model/omgfuser_feature_small``."""

from __future__ import annotations

from pathlib import Path

from forensics.resources import configs_dir
from signals.errors import WrongUsage, did_you_mean

_OPTIONS = ("--config", "-c")


def list_configs() -> list[str]:
    """Names of the configurations that ship for a run, sorted.

    ``base`` is part of every run, ``noise`` is of another network, those of ``robustness`` are of an evaluation.
    """
    folder = configs_dir()
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")]
    return sorted(name for name in names if name not in ("base", "noise") and not name.startswith("robustness/"))


def find_config(name: str) -> Path:
    """The file of a configuration.

    Args:
        name: A path, or a name of :func:`list_configs`, with or without ``.yaml``.

    Raises:
        WrongUsage: There is no such file and no such name.
    """
    if Path(name).is_file():
        return Path(name)
    shipped = configs_dir() / (name if name.endswith(".yaml") else f"{name}.yaml")
    if shipped.is_file():
        return shipped
    raise WrongUsage(f"config {name!r}: no such file, and none of that name ships{did_you_mean(name, list_configs())}")


def with_found_configs(arguments: list[str]) -> list[str]:
    """Command line arguments with the file of each configuration in place of its name."""
    found: list[str] = []
    for argument in arguments:
        option, is_joined, name = argument.partition("=")
        if is_joined and option in _OPTIONS:
            found.append(f"{option}={find_config(name)}")
        elif found and found[-1] in _OPTIONS:
            found.append(str(find_config(argument)))
        else:
            found.append(argument)
    return found
