"""A set from end to end: maps of a folder, exclusions, authentic pictures, tables and files."""

import hashlib
import io
import json
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from forensics.data.manifest import ManifestRow, write_manifest
from forensics.evaluation.evaluate import evaluate
from forensics.evaluation.map_folder import FolderMaps
from forensics.evaluation.maps import CheckpointMaps, MapResult
from forensics.evaluation.protocols import get_protocol, list_protocols
from forensics.evaluation.report import table, write_json
from forensics.evaluation.result import EvaluatedSet, to_json
from forensics.evaluation.result_file import read_result
from forensics.evaluation.subject import Subject, open_subject, source_of
from signals import Evidence
from signals.errors import BrokenSignal, OutputNotWritable, WrongUsage

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
    evaluation = evaluate(
        rows, FolderMaps(maps, rows), PROTOCOL, folder=tmp_path, progress=lambda done, total: seen.append((done, total))
    )
    numbers = measures(evaluation)
    assert numbers["tracefuse/pixel_f1@0.5"].value == 0.5
    assert numbers["tracefuse/pixel_auc"].value == 0.75
    assert numbers["tracefuse/false_alarm_area"].value == pytest.approx(0.125)
    assert numbers["tracefuse/pixel_f1@0.5"].n == 2
    assert "tracefuse/score_auc" not in numbers
    assert [scored.scores.image for scored in evaluation.pictures] == [
        "perfect.png",
        "blind.jpg",
        "quiet.png",
        "loud.png",
    ]
    assert evaluation.counts == {
        "pictures": 4, "scored": 4, "forged": 2, "authentic": 2, "failed": 0, "excluded": 0, "sources": 4
    }  # fmt: skip
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_bad_picture_mask_or_label_is_excluded_with_the_reason(tmp_path, maps):
    rows = [
        picture(tmp_path, "good.png", CHANGED),
        ManifestRow(tmp_path / "missing.png", None, 0),
        picture(tmp_path, "small_mask.png", CHANGED[:-1]),
        picture(tmp_path, "empty_mask.png", np.zeros_like(CHANGED)),
        ManifestRow(picture(tmp_path, "unmasked.png").image, None, 1),
        replace(picture(tmp_path, "contradiction.png", CHANGED), label=0),
        replace(picture(tmp_path, "meaning.png", CHANGED), columns={"mask_meaning": "one_end"}),
    ]
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    rows.append(ManifestRow(tmp_path / "broken.jpg", None, 0))
    for row in rows:
        np.save(maps / f"{row.image.stem}.npy", np.zeros((HEIGHT, WIDTH), np.float32))
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL, folder=tmp_path)
    reasons = {exclusion.image: exclusion.reason for exclusion in evaluation.excluded}
    assert [scored.scores.image for scored in evaluation.pictures] == ["good.png"]
    assert set(reasons) == {row.image.name for row in rows[1:]}
    assert "56 x 39" in reasons["small_mask.png"]
    assert "marks nothing" in reasons["empty_mask.png"]
    assert "names no mask" in reasons["unmasked.png"]
    assert "labeled authentic" in reasons["contradiction.png"]
    assert "both_ends" in reasons["meaning.png"]
    assert all("\n" not in reason for reason in reasons.values())


def test_an_authentic_picture_may_have_an_empty_mask(tmp_path, maps):
    row = replace(picture(tmp_path, "a.png", np.zeros_like(CHANGED)), label=0)
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(maps / "a.png")
    assert evaluate([row], FolderMaps(maps, [row]), PROTOCOL).excluded == ()


def test_a_missing_or_bad_map_counts_as_nothing_found_with_the_reason(tmp_path, maps):
    names = ("good", "small_map", "no_map", "not_finite", "too_large", "of_color", "damaged")
    rows = [picture(tmp_path, f"{name}.png", CHANGED) for name in names]
    np.save(maps / "good.npy", CHANGED.astype(np.float32))
    np.save(maps / "small_map.npy", np.ones((HEIGHT, WIDTH - 1), np.float32))
    np.save(maps / "not_finite.npy", np.full((HEIGHT, WIDTH), np.nan, np.float32))
    np.save(maps / "too_large.npy", np.full((HEIGHT, WIDTH), 1.5))
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(maps / "of_color.png")
    (maps / "damaged.png").write_bytes(b"no png")
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL, folder=tmp_path)
    reasons = {scored.scores.image.removesuffix(".png"): scored.facts.failure for scored in evaluation.pictures}
    numbers = measures(evaluation)
    assert evaluation.excluded == ()
    assert numbers["tracefuse/pixel_f1@0.5"].value == pytest.approx(1 / 7)
    assert numbers["tracefuse/pixel_auc"].value == pytest.approx((1 + 6 * 0.5) / 7)
    assert (numbers["tracefuse/failed"].value, evaluation.counts["failed"]) == (6, 6)
    assert reasons["good"] is None
    assert "55 x 40" in reasons["small_map"]
    assert "there is no map" in reasons["no_map"]
    assert "not finite" in reasons["not_finite"]
    assert "0..1" in reasons["too_large"]
    assert "RGB" in reasons["of_color"]
    assert "cannot be read" in reasons["damaged"]


