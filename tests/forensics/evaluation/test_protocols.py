"""What the protocols promise: nothing dropped, nothing mixed, the same numbers however the pictures come."""

from __future__ import annotations

import doctest
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

import forensics.evaluation.protocols as protocols
from forensics.evaluation.picture import Picture
from forensics.evaluation.prior import DISC_RADII, centered_disc
from forensics.evaluation.protocols import (
    blind,
    get_protocol,
    image_level,
    imdlbenco,
    list_protocols,
    msfusion,
    omgfuser,
    peer_map,
    photoholmes,
    tracefuse,
    trufor,
)
from forensics.evaluation.protocols.blind import closeness_map
from forensics.evaluation.value_counts import count_values, fine_levels
from signals.errors import WrongUsage

NAMES = ("imdlbenco", "msfusion", "omgfuser", "photoholmes", "tracefuse", "trufor")
HEIGHT, WIDTH = 40, 56
# Signed, or documented to leave 0..1: a correlation, and the two numbers whose defect it is.
SIGNED = ("mcc",)
DEFECTIVE = "pixel_f1_training"
COUNTING = ("tracefuse/failed",)
SCRIPT = Path(__file__).with_name("two_processes.py")


def region(top=4, left=6, bottom=30, right=40) -> np.ndarray:
    truth = np.zeros((HEIGHT, WIDTH), bool)
    truth[top:bottom, left:right] = True
    return truth


def noisy(truth, seed=0, strength=0.3) -> np.ndarray:
    random = np.random.default_rng(seed).random(truth.shape)
    return ((1 - strength) * random + strength * truth).astype(np.float32)


def forged(name="a", truth=None, values=None, **more) -> Picture:
    truth = region() if truth is None else truth
    return Picture(name, more.pop("source", name), 1, *truth.shape, truth, values, **more)


def authentic(name="b", values=None, **more) -> Picture:
    return Picture(name, more.pop("source", name), 0, HEIGHT, WIDTH, None, values, **more)


def mixed_set(count=9) -> list[Picture]:
    pictures = []
    for place in range(count):
        truth = region(top=place, right=20 + 3 * place)
        values = noisy(truth, place)
        score = float(np.random.default_rng(place).random())
        if place % 3 == 0:
            pictures.append(authentic(f"{place}", values, source=f"s{place // 2}", score=score))
        else:
            values = None if place == 4 else values
            pictures.append(forged(f"{place}", truth, values, source=f"s{place // 2}", score=score))
    return pictures


def scored(name, pictures):
    protocol = get_protocol(name)
    for picture in pictures:
        protocol.update(picture)
    return {measure.name: measure for measure in protocol.compute()}


def numbers(name, pictures):
    return {key: measure.value for key, measure in scored(name, pictures).items()}


def test_names_and_definitions():
    assert tuple(list_protocols()) == NAMES
    for name in NAMES:
        protocol = get_protocol(name)
        assert protocol.name == name
        assert len(protocol.definition) > 400
        assert protocol.pictures() == ()
    with pytest.raises(WrongUsage, match="tracefuse"):
        get_protocol("tracefus")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_no_picture_has_no_number(name):
    assert get_protocol(name).compute() == ()


