"""Presets hold the published levels; a file that is none is refused in one line."""

import pytest

from forensics.data.forge.chains.platforms import PLATFORMS
from forensics.evaluation.robustness.suite import list_suites, load_suite
from signals.errors import WrongUsage

PUBLISHED = {
    "tracefuse": {
        "jpeg": [95, 90, 80, 70, 60, 50],
        "double jpeg": ["90, 70"],
        "webp": [90, 75, 50],
        "avif": [60],
        "resize": [1.25, 0.75, 0.5, 0.25],
        "resize and back": [1.25, 0.75, 0.5, 0.25],
        "crop": ["aligned", "+3, +5"],
        "blur": [3, 7, 15],
        "noise": [3, 7, 15, 23],
        "gamma": [1.2, 0.8],
        "median": [3],
        "social": [2048, 1600, 1280],
        "screenshot": ["display"],
    },
    "span": {"resize and back": [0.78, 0.25], "blur": [3, 15], "noise": [3, 15], "jpeg": [100, 50]},
    "benco": {
        "blur": [3, 7, 11, 15, 19, 23],
        "noise": [3, 7, 11, 15, 19, 23],
        "jpeg": [100, 90, 80, 70, 60, 50],
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_levels_are_the_published_ones(name):
    suite = load_suite(name)
    found = {family: [p.level for p in suite.perturbations if p.family == family] for family in suite.families}
    assert found == PUBLISHED[name]


@pytest.mark.parametrize("name", list_suites())
def test_a_level_is_what_its_steps_do(name):
    """The number in front of the reader is the number in the step; the other presets' quirks stay behind the flag."""
    field = {"jpeg": "quality", "webp": "quality", "avif": "quality", "resize": "scale", "resize and back": "scale"}
    field |= {"blur": "kernel", "noise": "sigma", "gamma": "gamma", "median": "kernel", "social": "limit"}
    for perturbation in load_suite(name).perturbations:
        if perturbation.family in field:
            assert getattr(perturbation.steps[0], field[perturbation.family]) == perturbation.level
        assert not any(step.name in ("noise_of_variance", "rectified_noise") for step in perturbation.steps)


def test_social_levels_are_those_of_the_platforms():
    for perturbation in load_suite("tracefuse").perturbations:
        if perturbation.family == "social":
            reduce, save = perturbation.steps
            platform = PLATFORMS[f"social_{perturbation.level}"]
            assert (reduce.limit, (save.quality, save.quality)) == (platform.long_side, platform.quality)


def test_as_coded_puts_the_quirks_in():
    benco = load_suite("benco").as_coded()
    noise = [p.steps for p in benco.perturbations if p.family == "noise"]
    assert [step.variance for (step,) in noise] == [3, 7, 11, 15, 19, 23]
    omgfuser = load_suite("omgfuser").as_coded()
    assert all(p.save.extension == "jpg" for p in omgfuser.perturbations)
    assert {p.save.quality for p in omgfuser.perturbations if p.family != "jpeg"} == {100}


@pytest.mark.parametrize("name", ["tracefuse", "span"])
def test_a_preset_without_quirks_refuses_the_flag(name):
    with pytest.raises(WrongUsage, match="leave it out"):
        load_suite(name).as_coded()


def test_an_unknown_preset_lists_what_is_near():
    with pytest.raises(WrongUsage, match="did you mean benco"):
        load_suite("bencoo")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    steps = "[{name: jpeg, quality: 42}]"
    path.write_text(f"name: mine\nabout: one level\nperturbations: [{{family: jpeg, level: 42, steps: {steps}}}]\n")
    suite = load_suite(str(path))
    assert (suite.name, suite.perturbations[0].steps[0].quality) == ("mine", 42)


@pytest.mark.parametrize(
    "text",
    [
        "name: mine\nabout: x\nperturbations: [{family: a, level: 1, steps: [{name: jpg}]}]",
        "name: mine\nabout: x\nperturbations: [{family: a, level: 1, steps: [{name: blur}]}]",
        "name: [",
        "just words",
    ],
)
def test_a_file_that_is_no_suite(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(WrongUsage, match="no set of perturbations") as refused:
        load_suite(str(path))
    assert "\n" not in str(refused.value)
