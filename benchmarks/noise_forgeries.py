"""Makes the forgeries of a megapixel and more on which `noise_score` is measured beside other signals.

    python -m benchmarks.noise_forgeries --photos PHOTOS --split test --out FOLDER [--count 60] [--seed 11]

The recipe is the default one at sides of 1024 to 1536 pixels; then
`tracefuse evaluate FOLDER/manifest.csv --signal noise_score`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2

from forensics.data.forge.forger import Forger
from forensics.data.forge.recipe import get_recipe
from forensics.data.forge.writing.writer import write_forgeries
from forensics.data.photos import PhotoPool

SIDES = (1024, 1152, 1280, 1408, 1536)


def main() -> None:
    """Writes forgeries and their pristine twins."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--split", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    recipe = replace(get_recipe(), name="large", sides=SIDES)
    forger = Forger(PhotoPool.open(arguments.photos, arguments.split), recipe, arguments.seed)
    print(write_forgeries(forger, arguments.count, arguments.out, lambda done: None))


if __name__ == "__main__":
    main()