def test_two_of_a_kind_share_nothing():
    first, second = get_protocol("tracefuse"), get_protocol("tracefuse")
    first.update(forged(values=noisy(region())))
    assert len(first.pictures()) == 1
    assert second.pictures() == ()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_every_number_is_between_0_and_1(name, data):
    pictures = []
    for place in range(data.draw(st.integers(1, 3))):
        height, width = data.draw(st.integers(1, 24)), data.draw(st.integers(1, 24))
        random = np.random.default_rng(data.draw(st.integers(0, 2**31 - 1)))
        truth = random.random((height, width)) < data.draw(st.sampled_from([0.02, 0.5, 1.0]))
        levels = data.draw(st.sampled_from([1, 2, 5, 255]))
        values = np.rint(random.random((height, width)) * levels) / levels
        values = (values * 255).astype(np.uint8) if data.draw(st.booleans()) else values.astype(np.float32)
        label = int(truth.any())
        pictures.append(
            Picture(
                image=str(place),
                source=str(place),
                label=label,
                height=height,
                width=width,
                truth=truth if label else None,
                values=data.draw(st.sampled_from([values, None])),
                score=data.draw(st.sampled_from([None, 0.0, 0.5, 1.0])),
                mask_meaning=data.draw(st.sampled_from(["altered", "both_ends"])),
            )
        )
    for key, measure in scored(name, pictures).items():
        if key in COUNTING or DEFECTIVE in key:
            continue
        low, high = (-2, 2) if "mcc" in key else (0, 1)
        for interval in (measure, measure.interval, measure.prior):
            if interval is not None:
                value = interval.value if interval is measure else interval.mean
                assert low - 1e-9 <= value <= high + 1e-9, (key, value)
        if measure.interval is not None:
            assert low - 1e-9 <= measure.interval.low <= measure.interval.high <= high + 1e-9, key


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_perfect_map_scores_1(name, kind):
    truths = [region(), region(2, 3, 38, 50)]
    high = 255 if kind == np.uint8 else 1
    pictures = [forged(str(place), truth, truth.astype(kind) * kind(high)) for place, truth in enumerate(truths)]
    pictures.append(authentic("c", np.zeros((HEIGHT, WIDTH), kind)))
    found = numbers(name, pictures)
    # Wrong on purpose: an inverted map, a false alarm rate, means that count authentic pictures as 0, MCC of 2.
    exempt = ("reverse", "fpr", "false_alarm", "failed", "/all/", "mauroc", "_v1")
    # The truth grows when it is shrunk to 256 x 256, the map does not.
    least = 0.9 if name == "msfusion" else 1 - 1e-6
    checked = [key for key in found if not any(part in key for part in exempt)]
    assert len(checked) >= 5
    for key in checked:
        assert found[key] >= least, key


@pytest.mark.parametrize("name", NAMES)
def test_numbers_do_not_depend_on_the_order(name):
    pictures = mixed_set()
    straight = scored(name, pictures)
    order = np.random.default_rng(1).permutation(len(pictures))
    shuffled = scored(name, [pictures[place] for place in order])
    assert straight.keys() == shuffled.keys()
    for key, measure in straight.items():
        assert shuffled[key].value == pytest.approx(measure.value, abs=1e-12), key
        if measure.interval is not None:
            assert shuffled[key].interval.low == pytest.approx(measure.interval.low, abs=1e-12), key


@pytest.mark.parametrize("name", NAMES)
def test_one_at_a_time_is_the_same_as_all_at_once(name):
    """Streaming, with a look at the numbers in between, against the pixels of all pictures in one row of memory."""
    pictures = [replace(each, values=noisy(region())) if each.values is None else each for each in mixed_set()]
    protocol = get_protocol(name)
    for place, picture in enumerate(pictures):
        protocol.update(picture)
        if place == 3:
            protocol.compute()
    found = {measure.name: measure.value for measure in protocol.compute()}
    assert found == numbers(name, pictures)
    if name not in ("omgfuser", "photoholmes"):
        return
    values = np.concatenate([picture.values.ravel() for picture in pictures])
    truth = np.concatenate(
        [np.zeros(HEIGHT * WIDTH, bool) if each.truth is None else each.truth.ravel() for each in pictures]
    )
    key = "pixel_f1_manipulated" if name == "omgfuser" else "pixel_f1"
    assert found[f"{name}/{key}"] == pytest.approx(f1_score(truth, values > 0.5), abs=1e-12)
    area, close = ("pixel_auc", 1e-4) if name == "omgfuser" else ("pixel_auroc", 2e-3)
    assert found[f"{name}/{area}"] == pytest.approx(roc_auc_score(truth, values), abs=close)


def test_pooled_areas_of_8_bit_maps_are_exact():
    pictures = [forged(str(seed), values=(noisy(region(), seed) * 255).astype(np.uint8)) for seed in range(3)]
    values, truth = (np.concatenate([getattr(each, what).ravel() for each in pictures]) for what in ("values", "truth"))
    found = numbers("omgfuser", pictures)["omgfuser/pixel_auc"]
    assert found == pytest.approx(roc_auc_score(truth, values), abs=1e-12)


