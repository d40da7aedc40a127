"""What every signal promises, on every kind of picture. A new signal adds its name to the list."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from signals import Evidence, Signal, SignalSpec, get_signal
from signals.drawing_plane import drawing_plane
from signals.extraction import extract

SIGNALS = [
    "adq1", "adq2", "bayar", "blk", "cagi", "cfa_dirik", "cfa_ferrara", "copymove", "copymove_altered",
    "copymove_duplicated", "dct", "dct_ye", "ela", "ela_score", "ghost", "nadq", "noise", "noise_low",
    "noise_median", "noise_pca", "noise_score", "noise_wavelet", "resampling", "splicebuster", "splicebuster_counts",
    "srm", "zero", "zero_votes",
]  # fmt: skip


@pytest.fixture(params=SIGNALS)
def signal(request):
    return get_signal(request.param)


def _check(signal, evidence):
    """The map, which ``extract`` has held to its specification; an unusable one must say why."""
    found = extract(signal, evidence)
    if found.usable:
        assert found.reason is None
        assert found.values.dtype.kind != "f" or np.isfinite(found.values).all()
        plane = drawing_plane(signal, found)
        assert plane.shape == found.valid.shape
        assert np.isfinite(plane[found.valid]).all()
    else:
        assert found.values.size == 0
        assert found.reason.endswith(".")
    return found


def test_describes_itself(signal):
    assert isinstance(signal, Signal)
    assert SignalSpec.from_json(signal.spec.to_json()) == signal.spec
    assert signal.spec.kind == "feature" or signal.spec.range == (0.0, 1.0)
    for sentence in (signal.reads, signal.blind_when):
        assert sentence.endswith(".")
        assert len(sentence) > 40


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_reads_an_ordinary_picture(signal, kind, noise, encode):
    found = _check(signal, Evidence.open(encode(noise(331, 397), kind)))
    if found.usable:
        assert found.valid.any()
    else:
        assert kind == "png", "every signal reads a JPEG"
        assert "JPEG" in found.reason


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (8, 1), (5, 400), (16, 16), (25, 31), (12, 320), (64, 64), (61, 83)])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_small_pictures_and_determinism(signal, size, kind, noise, encode):
    data = encode(noise(*size), kind)
    first, second = (_check(signal, Evidence.open(data)) for _ in range(2))
    assert np.array_equal(first.values, second.values)
    assert np.array_equal(first.valid, second.valid)
    if min(size) < 8:
        assert not first.usable


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_flat_black_and_white_show_nothing(signal, value, kind, encode):
    found = _check(signal, Evidence.open(encode(np.full((160, 168, 3), value, np.uint8), kind)))
    if found.usable and signal.spec.kind == "score":
        assert found.values[0, found.valid].max(initial=0) < 0.5


def test_half_flat_pictures_are_read_without_warnings(signal, noise, encode):
    pixels = noise(200, 216)
    pixels[:, 96:] = 255
    _check(signal, Evidence.open(encode(pixels, "jpeg")))


KINDS = ["grey", "grey_png", "palette", "rgba", "webp", "tiff", "progressive", "q100", "422", "411", "440"]


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_files(signal, name, noise, encode):
    picture = Image.fromarray(noise(149, 203))
    data = {
        "grey": lambda: encode(picture.convert("L"), "jpeg"),
        "grey_png": lambda: encode(picture.convert("L"), "png"),
        "palette": lambda: encode(picture.convert("P"), "png"),
        "rgba": lambda: encode(picture.convert("RGBA"), "png"),
        "webp": lambda: encode(picture, "webp"),
        "tiff": lambda: encode(picture, "tiff"),
        "progressive": lambda: encode(picture, "jpeg", progressive=True),
        "q100": lambda: encode(picture, "jpeg", quality=100, subsampling=0),
        "422": lambda: encode(picture, "jpeg", subsampling="4:2:2"),
        "411": lambda: encode(picture, "jpeg", subsampling="4:1:1"),
        "440": lambda: _vertically_subsampled(picture),
    }[name]()
    _check(signal, Evidence.open(data))


def _vertically_subsampled(picture: Image.Image) -> bytes:
    """4:4:0: the 4:2:2 of the picture turned on its side has the right factors once they are swapped."""
    import cv2

    done, data = cv2.imencode(
        ".jpg", np.asarray(picture)[..., ::-1], [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440]
    )
    assert done
    return data.tobytes()


def test_rows_that_were_cut_off_are_not_valid(signal, noise, encode):
    data = encode(noise(400, 408), "jpeg", quality=90)
    evidence = Evidence.open(data[: len(data) * 6 // 10])
    assert 0 < evidence.decoded_rows < 400
    found = _check(signal, evidence)
    if found.usable:
        bottoms = found.spec.offset + (np.arange(found.valid.shape[0]) + 1) * found.spec.stride
        assert not found.valid[bottoms > evidence.decoded_rows].any()


def test_orientation_does_not_rotate(signal, noise, encode):
    exif = Image.Exif()
    exif[274] = 6
    plain, turned = encode(noise(200, 256), "jpeg"), encode(noise(200, 256), "jpeg", exif=exif)
    first, second = signal.extract(Evidence.open(plain)), signal.extract(Evidence.open(turned))
    assert np.array_equal(first.values, second.values)


def test_importing_signals_is_light():
    heavy = "cv2", "scipy", "torch", "PIL", "jpeglib"
    code = f"import sys, signals; signals.list_signals(); print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_every_built_in_signal_is_held_to_this():
    from signals.registry import _BUILT_IN

    assert sorted(_BUILT_IN) == SIGNALS


def test_the_reference_of_untouched_photos_ships_for_every_signal(signal):
    import json
    from importlib.resources import files

    reference = json.loads((files("signals") / "pristine" / f"{signal.spec.name}.json").read_text())
    assert reference["version"] == signal.spec.version
    measured = np.array(reference["anchors" if signal.spec.kind == "score" else "quantiles"])
    assert np.isfinite(measured).all()
    assert (np.diff(measured) >= 0).all()


# What these read lies near the cell, so a crop on the grid of cells moves the map with the picture.
LOCAL = ["bayar", "blk", "dct", "ela", "ghost", "noise_median", "noise_wavelet", "splicebuster_counts", "srm"]


@pytest.mark.parametrize("name", LOCAL)
def test_an_aligned_crop_moves_with_the_picture(name, noise):
    signal, pixels = get_signal(name), noise(330, 410)
    whole = signal.extract(Evidence.from_pixels(pixels))
    cropped = signal.extract(Evidence.from_pixels(pixels[64:, 96:]))
    stride = signal.spec.stride
    # Border cells are completed by other pixels; a window of 33 pixels reaches a little further.
    inside = 48 // stride
    moved = whole.values[:, 64 // stride :, 96 // stride :]
    shared = np.s_[:, inside : cropped.values.shape[1] - inside, inside : cropped.values.shape[2] - inside]
    assert cropped.valid[shared[1:]].any()
    assert np.allclose(cropped.values[shared].astype(float), moved[shared].astype(float), atol=2e-3)
