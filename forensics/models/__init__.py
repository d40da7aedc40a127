"""Networks: built by name from numbers and signal specifications alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forensics.models.presets import list_models

if TYPE_CHECKING:
    from forensics.models.factory import create_model


def __getattr__(name: str) -> Any:
    # torch is loaded only when a network is built
    if name == "create_model":
        from forensics.models.factory import create_model

        return create_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["create_model", "list_models"]