def test_msfusion_pools_the_middle_256_pixels():
    """A picture of twice the size, each pixel fourfold, shrinks to what its own small maps would be."""
    random = np.random.default_rng(0)
    small_truth, small = np.zeros((256, 300), bool), random.random((256, 300)).astype(np.float32)
    small_truth[20:90, 40:130] = True
    truth, values = (np.kron(each, np.ones((2, 2), each.dtype)) for each in (small_truth, small))
    found = numbers("msfusion", [forged("a", truth, values)])
    middle, inside = small[:, 22:278].ravel(), small_truth[:, 22:278].ravel()
    assert found["msfusion/pixel_f1_manipulated"] == pytest.approx(f1_score(inside, middle > 0.5), abs=1e-6)
    assert found["msfusion/pixel_auc"] == pytest.approx(roc_auc_score(inside, middle), abs=1e-5)
    # One changed pixel of four makes the small one changed.
    speck = np.zeros((512, 512), bool)
    speck[101, 101] = True
    assert numbers("msfusion", [forged("a", speck, speck.astype(np.float32))])["msfusion/pixel_auc"] == 1.0


def test_a_missing_map_counts_and_is_counted():
    truth = region()
    found = scored("tracefuse", [forged("a", values=truth.astype(np.float32)), forged("b"), authentic("c")])
    share = truth.mean()
    expected = {"pixel_f1@0.5": 0.5, "pixel_iou@0.5": 0.5, "pixel_mcc@0.5": 0.5, "pixel_auc": 0.75}
    expected |= {"pixel_ap": (1 + share) / 2, "failed": 2.0, "false_alarm_area": 0.0, "false_alarm_any": 0.0}
    for key, value in expected.items():
        assert found[f"tracefuse/{key}"].value == pytest.approx(value), key
    assert found["tracefuse/pixel_f1@0.5"].n == 2
    assert found["tracefuse/failed"].n == 3


@pytest.mark.parametrize(("name", "key"), [("trufor", "pixel_f1_fixed"), ("imdlbenco", "pixel_f1_double")])
def test_no_map_gains_nothing_from_being_inverted(name, key):
    assert numbers(name, [forged("a")])[f"{name}/{key}"] == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_both_meanings_of_masks_are_never_averaged(name):
    right, wrong = region().astype(np.float32), (~region()).astype(np.float32)
    pictures = [
        forged("a", values=right),
        forged("b", values=wrong, mask_meaning="both_ends"),
        authentic("c", 0 * right),
    ]
    found = numbers(name, pictures)
    altered, both = numbers(name, [pictures[0], pictures[2]]), numbers(name, [pictures[1], pictures[2]])
    for key, value in found.items():
        if "/both_ends/" in key:
            assert value == both[key], key
        elif "failed" not in key:
            assert value == altered[key], key
    assert any("/both_ends/" in key for key in found)
    assert not any("/both_ends/" in key for key in altered)