class Breaks:
    """A source whose second map is broken, whose third is none, and whose fourth score is none."""

    description = MappingProxyType({"kind": "test", "name": "breaks"})

    def map_of(self, row, evidence):
        values = np.zeros((HEIGHT, WIDTH), np.float32)
        if row.image.stem == "b":
            raise BrokenSignal("signal x: it fails; tell the author")
        if row.image.stem == "c":
            values[0, 0] = np.inf
        return MapResult(values, np.nan if row.image.stem == "d" else None)


def test_a_signal_that_breaks_on_a_picture_does_not_end_the_evaluation(tmp_path):
    rows = [picture(tmp_path, f"{name}.png", CHANGED) for name in "abcd"]
    evaluation = evaluate(rows, Breaks(), PROTOCOL)
    failures = [scored.facts.failure for scored in evaluation.pictures]
    assert failures == [
        None,
        "signal x: it fails; tell the author",
        "its map leaves 0..1",
        "its score is nan; a score is 0..1",
    ]


def test_16_bit_maps_keep_their_levels(tmp_path, maps):
    row = picture(tmp_path, "fine.png", CHANGED)
    Image.fromarray(np.where(CHANGED, 32768, 32767).astype(np.uint16)).save(maps / "fine.png")
    numbers = measures(evaluate([row], FolderMaps(maps, [row]), PROTOCOL))
    assert numbers["tracefuse/pixel_f1@0.5"].value == 1.0


def test_scores_of_another_tool_are_read_from_a_csv(tmp_path, maps):
    rows = [picture(tmp_path, "a.png", CHANGED), picture(tmp_path, "b.png"), picture(tmp_path, "c.png")]
    for row in rows:
        Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(maps / row.image.name)
    (maps / "scores.csv").write_text("image,score\nsub/a.png,0.9\nb.jpg,0.95\nc.png,\n")
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
    assert [scored.scores.score for scored in evaluation.pictures] == [0.9, 0.95, None]
    assert measures(evaluation)["tracefuse/score_auc"].value == 0.5  # below one, above the silent one
    before = FolderMaps(maps, rows).description["sha256"]
    (maps / "scores.csv").write_text("image,score\na.png,0.8\n")
    assert FolderMaps(maps, rows).description["sha256"] != before
    for text in ("image,score\na.png,7\n", "image,score\na.png,high\n", "picture,score\na.png,0.5\n"):
        (maps / "scores.csv").write_text(text)
        with pytest.raises(WrongUsage, match=r"scores\.csv"):
            FolderMaps(maps, rows)


def test_sources_and_pairs_come_from_the_manifest(tmp_path, maps):
    rows = [
        replace(picture(tmp_path, f"{name}.png", CHANGED if label else None), columns={"host": host, "pair": pair})
        for name, label, host, pair in (("a", 1, "h", "1"), ("b", 0, "h", "1"), ("c", 1, "", ""))
    ]
    for row in rows:
        Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(maps / row.image.name)
    (maps / "scores.csv").write_text("image,score\na.png,0.9\nb.png,0.2\nc.png,0.1\n")
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL, folder=tmp_path)
    assert [scored.scores.source for scored in evaluation.pictures] == ["h", "h", "c.png"]
    assert [scored.facts.pair for scored in evaluation.pictures] == ["1", "1", None]
    assert (evaluation.twins.mean, evaluation.twins.n) == (1.0, 1)
    assert evaluation.header.auc is None
    assert "sources" in evaluation.header.reason


def test_the_source_is_the_first_column_that_is_not_empty_in_its_row(tmp_path):
    columns = ({"source": "s", "host": "h", "pair": "p"}, {"source": "", "host": "h"}, {"source": "", "pair": "p"}, {})
    assert [source_of(ManifestRow(tmp_path, None, 0, cells)) for cells in columns] == ["s", "h", "p", None]


