from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forensics.data.forge.forger import Forger
from forensics.data.photos import PhotoPool
from forensics.evaluation.calibration.campaign import Campaign
from forensics.evaluation.calibration.degraded import DEGRADATIONS, calibration_recipe, degraded_picture
from forensics.evaluation.calibration.journal import Journal
from forensics.evaluation.calibration.versions import photo_versions
from forensics.inference.prediction import Prediction
from forensics.objects import ObjectMasks
from signals import Evidence
from signals.errors import WrongUsage

SHA = "ab" * 32


class Marker:
    """Marks the upper half, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def predict(self, evidence: Evidence) -> Prediction:
        self.asked += 1
        height, width = evidence.pixels.shape[:2]
        map_ = np.zeros((height, width), np.float32)
        map_[: height // 2] = 1
        return Prediction(map_, map_ >= 0, 0.75, (), ObjectMasks(np.zeros((0, 4, 4), np.bool_), height, width))


@pytest.fixture
def pool(photo_folder: Path) -> PhotoPool:
    return PhotoPool.open(photo_folder)


def test_versions_are_files_of_the_sizes_they_name(pool: PhotoPool) -> None:
    photo = pool[0]
    made = {version.name: Evidence.open(version.make()) for version in photo_versions(pool, photo, 1.0)}
    assert made["original"].sha256 == photo.sha256
    assert (made["jpeg 70"].width, made["jpeg 70"].height) == (photo.width, photo.height)
    assert made["half, jpeg 85"].width == photo.width // 2
    assert made["256 px cut out, jpeg 90"].width == 256
    largest = made["enlarged to 1 MP, jpeg 90"]
    assert largest.width * largest.height == pytest.approx(1e6, rel=0.01)
    assert "1024 px cut out, jpeg 90" not in made


def test_a_forgery_and_its_twin_are_degraded_alike(pool: PhotoPool) -> None:
    forger = Forger(pool, calibration_recipe(), 0)
    for index in range(0, 2 * len(DEGRADATIONS), 2):
        forged, twin = degraded_picture(forger, index), degraded_picture(forger, index + 1)
        assert forged.degradation == twin.degradation == DEGRADATIONS[index // 2].title.strip()
        assert (forged.label, twin.label, twin.family) == (1, 0, "")
        assert forged.family
        assert not twin.mask.any()
        assert Evidence.open(forged.data).pixels.shape == Evidence.open(twin.data).pixels.shape
        assert forged.mask.shape == Evidence.open(forged.data).pixels.shape[:2]


def test_what_was_measured_is_not_measured_again(pool: PhotoPool, tmp_path: Path) -> None:
    campaign, predictor, path = Campaign(pool, pairs=1, enlarged=0), Marker(), tmp_path / "journal.jsonl"
    steps: list[int] = []
    first = campaign.measure_photos(predictor, Journal(path, SHA), lambda: steps.append(1))
    forged = campaign.measure_forgeries(predictor, Journal(path, SHA), lambda: steps.append(1))
    assert len(steps) == predictor.asked == campaign.total
    with path.open("a") as file:
        file.write('{"name": "broken off')
    assert campaign.measure_photos(predictor, Journal(path, SHA)) == first
    assert campaign.measure_forgeries(predictor, Journal(path, SHA)) == forged
    assert predictor.asked == campaign.total


def test_a_measurement_tells_the_truth_about_the_map(pool: PhotoPool) -> None:
    forged, twin = Campaign(pool, pairs=1).measure_forgeries(Marker(), Journal(None, SHA))
    mask = degraded_picture(Forger(pool, calibration_recipe(), 0), 0).mask
    upper = np.zeros_like(mask)
    upper[: len(mask) // 2] = True
    assert forged.overlap == pytest.approx((mask & upper).sum() / (mask | upper).sum())
    assert forged.area == pytest.approx(mask.mean())
    assert (twin.overlap, twin.area, twin.label) == (0, 0, 0)
    assert forged.logit == pytest.approx(np.log(3))
    assert forged.facts["megapixels"] == twin.facts["megapixels"] == pytest.approx(mask.size / 1e6)


def test_measurements_of_another_checkpoint_are_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "journal", SHA)
    with pytest.raises(WrongUsage, match="another checkpoint"):
        Journal(tmp_path / "journal", "cd" * 32)
    (tmp_path / "other").write_text("no JSON\n")
    with pytest.raises(WrongUsage, match="no measurements"):
        Journal(tmp_path / "other", SHA)
