"""What is to be done for one picture: pure data, drawn before any pixel is read. Its JSON is the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from forensics.data.forge.chains.chain import Chain
from forensics.data.forge.chains.geometry import Size
from forensics.data.forge.edits.copy_move import CopyMove
from forensics.data.forge.edits.inpainting import Inpainting
from forensics.data.forge.edits.local_change import LocalChange
from forensics.data.forge.edits.other_history import OtherHistory
from forensics.data.forge.edits.overlay import Overlay
from forensics.data.forge.edits.regeneration import Regeneration
from forensics.data.forge.edits.removal import Removal
from forensics.data.forge.edits.splice import Splice
from forensics.data.forge.innocent.processing import Innocent
from forensics.data.forge.sources import SourcePlan
from signals.errors import WrongUsage

__all__ = ["AnyEdit", "PicturePlan", "SourcePlan"]

LARGEST_WIDTH = 100
_WIDTHS = ("sigma", "radius", "blur", "color_blur")

AnyEdit = Annotated[
    Splice | CopyMove | Removal | LocalChange | Overlay | Inpainting | Regeneration | OtherHistory,
    Field(discriminator="name"),
]


@dataclass(frozen=True)
class PicturePlan:
    """One picture, forged or pristine.

    Attributes:
        recipe: Name of the recipe it was drawn from.
        seed: Seed of the forger.
        index: Its number there.
        pair: Number that it shares with its twin.
        label: 1 forged, 0 pristine.
        size: Height and width of the file.
        host: The picture before the edits.
        donors: Where splices, and regions of another history, are taken from; they name its place here.
        edits: What is done to it, in this order; empty for a pristine picture.
        spares: What is done in place of all edits when none of them finds a sensible region; the first that does.
        innocent: What is done to the whole picture after that and is no manipulation, the same for both twins.
        chain: What happens at last, the same for both twins.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)

    recipe: str
    seed: int
    index: int
    pair: int
    label: int
    size: Size
    host: SourcePlan
    donors: tuple[SourcePlan, ...]
    edits: tuple[AnyEdit, ...]
    spares: tuple[AnyEdit, ...]
    innocent: tuple[Innocent, ...]
    chain: Chain

    def to_json(self) -> dict[str, Any]:
        """The history: strings, numbers, lists and dictionaries alone."""
        history: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return history

    @classmethod
    def from_json(cls, history: Mapping[str, Any]) -> PicturePlan:
        """Reads a history back.

        Raises:
            WrongUsage: It is damaged, or of a forge that knows other steps.
        """
        _check_widths(history)
        try:
            return _adapter().validate_python(dict(history))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "its top"
            told = " ".join(f"{place}: {first['msg']}".split())
            raise WrongUsage(
                f"history cannot be read: at {told}; give a line of history.jsonl as it was written"
            ) from error


def _check_widths(part: Any) -> None:
    """Refuses blurs so wide that a damaged history would keep the machine busy for hours."""
    for name, value in part.items() if isinstance(part, Mapping) else enumerate(part):
        if name in _WIDTHS and isinstance(value, int | float) and value > LARGEST_WIDTH:
            raise WrongUsage(f"history cannot be read: {name} is {value}, above {LARGEST_WIDTH}; it is damaged")
        if isinstance(value, Mapping | list | tuple):
            _check_widths(value)


@cache
def _adapter() -> TypeAdapter[PicturePlan]:
    return TypeAdapter(PicturePlan)
