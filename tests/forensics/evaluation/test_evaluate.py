"""A set from end to end: maps of a folder, exclusions, authentic pictures, tables and files."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from forensics.data.manifest import ManifestRow
from forensics.evaluation.evaluate import evaluate
from forensics.evaluation.maps import CheckpointMaps, FolderMaps
from forensics.evaluation.protocols import get_protocol, list_protocols
from forensics.evaluation.report import table, write_json
from signals.errors import OutputNotWritable, WrongUsage

HEIGHT, WIDTH = 40, 56
PROTOCOL = get_protocol("tracefuse")
CHANGED = np.zeros((HEIGHT, WIDTH), bool)
CHANGED[4:20, 6:30] = True


@pytest.fixture
def maps(tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    return folder


def picture(folder, name, mask=None, **options):
    """Writes a picture and, given one, its mask; its row of the manifest."""
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(folder / name, **options)
    if mask is None:
        return ManifestRow(folder / name, None, 0)
    path = folder / f"{name}.mask.png"
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)
    return ManifestRow(folder / name, path, 1)


def measures(evaluation):
    return {measure.name: measure for measure in evaluation.measures}


def test_folder_of_maps_from_end_to_end(tmp_path, maps):
    rows = [
        picture(tmp_path, "perfect.png", CHANGED),
        picture(tmp_path, "blind.jpg", CHANGED),
        picture(tmp_path, "quiet.png"),
        picture(tmp_path, "loud.png"),
    ]
    Image.fromarray(np.where(CHANGED, 128, 127).astype(np.uint8)).save(maps / "perfect.png")
    np.save(maps / "blind.npy", np.full((HEIGHT, WIDTH), 0.2, np.float32))
    np.save(maps / "quiet.npy", np.zeros((HEIGHT, WIDTH), np.float32))
    loud = np.zeros((HEIGHT, WIDTH), np.float64)
    loud[:10] = 0.5
    np.save(maps / "loud.npy", loud)
    seen = []
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL, lambda done, total: seen.append((done, total)))
    numbers = measures(evaluation)
    assert numbers["tracefuse/pixel_f1@0.5"].value == 0.5
    assert numbers["tracefuse/pixel_auc"].value == 0.75
    assert numbers["tracefuse/false_alarm_area"].value == pytest.approx(0.125)
    assert numbers["tracefuse/pixel_f1@0.5"].n == 2
    assert "tracefuse/score_auc" not in numbers
    assert (evaluation.n_scored, evaluation.n_excluded) == (4, 0)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_cannot_be_scored_is_counted_with_the_reason(tmp_path, maps):
    rows = [
        picture(tmp_path, "good.png", CHANGED),
        ManifestRow(tmp_path / "missing.png", None, 0),
        picture(tmp_path, "small_mask.png", CHANGED[:-1]),
        picture(tmp_path, "empty_mask.png", np.zeros_like(CHANGED)),
        ManifestRow(picture(tmp_path, "unmasked.png").image, None, 1),
        picture(tmp_path, "small_map.png"),
        picture(tmp_path, "no_map.png"),
        picture(tmp_path, "not_finite.png"),
    ]
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    rows.append(ManifestRow(tmp_path / "broken.jpg", None, 0))
    for row in rows:
        np.save(maps / f"{row.image.stem}.npy", np.zeros((HEIGHT, WIDTH), np.float32))
    np.save(maps / "small_map.npy", np.zeros((HEIGHT, WIDTH - 1), np.float32))
    np.save(maps / "not_finite.npy", np.full((HEIGHT, WIDTH), np.nan, np.float32))
    (maps / "no_map.npy").unlink()
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
    reasons = {exclusion.image.rsplit("/", 1)[-1]: exclusion.reason for exclusion in evaluation.excluded}
    assert [scored.image for scored in evaluation.pictures] == [str(rows[0].image)]
    assert set(reasons) == {row.image.name for row in rows[1:]}
    assert "56 x 39" in reasons["small_mask.png"]
    assert "marks nothing" in reasons["empty_mask.png"]
    assert "names no mask" in reasons["unmasked.png"]
    assert "55 x 40" in reasons["small_map.png"]
    assert "no map" in reasons["no_map.png"]
    assert "0..1" in reasons["not_finite.png"]
    assert all("\n" not in reason for reason in reasons.values())


def test_authentic_pictures_alone_have_no_f1(tmp_path, maps):
    rows = [picture(tmp_path, f"{name}.png") for name in "ab"]
    for row in rows:
        Image.fromarray(np.full((HEIGHT, WIDTH), 255, np.uint8)).save(maps / row.image.name)
    numbers = measures(evaluate(rows, FolderMaps(maps, rows), PROTOCOL))
    assert set(numbers) == {"tracefuse/false_alarm_area"}
    assert numbers["tracefuse/false_alarm_area"].value == 1.0


def test_a_set_without_a_usable_picture_has_no_numbers(tmp_path, maps):
    rows = [ManifestRow(tmp_path / "missing.png", None, 0)]
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
    assert evaluation.measures == ()
    assert evaluation.n_excluded == 1


class KnowsTheTruth:
    """Stands for a checkpoint: marks the reddest pixels, in stored orientation."""

    checkpoint = SimpleNamespace(name="red", sha256="0" * 64)

    def predict(self, evidence):
        red = evidence.pixels[..., 0] > 128
        return SimpleNamespace(map=red.astype(np.float32), score=float(red.mean() > 0.1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_maps_of_a_checkpoint_meet_masks_upright(tmp_path, orientation):
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[2:9, 20:50, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    # What any viewer shows, turned by Pillow.
    stored = Image.fromarray(pixels)
    turn = [None, *(Image.Transpose(code) for code in (0, 3, 1, 5, 4, 6, 2))][orientation - 1]
    seen = np.asarray(stored if turn is None else stored.transpose(turn))[..., 0]
    Image.fromarray(seen).save(tmp_path / "mask.png")
    rows = [ManifestRow(tmp_path / "a.png", tmp_path / "mask.png", 1)]
    evaluation = evaluate(rows, CheckpointMaps(KnowsTheTruth()), PROTOCOL)
    assert evaluation.excluded == ()
    assert measures(evaluation)["tracefuse/pixel_f1@0.5"].value == 1.0


def test_scores_give_false_alarms_and_a_labeled_image_auc(tmp_path):
    red = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red[..., 0] = 255
    forged, flagged = picture(tmp_path, "forged.png", CHANGED), picture(tmp_path, "flagged.png")
    Image.fromarray(np.zeros_like(red)).save(tmp_path / "quiet.png")
    rows = [forged, flagged, ManifestRow(tmp_path / "quiet.png", None, 0)]
    numbers = measures(evaluate(rows, CheckpointMaps(KnowsTheTruth()), PROTOCOL))
    assert numbers["tracefuse/false_alarm_pictures"].value == 0.5
    assert numbers["tracefuse/score_auc"].value == 0.75  # one tie, one win
    assert "container" in numbers["tracefuse/score_auc"].note


def test_undecoded_rows_do_not_count(tmp_path):
    truth, values = np.zeros((HEIGHT, WIDTH), bool), np.zeros((HEIGHT, WIDTH), np.float32)
    truth[:10], values[:10], values[20:] = True, 1, 1
    valid = np.broadcast_to(np.arange(HEIGHT)[:, None] < 20, truth.shape)
    scores = PROTOCOL.measure("cut", truth, SimpleNamespace(values=values, score=None), valid)
    assert (scores.f1, scores.auc, scores.marked) == (1.0, 1.0, 0.5)


def test_two_pictures_of_one_stem_and_unknown_names_are_refused(tmp_path, maps):
    rows = [ManifestRow(tmp_path / "a.png", None, 0), ManifestRow(tmp_path / "other" / "a.jpg", None, 0)]
    with pytest.raises(WrongUsage, match="named a"):
        FolderMaps(maps, rows)
    with pytest.raises(WrongUsage, match="no such folder"):
        FolderMaps(tmp_path / "nowhere", rows)
    with pytest.raises(WrongUsage, match="tracefuse"):
        get_protocol("best")
    assert "tracefuse" in list_protocols()


def test_table_and_file_carry_the_protocol(tmp_path, maps):
    rows = [picture(tmp_path, "a.png", CHANGED), picture(tmp_path, "b.png", ~CHANGED)]
    for row in rows:
        Image.fromarray(CHANGED.astype(np.uint8) * 255).save(maps / row.image.name)
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table(evaluation))
    text = console.export_text()
    assert "tracefuse/pixel_f1@0.5" in text
    assert "percentile bootstrap" in text
    write_json(tmp_path / "new" / "scores.json", evaluation.to_json())
    stored = json.loads((tmp_path / "new" / "scores.json").read_text())
    assert stored["measures"]["tracefuse/pixel_f1@0.5"]["value"] == 0.5
    assert stored["definition"] == PROTOCOL.definition
    assert (stored["n_scored"], stored["n_excluded"]) == (2, 0)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["scores.json"]


def test_a_result_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputNotWritable, match="--out"):
        write_json(tmp_path / "file" / "scores.json", {})
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OutputNotWritable):
        write_json(tmp_path / "folder.json", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]
