"""Public research sets: one reader a file, each with the public source that shows the set's layout.

``prepare`` turns a downloaded set into a manifest; ``verify`` looks for what is wrong in any manifest.
"""

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.preparation import Exclusion, Preparation, prepare
from forensics.data.datasets.registry import get_dataset, list_datasets
from forensics.data.datasets.verification import Problem, Verification, verify

__all__ = [
    "Dataset",
    "Entry",
    "Exclusion",
    "Listing",
    "Preparation",
    "Problem",
    "Published",
    "Verification",
    "get_dataset",
    "list_datasets",
    "prepare",
    "verify",
]
