"""Work that several signals share is done once a picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from signals.evidence import Evidence

Result = TypeVar("Result")


def once_per_picture(function: Callable[[Evidence], Result]) -> Callable[[Evidence], Result]:
    """Remembers what ``function`` returned for a picture for as long as that picture's evidence lives.

    Two threads that ask at the same time may both do the work; both get a right answer.
    """
    results: WeakKeyDictionary[Evidence, Result] = WeakKeyDictionary()

    @wraps(function)
    def remembered(evidence: Evidence) -> Result:
        if evidence not in results:
            results[evidence] = function(evidence)
        return results[evidence]

    return remembered
