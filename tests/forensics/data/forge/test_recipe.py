from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from forensics.data.forge.recipe import Recipe, get_recipe, list_recipes
from signals.errors import WrongUsage

# Fields that are probabilities by their documentation.
PROBABILITIES = [name for name, value in Recipe().to_json().items() if isinstance(value, float) and value <= 1]


@pytest.mark.parametrize("name", list_recipes())
def test_recipes_survive_json(name: str) -> None:
    recipe = get_recipe(name)
    assert recipe.name == name
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize("name", list_recipes())
def test_recipes_can_be_drawn_from(name: str) -> None:
    recipe = get_recipe(name)
    for value in recipe.to_json().values():
        if isinstance(value, Mapping):
            assert sum(value.values()) > 0
            assert min(value.values()) >= 0
        elif isinstance(value, tuple) and len(value) == 2 and all(isinstance(bound, int | float) for bound in value):
            assert value[0] <= value[1]
    assert all(0 <= getattr(recipe, probability) <= 1 for probability in PROBABILITIES)
    assert sum(recipe.edits.values()) == pytest.approx(1)


def test_the_default_makes_every_edit() -> None:
    edits = {edit for edit, weight in get_recipe().edits.items() if weight > 0.05}
    assert edits == {
        "splice", "copy_move", "removal", "local_change", "overlay", "inpainting", "regeneration"
    }  # fmt: skip
    assert set(list_recipes()) >= {
        *edits,
        "other_history",
        "default",
        "training",
        "copies",
        "local",
        "camera",
        "no_camera",
    }


def test_what_cannot_be_drawn_from_is_refused() -> None:
    with pytest.raises(WrongUsage, match="did you mean copy_move"):
        get_recipe("copymove")
    with pytest.raises(WrongUsage, match="no field"):
        Recipe.from_json({"colour": 1})
    with pytest.raises(WrongUsage, match="did you mean splice"):
        Recipe(edits={"splise": 1.0})
    with pytest.raises(WrongUsage, match="blends"):
        Recipe(blends={"hard": 0.0})
    with pytest.raises(WrongUsage, match="jpeg_cases"):
        Recipe(jpeg_cases={"png": -1.0, "single": 2.0})
