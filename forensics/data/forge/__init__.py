"""Forgeries generated from pristine photos, with masks and full histories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.data.forge.forger import ForgedPicture, Forger, Renderer, rebuild
    from forensics.data.forge.plan import PicturePlan, SourcePlan
    from forensics.data.forge.recipe import Recipe, get_recipe, list_recipes
    from forensics.data.forge.writing.writer import write_forgeries

__all__ = [
    "ForgedPicture",
    "Forger",
    "PicturePlan",
    "Recipe",
    "Renderer",
    "SourcePlan",
    "get_recipe",
    "list_recipes",
    "rebuild",
    "write_forgeries",
]

_HOMES = {
    "ForgedPicture": "forger",
    "Forger": "forger",
    "PicturePlan": "plan",
    "Recipe": "recipe",
    "Renderer": "forger",
    "SourcePlan": "plan",
    "get_recipe": "recipe",
    "list_recipes": "recipe",
    "rebuild": "forger",
    "write_forgeries": "writing.writer",
}


def __getattr__(name: str) -> Any:
    """Imports a part when it is asked for: albumentations alone takes seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