def test_tracefuse_gives_what_scikit_learn_gives():
    pictures = [each for each in mixed_set() if each.values is not None]
    found = scored("tracefuse", pictures)
    changed = [each for each in pictures if each.label]
    marked = [f1_score(each.truth.ravel(), each.values.ravel() >= 0.5) for each in changed]
    ranked = [average_precision_score(each.truth.ravel(), each.values.ravel()) for each in changed]
    assert found["tracefuse/pixel_f1@0.5"].value == pytest.approx(np.mean(marked))
    assert found["tracefuse/pixel_ap"].value == pytest.approx(np.mean(ranked))
    labels, scores = [each.label for each in pictures], [each.score for each in pictures]
    assert found["tracefuse/score_auc"].value == pytest.approx(roc_auc_score(labels, scores))
    assert found["tracefuse/score_ap"].value == pytest.approx(average_precision_score(labels, scores))
    called = np.array(scores) >= 0.5
    assert found["tracefuse/score_balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(labels, called))
    quiet = [each for each in pictures if not each.label]
    areas = [(each.values >= 0.5).mean() for each in quiet]
    assert found["tracefuse/false_alarm_area"].value == pytest.approx(np.mean(areas))
    p95 = np.percentile(areas, 95, method="inverted_cdf")
    assert found["tracefuse/false_alarm_area_p95"].value == pytest.approx(p95)
    rate = np.mean([each.score >= 0.5 for each in quiet])
    assert found["tracefuse/false_alarm_pictures"].value == pytest.approx(rate)
    assert found["tracefuse/false_alarm_pictures"].n == len(quiet)


@pytest.mark.parametrize("enough", [99, 100])
def test_hits_at_few_false_alarms_need_100_authentic_pictures(enough):
    """Five authentic pictures score above 0.6; three of four forged ones above those five."""
    blank = np.zeros((HEIGHT, WIDTH), np.uint8)
    quiet = [authentic(f"a{place}", blank, score=0.7 if place < 5 else 0.1) for place in range(enough)]
    loud = [forged(f"f{place}", values=blank, score=0.6 if place < 3 else 0.05) for place in range(4)]
    found = numbers("tracefuse", quiet + loud)
    if enough == 100:
        assert found["tracefuse/score_tpr@fpr5%"] == 0.75
    else:
        assert "tracefuse/score_tpr@fpr5%" not in found


def test_a_missing_score_is_a_score_of_0_where_others_have_one():
    blank = np.zeros((HEIGHT, WIDTH), np.uint8)
    pictures = [forged("a", values=blank, score=0.9), forged("b", values=blank), authentic("c", blank, score=0.2)]
    found = scored("tracefuse", pictures)
    assert found["tracefuse/score_auc"].value == 0.5
    assert "1 without a score" in found["tracefuse/score_auc"].note
    assert "trufor/score_auc" in scored("trufor", pictures)
    assert scored("trufor", pictures)["trufor/score_auc"].n == 2
    assert not any("score" in key for key in numbers("tracefuse", [forged("a", values=blank)]))


def test_a_mask_of_everything_has_f1_and_iou_alone():
    truth = np.ones((HEIGHT, WIDTH), bool)
    found = scored("tracefuse", [forged("a", truth, noisy(truth)), forged("b", values=noisy(region()))])
    assert {key: measure.n for key, measure in found.items() if "pixel" in key} == {
        "tracefuse/pixel_f1@0.5": 2,
        "tracefuse/pixel_iou@0.5": 2,
        "tracefuse/pixel_mcc@0.5": 1,
        "tracefuse/pixel_auc": 1,
        "tracefuse/pixel_ap": 1,
        "tracefuse/pixel_f1@oracle": 2,
    }


def test_prior_gain_and_skill():
    """Masks that are a centered disc: the prior is perfect in F1, and a map that is the disc gains nothing."""
    disc = centered_disc(61, 97, DISC_RADII[2]) > 0
    (f1, *_) = scored("tracefuse", [forged("a", disc, disc.astype(np.float32))]).values()
    assert (f1.prior.mean, f1.gain.mean, f1.skill) == (1.0, 0.0, None)
    assert f"{DISC_RADII[2]:g}" in f1.note
    pictures = [forged(str(seed), region(seed, seed, 20 + seed, 30), noisy(region(), seed)) for seed in range(6)]
    for key, measure in scored("tracefuse", pictures).items():
        if "pixel" in key:
            assert measure.gain.mean == pytest.approx(measure.value - measure.prior.mean), key
            assert measure.skill.mean == pytest.approx(measure.gain.mean / (1 - measure.prior.mean)), key
            assert measure.skill.low <= measure.skill.mean <= measure.skill.high


def test_a_map_that_marks_everything():
    truth = region()
    ours = scored("tracefuse", [forged("a", truth, np.ones(truth.shape, np.float32))])
    for key, measure in ours.items():
        if "pixel" in key:
            assert measure.all_one == pytest.approx(measure.value), key


# Measured on authentic pictures, or less is better: a blind map would win by marking nothing.
WITHOUT_PRIOR = ("tracefuse/false_alarm_", "tracefuse/failed", "photoholmes/pixel_fpr")


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_of_localization_stands_beside_its_prior_and_the_map_of_ones(name):
    for key, measure in scored(name, mixed_set()).items():
        if "score" in key or key.replace("both_ends/", "").startswith(WITHOUT_PRIOR):
            assert (measure.prior, measure.all_one) == (None, None), key
            continue
        assert measure.prior is not None, key
        assert measure.all_one is not None, key
        assert "prior: " in measure.note, key
        assert (measure.gain is None) == (measure.interval is None), key
        if measure.gain is not None:
            assert measure.gain.mean == pytest.approx(measure.value - measure.prior.mean), key


@pytest.mark.parametrize("name", NAMES)
def test_blind_maps_score_what_such_maps_score(name):
    """A map that marks everything, given as a map, meets its own all_one; of disc and closeness the one its prior."""
    pictures = [forged(str(place), region(right=30 + place), source=f"s{place}") for place in range(3)]

    def given(values):
        return scored(name, [replace(each, values=values) for each in pictures])

    compared = [measure for measure in given(np.ones((HEIGHT, WIDTH), np.float32)).values() if measure.prior]
    assert len(compared) >= 3
    for measure in compared:
        # IMDL-BenCo ranks equal values in no defined order.
        if "imdlbenco/pixel_auc" in measure.name:
            assert measure.all_one == 0.5
        else:
            assert measure.value == pytest.approx(measure.all_one), measure.name
    discs = [given(centered_disc(HEIGHT, WIDTH, radius)) for radius in DISC_RADII]
    near = given(closeness_map(HEIGHT, WIDTH))
    for measure in compared:
        if "prior: closeness" in measure.note:
            close = 2e-3 if name == "imdlbenco" else 1e-6
            assert near[measure.name].value == pytest.approx(measure.prior.mean, abs=close), measure.name
        else:
            best = max(disc[measure.name].value for disc in discs)
            assert best == pytest.approx(measure.prior.mean), measure.name


def test_the_prior_of_a_batch_is_that_of_the_batch():
    pictures = [forged(str(place), region(right=20 + 9 * place)) for place in range(3)]
    whole, blind = get_protocol("omgfuser"), get_protocol("omgfuser")
    whole.update_batch(pictures)
    blind.update_batch([replace(each, values=closeness_map(HEIGHT, WIDTH)) for each in pictures])
    ours, near = ({one.name: one for one in each.compute()}["omgfuser/pixel_f1_best"] for each in (whole, blind))
    assert ours.value == 0
    assert ours.prior.mean == pytest.approx(near.value)


def test_masks_of_both_ends_stand_beside_their_own_prior():
    pictures = [forged("a", region(10, 18, 30, 38)), forged("b", region(0, 0, 8, 8), mask_meaning="both_ends")]
    found = scored("imdlbenco", pictures)
    assert found["imdlbenco/pixel_f1_origin"].prior.mean > 0.8
    assert found["imdlbenco/both_ends/pixel_f1_origin"].prior.mean < 0.5


def test_intervals_draw_sources_not_pictures():
    """Ten copies of one source say no more than one."""
    right, wrong = region().astype(np.float32), (~region()).astype(np.float32)
    pictures = [forged(f"a{n}", values=right, source="a") for n in range(10)]
    pictures += [forged(f"b{n}", values=wrong, source="b") for n in range(10)]
    interval = scored("tracefuse", pictures)["tracefuse/pixel_f1@0.5"].interval
    assert (interval.low, interval.mean, interval.high) == (0.0, 0.5, 1.0)
    apart = [replace(picture, source=picture.image) for picture in pictures]
    assert scored("tracefuse", apart)["tracefuse/pixel_f1@0.5"].interval.low > 0.2


@pytest.mark.parametrize("name", NAMES)
def test_undecoded_pixels_do_not_count(name):
    truth, values = region(), noisy(region())
    valid = np.broadcast_to(np.arange(HEIGHT)[:, None] < 36, truth.shape)
    scrambled = np.where(valid, values, 1 - values)
    whole, other = (numbers(name, [forged("a", values=each, valid=valid)]) for each in (values, scrambled))
    # Resizing mixes neighbors: what the undecoded pixels hold does not matter, but rounding does.
    assert whole == (pytest.approx(other, abs=1e-6) if name == "msfusion" else other)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"label": 0}, "label"),
        ({"truth": None}, "label"),
        ({"label": 2}, "label"),
        ({"truth": np.zeros((HEIGHT, WIDTH), bool)}, "nothing"),
        ({"valid": ~region()}, "nothing"),
        ({"values": np.zeros((HEIGHT, WIDTH - 1), np.uint8)}, "values"),
        ({"truth": np.ones((HEIGHT - 1, WIDTH), bool)}, "truth"),
        ({"values": np.full((HEIGHT, WIDTH), np.nan, np.float32)}, "NaN"),
        ({"values": np.full((HEIGHT, WIDTH), 1.5, np.float32)}, "1.5"),
        ({"score": 1.5}, "score"),
        ({"score": float("nan")}, "score"),
    ],
)
def test_a_picture_that_contradicts_itself_is_refused_by_name(changes, reason):
    with pytest.raises(WrongUsage, match=reason) as raised:
        replace(forged("holiday.jpg", values=noisy(region())), **changes)
    assert "holiday.jpg" in str(raised.value)


