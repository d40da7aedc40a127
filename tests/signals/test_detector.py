"""A detector's map lies where the detector saw it, on the signal's grid; a broken one is refused in one line."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signals import Evidence, Signal, SignalMap, SignalSpec, Unusable, get_signal, register_signal
from signals.cache import SignalCache
from signals.detector import Detector
from signals.drawing_plane import drawing_plane
from signals.errors import BrokenSignal, WrongUsage
from signals.extraction import extract
from signals.map_grid import on_grid, resized

HEIGHT, WIDTH = 83, 125
GRID = (11, 16)


def picture(height: int = HEIGHT, width: int = WIDTH, name: str | None = "photo.jpg") -> Evidence:
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Evidence.from_pixels(pixels, name=name)


def brightness(pixels: np.ndarray) -> np.ndarray:
    return pixels.mean(axis=2) / 255


def run(predicted: object, **options: object) -> SignalMap:
    detector = Detector.from_callable("mine", lambda pixels: predicted, version="1", **options)
    return extract(detector, picture())


def cell_means(map_: np.ndarray, stride: int) -> np.ndarray:
    height, width = map_.shape
    return np.array([
        [map_[y : y + stride, x : x + stride].mean() for x in range(0, width, stride)] for y in range(0, height, stride)
    ])  # fmt: skip


@pytest.mark.parametrize("stride", [1, 2, 8, 16])
def test_a_map_of_the_pictures_size_is_averaged_cell_by_cell(stride: int) -> None:
    detector = Detector.from_callable("mine", brightness, version="1", stride=stride)
    found = extract(detector, picture())
    assert found.values.dtype == np.float32
    assert found.valid.all()
    np.testing.assert_allclose(found.values[0], cell_means(brightness(picture().pixels), stride), atol=1e-6)


@pytest.mark.parametrize("size", [(300, 500), (83, 40), (20, 125), (500, 40), (21, 31), (11, 16), (7, 9), (1, 1)])
def test_a_slope_stays_where_it_is_at_any_size(size: tuple[int, int]) -> None:
    height, width = size
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    found = run((rows[:, None] + columns) / 2).values[0]
    # Each cell holds the slope at the middle of its part of the picture.
    tops, lefts = np.arange(GRID[0]) * 8, np.arange(GRID[1]) * 8
    y = (tops + np.minimum(tops + 8, HEIGHT)) / 2 / HEIGHT
    x = (lefts + np.minimum(lefts + 8, WIDTH)) / 2 / WIDTH
    expected = (y[:, None] + x) / 2
    # A bilinear map is flat beyond the middle of its outermost cells, and one of the grid's size is taken as it is.
    tolerance = max(0.5 / height, 0.5 / width, 0.01)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    inner = (slice(2, -2), slice(2, -2))
    if height > 20 and width > 20:
        np.testing.assert_allclose(found[inner], expected[inner], atol=0.004)


def test_what_shrinks_keeps_its_mean() -> None:
    fine = np.zeros((640, 960), np.float32)
    fine[::10, ::5] = 1
    np.testing.assert_allclose(resized(fine, 64, 96), 0.02, atol=1e-6)
    np.testing.assert_allclose(on_grid(fine, SignalSpec("a", "1", stride=8), 64, 96), 0.02, atol=1e-6)


def test_what_grows_has_no_steps() -> None:
    coarse = np.array([[0, 1], [0, 1]], np.float32)
    for grown in (resized(coarse, 40, 64)[7], resized(coarse.T, 64, 1)[:, 0]):
        np.testing.assert_allclose(np.diff(grown[17:47]), 1 / 32, atol=1e-6)


@pytest.mark.parametrize("predicted", [
    np.zeros((4, 4), bool), np.ones((3, 3), np.uint8), np.full((5, 5), 0.5, np.float16),
    np.full((5, 5), 1 + 1e-6), [[0.0, 1.0]],
], ids=["bool", "uint8", "float16", "rounding", "lists"])  # fmt: skip
def test_kinds_of_numbers(predicted: object) -> None:
    found = run(predicted)
    assert found.values.min() >= 0
    assert found.values.max() <= 1


@pytest.mark.parametrize(
    ("predicted", "problem"),
    [
        (np.full((4, 4), np.nan), "not finite"),
        (np.full((4, 4), np.inf), "not finite"),
        (np.full((4, 4), 1.2), r"from 1.2 to 1.2, outside 0\.\.1"),
        (np.full((4, 4), -0.1), "outside"),
        (np.full((4, 4), 255, np.uint8), "255, outside"),
        (np.zeros((1, 4, 4)), r"shape \(1, 4, 4\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.zeros((4, 4), complex), "complex128"),
        (np.full((2, 2), "a"), "not of numbers"),
        (None, "shape"),
    ],
)
def test_a_broken_map_is_refused(predicted: object, problem: str) -> None:
    with pytest.raises(BrokenSignal, match=problem) as raised:
        run(predicted)
    assert str(raised.value).startswith("signal mine: ")
    assert "\n" not in str(raised.value)


def test_a_detector_that_fails_or_declines() -> None:
    def fails(pixels: np.ndarray) -> np.ndarray:
        raise RuntimeError("out of\nluck")

    def declines(pixels: np.ndarray) -> np.ndarray:
        raise Unusable("The picture is too small for it.")

    with pytest.raises(BrokenSignal, match="signal mine: its detector failed; RuntimeError: out of luck"):
        extract(Detector.from_callable("mine", fails, version="1"), picture())
    found = extract(Detector.from_callable("mine", declines, version="1"), picture())
    assert (found.usable, found.reason) == (False, "The picture is too small for it.")


def test_it_is_a_signal_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signals.registry._registered", {})
    monkeypatch.setattr("signals.registry._instances", {})
    register_signal("glow", lambda: Detector.from_callable("glow", brightness, version="3", reads="Reads light."))
    signal = get_signal("glow")
    assert isinstance(signal, Signal)
    assert (signal.spec.kind, signal.spec.range, signal.spec.version) == ("score", (0.0, 1.0), "3")
    assert SignalSpec.from_json(signal.spec.to_json()) == signal.spec
    assert signal.reads == "Reads light."
    assert len(signal.blind_when) > 40
    found = extract(signal, picture())
    np.testing.assert_array_equal(drawing_plane(signal, found), found.values[0])


def test_rows_that_were_cut_off_are_not_valid(noise, encode) -> None:
    data = encode(noise(400, 408), "jpeg", quality=90)
    evidence = Evidence.open(data[: len(data) * 6 // 10])
    found = extract(Detector.from_callable("mine", brightness, version="1"), evidence)
    rows = evidence.decoded_rows // 8
    assert found.valid[:rows].all()
    assert not found.valid[rows:].any()
    assert not found.values[0, rows:].any()


class TestFolder:
    @pytest.fixture
    def detector(self, tmp_path: Path) -> Detector:
        return Detector.from_folder("ready", tmp_path, version="1")

    def test_npy_and_grey_png_say_the_same(self, tmp_path: Path, detector: Detector) -> None:
        map_ = np.random.default_rng(0).random(GRID)
        found = {}
        np.save(tmp_path / "photo.npy", map_)
        found["npy"] = extract(detector, picture()).values[0]
        (tmp_path / "photo.npy").unlink()
        for bits, kind in ((8, np.uint8), (16, np.uint16)):
            Image.fromarray(np.rint(map_ * (2**bits - 1)).astype(kind)).save(tmp_path / "photo.png")
            found[bits] = extract(detector, picture()).values[0]
        np.testing.assert_allclose(found["npy"], map_, atol=1e-7)
        np.testing.assert_allclose(found[16], map_, atol=0.51 / 65535)
        np.testing.assert_allclose(found[8], map_, atol=0.51 / 255)

    def test_a_mask_of_one_bit(self, tmp_path: Path, detector: Detector) -> None:
        Image.fromarray(np.eye(16) > 0).save(tmp_path / "photo.png", bits=1)
        assert set(np.unique(extract(detector, picture(128, 128)).values)) == {0, 1}

    @pytest.mark.parametrize("name", [None, "other.jpg", "../photo.jpg/x", "a\0b.jpg", ".."])
    def test_no_map_means_not_usable(self, tmp_path: Path, detector: Detector, name: str | None) -> None:
        np.save(tmp_path / "photo.npy", np.zeros((4, 4)))
        found = extract(detector, picture(name=name))
        assert not found.usable
        assert found.reason.endswith(".")

    def test_a_name_cannot_lead_out_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "maps").mkdir()
        np.save(tmp_path / "photo.npy", np.zeros((4, 4)))
        detector = Detector.from_folder("ready", tmp_path / "maps", version="1")
        assert not extract(detector, picture(name="../photo.jpg")).usable
        assert not extract(detector, picture(name=str(tmp_path / "photo.jpg"))).usable

    @pytest.mark.parametrize("kind", ["text", "cut", "color", "object", "range"])
    def test_bad_files_are_refused(self, tmp_path: Path, detector: Detector, kind: str) -> None:
        png, npy = tmp_path / "photo.png", tmp_path / "photo.npy"
        if kind == "text":
            png.write_bytes(b"no picture")
        elif kind == "cut":
            Image.fromarray(picture().pixels[..., 0]).save(png)
            png.write_bytes(png.read_bytes()[:2000])
        elif kind == "color":
            Image.fromarray(picture().pixels).save(png)
        elif kind == "object":
            np.save(npy, np.array([[{}]]), allow_pickle=True)
        else:
            np.save(npy, np.full((4, 4), 3.0))
        with pytest.raises(BrokenSignal, match=r"signal ready: .*(cannot be read|outside 0\.\.1)"):
            extract(detector, picture())

    def test_a_cache_does_not_take_one_name_for_another(self, tmp_path: Path, detector: Detector) -> None:
        cache = SignalCache(tmp_path / "cache")
        for level, name in ((0.25, "a"), (0.75, "b")):
            np.save(tmp_path / f"{name}.npy", np.full((4, 4), level))
            assert cache.extract(detector, picture(name=f"{name}.jpg")).values[0, 0, 0] == level

    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUsage, match="is not a folder"):
            Detector.from_folder("ready", tmp_path / "none", version="1")


Sides = tuple[int | str, int | str]


def save_network(
    path: Path,
    sides: Sides = ("H", "W"),
    layout: str = "NCHW",
    kind: int = 1,
    axes: int = 4,
    channels: int = 3,
    maps: int = 1,
) -> Path:
    """Mean of the channels, then of blocks of 4 x 4 pixels: a map that can be worked out by hand."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    make = onnx.helper
    given = [1, channels, *sides] if layout == "NCHW" else [1, *sides, channels]
    kernel = make.make_tensor("kernel", kind, [maps, channels, 1, 1], [1 / channels] * maps * channels)
    nodes = [] if layout == "NCHW" else [make.make_node("Transpose", ["picture"], ["first"], perm=[0, 3, 1, 2])]
    nodes += [
        make.make_node("Conv", ["picture" if layout == "NCHW" else "first", "kernel"], ["grey"]),
        make.make_node("AveragePool", ["grey"], ["map" if axes == 4 else "four"], kernel_shape=[4, 4], strides=[4, 4]),
    ]
    if axes == 3:
        nodes.append(make.make_node("Squeeze", ["four", "axis"], ["map"]))
    shape = [1, maps, "h", "w"] if axes == 4 else [1, "h", "w"]
    graph = make.make_graph(
        nodes, "mean", [make.make_tensor_value_info("picture", kind, given)],
        [make.make_tensor_value_info("map", kind, shape)],
        [kernel, make.make_tensor("axis", 7, [1], [0])],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


class TestOnnx:
    def test_a_network_of_any_size(self, tmp_path: Path) -> None:
        path = save_network(tmp_path / "net.onnx")
        evidence = picture(64, 96)
        detector = Detector.from_onnx("net", path, output="probabilities")
        np.testing.assert_allclose(
            extract(detector, evidence).values[0], cell_means(brightness(evidence.pixels), 8), atol=0.02
        )
        exact = Detector.from_onnx("net", path, output="probabilities", stride=4)
        np.testing.assert_allclose(
            extract(exact, evidence).values[0], cell_means(brightness(evidence.pixels), 4), atol=1e-5
        )

    @pytest.mark.parametrize("options", [{"layout": "NHWC"}, {"axes": 3}, {"kind": 10}, {"sides": (64, 96)}])
    def test_layouts_and_types_say_the_same(self, tmp_path: Path, options: dict[str, object]) -> None:
        evidence = picture(64, 96)
        plain = Detector.from_onnx("net", save_network(tmp_path / "a.onnx"), output="probabilities", stride=4)
        path = save_network(tmp_path / "b.onnx", **options)
        layout = str(options.get("layout", "NCHW"))
        other = Detector.from_onnx("net", path, output="probabilities", layout=layout, stride=4)
        np.testing.assert_allclose(extract(other, evidence).values, extract(plain, evidence).values, atol=2e-3)

    def test_logits_mean_and_std(self, tmp_path: Path) -> None:
        path, evidence = save_network(tmp_path / "net.onnx"), picture(64, 96)
        mean, std = (0.4, 0.5, 0.6), (0.001, 0.1, 0.2)
        detector = Detector.from_onnx("net", path, output="logits", mean=mean, std=std, stride=4)
        logits = cell_means((((evidence.pixels / 255) - mean) / std).mean(axis=2), 4)
        expected = np.where(logits > 0, 1 / (1 + np.exp(-abs(logits))), 1 - 1 / (1 + np.exp(-abs(logits))))
        np.testing.assert_allclose(extract(detector, evidence).values[0], expected, atol=1e-4)

    def test_a_fixed_size_sees_the_whole_picture(self, tmp_path: Path) -> None:
        path = save_network(tmp_path / "net.onnx", sides=(32, 48))
        pixels = np.zeros((160, 240, 3), np.uint8)
        pixels[80:, 120:] = 255
        found = extract(Detector.from_onnx("net", path, output="probabilities"), Evidence.from_pixels(pixels))
        assert (found.values[0, 12:, 17:] > 0.99).all()
        assert (found.values[0, :8] < 0.01).all()

    def test_padding_does_not_move_the_map(self, tmp_path: Path) -> None:
        path = save_network(tmp_path / "net.onnx")
        pixels = np.zeros((83, 125, 3), np.uint8)
        pixels[40:, 64:] = 255
        detector = Detector.from_onnx("net", path, output="probabilities", multiple=32)
        found = extract(detector, Evidence.from_pixels(pixels)).values[0]
        expected = np.zeros(GRID)
        expected[5:, 8:] = 1
        np.testing.assert_allclose(found[:, [0, 6, 9, 15]], expected[:, [0, 6, 9, 15]], atol=0.2)
        np.testing.assert_allclose(found[[0, 3, 6, 10]][:, [0, 6, 9, 15]], expected[[0, 3, 6, 10]][:, [0, 6, 9, 15]])

    def test_its_version_is_the_files(self, tmp_path: Path) -> None:
        import hashlib

        path = save_network(tmp_path / "net.onnx")
        detector = Detector.from_onnx("net", path, output="logits")
        assert detector.spec.version == hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        assert SignalSpec.from_json(detector.spec.to_json()) == detector.spec
        assert detector.spec != Detector.from_onnx("net", path, output="probabilities").spec

    def test_it_can_be_sent_to_another_process(self, tmp_path: Path) -> None:
        detector = Detector.from_onnx("net", save_network(tmp_path / "net.onnx"), output="logits")
        first = extract(detector, picture())
        assert np.array_equal(extract(pickle.loads(pickle.dumps(detector)), picture()).values, first.values)

    def test_broken_outputs(self, tmp_path: Path) -> None:
        path = save_network(tmp_path / "net.onnx")
        large = Detector.from_onnx("net", path, output="probabilities", std=(0.1, 0.1, 0.1))
        with pytest.raises(BrokenSignal, match=r"signal net: .*outside"):
            extract(large, picture())
        two = Detector.from_onnx("net", save_network(tmp_path / "two.onnx", maps=2), output="logits")
        with pytest.raises(BrokenSignal, match=r"signal net: .*shape \(1, 2, 20, 31\), not \[1, 1, h, w\]"):
            extract(two, picture())

    @pytest.mark.parametrize(
        ("options", "settings", "problem"),
        [
            ({"channels": 1}, {}, r"shape \[1, 1, 'H', 'W'\], not \[1, 3, H, W\]"),
            ({"layout": "NHWC"}, {}, r"shape \[1, 'H', 'W', 3\], not \[1, 3, H, W\]"),
            ({}, {"layout": "NHWC"}, r"shape \[1, 3, 'H', 'W'\], not \[1, H, W, 3\]"),
            ({}, {"output": "scores"}, "output is one of logits, probabilities"),
            ({}, {"layout": "HWC"}, "layout one of NCHW, NHWC"),
            ({}, {"mean": (0.5,)}, "do not fit"),
            ({}, {"std": (0, 1, 1)}, "do not fit"),
            ({}, {"multiple": 0}, "do not fit"),
        ],
    )
    def test_what_does_not_fit_is_told(
        self, tmp_path: Path, options: dict[str, object], settings: dict[str, object], problem: str
    ) -> None:
        path = save_network(tmp_path / "net.onnx", **options)
        with pytest.raises(WrongUsage, match=problem):
            Detector.from_onnx("net", path, **{"output": "logits", **settings})

    def test_files_that_are_no_networks(self, tmp_path: Path) -> None:
        pytest.importorskip("onnxruntime")
        (tmp_path / "text.onnx").write_bytes(b"not a network")
        with pytest.raises(WrongUsage, match="no network that can be run") as raised:
            Detector.from_onnx("net", tmp_path / "text.onnx", output="logits")
        assert "\n" not in str(raised.value)
        with pytest.raises(WrongUsage, match="No such file"):
            Detector.from_onnx("net", tmp_path / "none.onnx", output="logits")

    def test_without_onnxruntime(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "net.onnx").write_bytes(b"never looked at")
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(WrongUsage, match=r"signal net: .*pip install 'tracefuse\[onnx\]'"):
            Detector.from_onnx("net", tmp_path / "net.onnx", output="logits")

    def test_a_file_that_changes_is_noticed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        detector = Detector.from_onnx("net", save_network(tmp_path / "net.onnx"), output="logits")
        save_network(tmp_path / "net.onnx", axes=3)
        monkeypatch.setattr("os.getpid", lambda: -1)
        with pytest.raises(BrokenSignal, match=r"net\.onnx has changed"):
            extract(detector, picture())


def test_the_largest_pictures_take_little(noise: Callable[[int, int], np.ndarray]) -> None:
    import time

    map_ = np.random.default_rng(0).random((750, 1000)).astype(np.float32)
    started = time.process_time()
    on_grid(map_, SignalSpec("a", "1", stride=8), 3000, 4000)
    assert time.process_time() - started < 1