def test_a_set_that_names_no_source_says_so(tmp_path, maps):
    rows = [picture(tmp_path, "a.png", CHANGED), picture(tmp_path, "b.png")]
    write_manifest(tmp_path / "manifest.csv", rows)
    of = EvaluatedSet.of(tmp_path / "manifest.csv")
    for source in ("", "photo"):
        rows = [replace(row, columns={"source": source}) for row in rows]
        evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
        console = Console(width=200, record=True, file=io.StringIO())
        console.print(table(evaluation))
        assert ("no source named: folds and intervals are by picture" in console.export_text()) == (not source)
        assert to_json(evaluation, of)["counts"]["sources_named"] == bool(source)
        write_json(tmp_path / "result.json", to_json(evaluation, of))
        assert read_result(tmp_path / "result.json").counts["sources"] == (1 if source else 2)


def test_a_name_longer_than_the_file_system_allows_is_excluded(tmp_path, maps):
    rows = [picture(tmp_path, "a.png", CHANGED), ManifestRow(tmp_path / f"{'n' * 300}.png", None, 0)]
    (exclusion,) = evaluate(rows, FolderMaps(maps, rows), PROTOCOL, folder=tmp_path).excluded
    assert exclusion.image == rows[1].image.name
    assert "cannot be opened" in exclusion.reason


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("score,image\n0.5\n", r"scores\.csv, line 2: it has fewer cells"),
        ("image,score\na.png,0.5\nb.png,\nx/a.jpg,0.5\n", r"scores\.csv: lines 2 and 4 both score a;"),
    ],
)
def test_scores_that_say_too_little_or_too_much_are_refused(tmp_path, maps, text, problem):
    (maps / "scores.csv").write_text(text)
    with pytest.raises(WrongUsage, match=problem):
        FolderMaps(maps, [ManifestRow(tmp_path / "a.png", None, 0)])


def test_scores_are_found_by_paths_of_windows_and_names_of_no_picture_are_counted(tmp_path, maps):
    rows = [picture(tmp_path, "ok.png", CHANGED)]
    (maps / "scores.csv").write_text("image,score\nC:\\x\\ok.png,0.9\nother.png,0.1\nthird.png,0.2\n")
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
    assert evaluation.pictures[0].scores.score == 0.9
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table(evaluation))
    assert "scores.csv: 2 of its names are of no picture" in console.export_text()


def test_two_maps_of_one_picture_are_refused(tmp_path, maps):
    (maps / "a.png").touch()
    (maps / "a.npy").touch()
    with pytest.raises(WrongUsage, match=r"both a\.png and a\.npy"):
        FolderMaps(maps, [ManifestRow(tmp_path / "a.png", None, 0)])


def test_a_subject_may_be_changed_on_the_way(tmp_path, maps):
    row = picture(tmp_path, "a.png", CHANGED)
    Image.fromarray(CHANGED[:, ::-1].astype(np.uint8) * 255).save(maps / "a.png")

    def mirrored(row):
        subject = open_subject(row)
        pixels = np.ascontiguousarray(subject.evidence.pixels[:, ::-1])
        return Subject(row, Evidence.from_pixels(pixels), subject.truth[:, ::-1], subject.mask_meaning)

    numbers = measures(evaluate([row], FolderMaps(maps, [row]), PROTOCOL, open_row=mirrored))
    assert numbers["tracefuse/pixel_f1@0.5"].value == 1.0


def test_authentic_pictures_alone_have_no_f1(tmp_path, maps):
    rows = [picture(tmp_path, f"{name}.png") for name in "ab"]
    for row in rows:
        Image.fromarray(np.full((HEIGHT, WIDTH), 255, np.uint8)).save(maps / row.image.name)
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
    assert not any("f1" in name for name in measures(evaluation))
    assert measures(evaluation)["tracefuse/false_alarm_area"].value == 1.0
    assert evaluation.header is None


def test_a_set_without_a_usable_picture_has_no_numbers(tmp_path, maps):
    rows = [ManifestRow(tmp_path / "missing.png", None, 0)]
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL)
    assert evaluation.measures == ()
    assert evaluation.counts["excluded"] == 1


class KnowsTheTruth:
    """Stands for a checkpoint: marks the reddest pixels, in stored orientation."""

    checkpoint = SimpleNamespace(name="red", sha256="0" * 64, specs=[SimpleNamespace(name="redness")])
    device = SimpleNamespace(type="cpu")
    confident = False

    def predict(self, evidence):
        red = evidence.pixels[..., 0] > 128
        signal = SimpleNamespace(spec=self.checkpoint.specs[0], usable=bool(red.any()))
        sure = np.where(red, np.float32(0.9), np.float32(0.6)) if self.confident else None
        score = float(red.mean() > 0.1)
        return SimpleNamespace(map=red.astype(np.float32), score=score, signals=(signal,), confidence=sure)


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


