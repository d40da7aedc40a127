"""TraceFuse: was a picture changed, where, how sure can we be.

```python
from forensics import Analyzer

report = Analyzer.load("default").analyze("photo.jpg")
report.verdict, report.score, report.map
report.save("out/")
```
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.analysis.analyzer import Analyzer
    from signals.errors import (
        CheckpointMismatch,
        CheckpointMissing,
        ForensicsError,
        NoPictures,
        OutputNotWritable,
        UnknownSignal,
        UnreadableImage,
        UnsupportedImage,
        WrongUsage,
    )

try:
    __version__ = version("tracefuse")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.1.0"

__all__ = [
    "Analyzer",
    "CheckpointMismatch",
    "CheckpointMissing",
    "ForensicsError",
    "NoPictures",
    "OutputNotWritable",
    "UnknownSignal",
    "UnreadableImage",
    "UnsupportedImage",
    "WrongUsage",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # All names but the version pull in numpy; `tracefuse --help` must not wait for it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "forensics.analysis.analyzer" if name == "Analyzer" else "signals.errors"
    return getattr(import_module(home), name)
