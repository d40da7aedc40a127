"""What the protocols promise: nothing dropped, nothing mixed, the same numbers however the pictures come."""

from __future__ import annotations

import doctest
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

import forensics.evaluation.protocols as protocols
from forensics.evaluation.picture import Picture
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
from signals.errors import WrongUsage
from tests.forensics.evaluation.protocol_pictures import (
    HEIGHT,
    NAMES,
    WIDTH,
    authentic,
    forged,
    mixed_set,
    noisy,
    numbers,
    region,
    scored,
)

# Signed, or documented to leave 0..1: a correlation, and the two numbers whose defect it is.
SIGNED = ("mcc",)
DEFECTIVE = "pixel_f1_training"
COUNTING = ("tracefuse/failed",)


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


@pytest.mark.parametrize(
    "module", [protocols, blind, image_level, imdlbenco, msfusion, omgfuser, peer_map, photoholmes, tracefuse, trufor]
)
def test_examples_in_docstrings(module):
    results = doctest.testmod(module, extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0
