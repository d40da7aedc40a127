"""The pairs of a forged set whose edit has a certain size and whose file a certain last quality, as a manifest.

    python -m benchmarks.subset heldout/manifest.csv --name large --area 0.02 1 --quality 80

Writes ``<name>.csv`` beside the manifest: each forgery whose changed share of the picture and last quality lie in the
ranges, and its twin. The quality of a JPEG is that of the standard tables nearest to its own, that of a PNG is 100;
WebP does not tell its quality, and is left out where one is asked for.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from forensics.calibration.facts import file_facts
from signals import Evidence


def main() -> None:
    """Writes the manifest and says how many pairs it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--area", type=float, nargs=2, default=(0.0, 1.0), metavar=("FROM", "TO"))
    parser.add_argument("--quality", type=float, default=0.0, help="the least")
    given = parser.parse_args()
    with given.manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    least, most = given.area
    pairs = {
        row["pair"]
        for row in rows
        if row["label"] == "1"
        and least <= float(row["mask_area"]) < most
        and quality(Evidence.open(given.manifest.parent / row["image"])) >= given.quality
    }
    with (given.manifest.parent / f"{given.name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["pair"] in pairs)
    print(f"{given.name}.csv: {len(pairs)} pairs")


def quality(evidence: Evidence) -> float:
    """Of the last saving, 0 where the file does not tell it."""
    return 100.0 if evidence.type == "png" else file_facts(evidence).get("quality", 0.0)


if __name__ == "__main__":
    main()