def test_two_pictures_of_one_index_are_refused():
    protocol = get_protocol("tracefuse")
    protocol.update(forged("a", values=noisy(region())), 0)
    protocol.update(forged("b", values=noisy(region())), 0)
    with pytest.raises(WrongUsage, match="index"):
        protocol.compute()


def test_a_pooled_picture_that_came_twice_too_early_is_refused():
    protocol, picture = get_protocol("omgfuser"), forged("a", values=noisy(region()))
    for index in (0, 0, 1):
        protocol.update(picture if index == 0 else forged("b", values=noisy(region())), index)
    with pytest.raises(WrongUsage, match="twice"):
        protocol.compute()


@pytest.mark.parametrize("name", NAMES)
def test_pictures_come_back_in_the_order_of_their_index_and_survive_a_reset(name):
    protocol, pictures = get_protocol(name), mixed_set(4)
    for index in (2, 0, 3, 1):
        protocol.update(pictures[index], index)
    assert [row.image for row in protocol.pictures()] == ["0", "1", "2", "3"]
    assert [row.source for row in protocol.pictures()] == ["s0", "s0", "s1", "s1"]
    json.dumps([asdict(row) for row in protocol.pictures()], allow_nan=False)
    protocol.reset()
    assert protocol.pictures() == ()