def test_the_confidence_map_of_a_checkpoint_is_read_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    red = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red[:10, :, 0] = 255
    Image.fromarray(red).save(tmp_path / "a.png", exif=exif)
    model = KnowsTheTruth()
    model.confident = True
    row = ManifestRow(tmp_path / "a.png", None, 0)
    told = CheckpointMaps(model).map_of(row, Evidence.open(row.image))
    assert np.array_equal(told.confidence > 0.8, told.values > 0.5)
    (scored,) = evaluate([row], CheckpointMaps(model), PROTOCOL).pictures
    assert scored.facts.confidences["mean_confidence"] == pytest.approx(0.25 * 0.9 + 0.75 * 0.6)


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


def test_undecoded_rows_do_not_count(tmp_path, maps):
    tall = np.zeros((160, WIDTH), bool)
    tall[:16] = True
    pixels = np.random.default_rng(1).integers(0, 256, (160, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "cut.jpg", quality=80)
    data = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    Image.fromarray(tall.astype(np.uint8) * 255).save(tmp_path / "mask.png")
    rows = [ManifestRow(tmp_path / "cut.jpg", tmp_path / "mask.png", 1)]
    values = tall.astype(np.float32)
    values[-16:] = 1  # false alarms where nothing was decoded
    np.save(maps / "cut.npy", values)
    numbers = measures(evaluate(rows, FolderMaps(maps, rows), PROTOCOL))
    assert (numbers["tracefuse/pixel_f1@0.5"].value, numbers["tracefuse/pixel_auc"].value) == (1.0, 1.0)
    Image.fromarray(tall[::-1].astype(np.uint8) * 255).save(tmp_path / "mask.png")
    (exclusion,) = evaluate(rows, FolderMaps(maps, rows), PROTOCOL).excluded
    assert "could be decoded" in exclusion.reason


def test_usable_signals_are_kept_picture_by_picture(tmp_path):
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(tmp_path / "black.png")
    rows = [picture(tmp_path, "noise.png"), ManifestRow(tmp_path / "black.png", None, 0)]
    evaluation = evaluate(rows, CheckpointMaps(KnowsTheTruth()), PROTOCOL)
    assert [scored.facts.signals for scored in evaluation.pictures] == [{"redness": True}, {"redness": False}]
    assert evaluation.source["signals"] == ["redness"]


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
    rows = [
        picture(tmp_path, "a.png", CHANGED),
        picture(tmp_path, "b.png", ~CHANGED),
        picture(tmp_path, "c.png", CHANGED),
    ]
    for row in rows[:2]:
        Image.fromarray(CHANGED.astype(np.uint8) * 255).save(maps / row.image.name)
    write_manifest(tmp_path / "manifest.csv", rows)
    evaluation = evaluate(rows, FolderMaps(maps, rows), PROTOCOL, folder=tmp_path)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table(evaluation, "a set"))
    text = console.export_text()
    assert "tracefuse/pixel_f1@0.5" in text
    assert "percentile bootstrap" in text
    assert "without a map: 1 x there is no map of it" in text
    assert max(map(len, text.splitlines())) <= 80
    write_json(tmp_path / "new" / "scores.json", to_json(evaluation, EvaluatedSet.of(tmp_path / "manifest.csv")))
    stored = json.loads((tmp_path / "new" / "scores.json").read_text())
    assert stored["schema"] == "evaluation/1"
    assert stored["measures"]["tracefuse/pixel_f1@0.5"]["value"] == pytest.approx(1 / 3)
    assert stored["definition"] == PROTOCOL.definition
    assert stored["set"]["sha256"] == hashlib.sha256((tmp_path / "manifest.csv").read_bytes()).hexdigest()
    assert stored["pictures"][0]["sha256"] == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert [row["values"]["pixel_f1@0.5"] for row in stored["pictures"]] == [1.0, 0.0, 0.0]
    assert [row["failure"] for row in stored["pictures"]].count(None) == 2
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["scores.json"]


def test_a_result_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputNotWritable, match="--out"):
        write_json(tmp_path / "file" / "scores.json", {})
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OutputNotWritable):
        write_json(tmp_path / "folder.json", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]
