"""The sets by name."""

from __future__ import annotations

from forensics.data.datasets.casia1 import CASIA1
from forensics.data.datasets.casia2 import CASIA2
from forensics.data.datasets.cocoglide import COCOGLIDE
from forensics.data.datasets.columbia import COLUMBIA
from forensics.data.datasets.comofod import COMOFOD, COMOFOD_PROCESSED
from forensics.data.datasets.coverage import COVERAGE
from forensics.data.datasets.dataset import Dataset
from forensics.data.datasets.dso1 import DSO1
from forensics.data.datasets.imd2020 import IMD2020
from forensics.data.datasets.nist16 import NIST16
from forensics.data.datasets.realistic_tampering import REALISTIC_TAMPERING
from signals.errors import WrongUsage, did_you_mean

_DATASETS = {
    dataset.name: dataset
    for dataset in (
        CASIA1,
        CASIA2,
        COCOGLIDE,
        COLUMBIA,
        COMOFOD,
        COMOFOD_PROCESSED,
        COVERAGE,
        DSO1,
        IMD2020,
        NIST16,
        REALISTIC_TAMPERING,
    )
}


def list_datasets() -> list[str]:
    """Names of all sets whose layout is shown by a public source."""
    return sorted(_DATASETS)


def get_dataset(name: str) -> Dataset:
    """The set of that name.

    Raises:
        WrongUsage: There is none.
    """
    if name not in _DATASETS:
        raise WrongUsage(f"no reader for a set {name!r}{did_you_mean(name, list_datasets())}")
    return _DATASETS[name]