def test_a_name_may_hold_anything_that_a_file_name_may():
    name = "Ä \n,\t'\"[b].jpg"
    protocol = get_protocol("tracefuse")
    protocol.update(forged(name, values=noisy(region()), source="日本"))
    assert [(row.image, row.source) for row in protocol.pictures()] == [(name, "日本")]


def test_what_a_protocol_keeps_does_not_grow_with_the_pixels():
    def kept(side):
        protocol = get_protocol("omgfuser")
        truth = np.eye(side, dtype=bool)
        protocol.update(forged("a", truth, truth.astype(np.float32)))
        return sum(state.numel() for state in (*protocol.numbers, *protocol.texts, protocol.pool, protocol.last_pool))

    assert kept(16) == kept(512)


def script() -> ModuleType:
    spec = spec_from_file_location("two_processes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_two_processes_give_the_numbers_of_one(tmp_path):
    """A sampler repeats a picture to fill the last round; one process has nothing at all."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), "2", str(tmp_path / "two.json")]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    two, one = json.loads((tmp_path / "two.json").read_text()), json.loads(json.dumps(script().scored(0, 1)))
    assert one.keys() == two.keys()
    for key, expected in one.items():
        assert expected["pictures"] == two[key]["pictures"], key
        assert expected["measures"] == two[key]["measures"], key


@pytest.mark.parametrize(
    "module", [protocols, blind, image_level, imdlbenco, msfusion, omgfuser, peer_map, photoholmes, tracefuse, trufor]
)
def test_examples_in_docstrings(module):
    results = doctest.testmod(module, extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0


def test_the_prior_in_16_bits_is_the_prior():
    """The closeness to the center is ranked in 16 bits for speed."""
    near = 1 - np.hypot(*np.meshgrid(np.linspace(-1, 1, 97), np.linspace(-1, 1, 61))) / 2
    truth = np.zeros(near.shape, bool)
    truth[5:30, 20:60] = True
    exact, fine = count_values(near, truth), count_values(fine_levels(near), truth)
    assert fine.auc() == pytest.approx(exact.auc(), abs=1e-4)
    assert fine.average_precision() == pytest.approx(exact.average_precision(), abs=1e-3)
