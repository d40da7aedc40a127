from __future__ import annotations

import hashlib
import io
import struct
import threading
import time
import warnings
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from signals import Evidence, UnreadableImage, UnsupportedImage, get_signal


@pytest.fixture(autouse=True)
def _no_warning_may_be_printed():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _refused(source, kind=UnreadableImage, name="x.jpg"):
    with pytest.raises(kind) as caught:
        _ = Evidence.open(source, name=name).pixels
    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text
    assert text.count(";") >= 2
    return text


def _png_header(width, height, depth=8, color=2):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("png", {}),
        ("webp", {"lossless": True}),
        ("tiff", {}),
        ("tiff", {"compression": "tiff_lzw"}),
        ("bmp", {}),
    ],
)
def test_lossless_files_give_their_pixels(kind, options, noise, encode):
    pixels = noise(37, 45)
    evidence = Evidence.open(encode(pixels, kind, **options))
    assert (evidence.type, evidence.width, evidence.height) == (kind, 45, 37)
    assert np.array_equal(evidence.pixels, pixels)
    assert evidence.warnings == ()
    assert evidence.jpeg is None
    assert evidence.decoded_rows == 37


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_pixels_equal_pillows(progressive, noise, encode):
    data = encode(noise(61, 83), "jpeg", quality=80, progressive=progressive)
    evidence = Evidence.open(data)
    assert np.array_equal(evidence.pixels, np.asarray(Image.open(io.BytesIO(data))))
    assert evidence.jpeg is not None
    assert evidence.jpeg.exact
    assert evidence.warnings == ()


def test_lossy_webp_and_gif_first_picture(noise, encode):
    assert Evidence.open(encode(noise(20, 30), "webp")).pixels.shape == (20, 30, 3)
    frames = [Image.new("RGB", (12, 9), color) for color in ("red", "blue")]
    evidence = Evidence.open(encode(frames[0], "gif", save_all=True, append_images=frames[1:]))
    assert (evidence.pixels == [255, 0, 0]).all()
    assert "only the first" in evidence.warnings[0]


def test_type_comes_from_the_bytes_not_the_name(tmp_path, noise, encode):
    path = tmp_path / "ünicode name.jpg"
    path.write_bytes(encode(noise(16, 16), "png"))
    evidence = Evidence.open(path)
    assert evidence.type == "png"
    assert evidence.name == "ünicode name.jpg"
    assert Evidence.open(str(path)).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_grey_becomes_three_equal_channels(kind, noise, encode):
    grey = Image.fromarray(noise(24, 40)[..., 0])
    pixels = Evidence.open(encode(grey, kind)).pixels
    assert pixels.shape == (24, 40, 3)
    assert (pixels == pixels[..., :1]).all()


def test_palette_and_one_bit(noise, encode):
    image = Image.fromarray(noise(24, 40))
    palette = image.quantize(16)
    assert np.array_equal(Evidence.open(encode(palette, "png")).pixels, np.asarray(palette.convert("RGB")))
    assert set(np.unique(Evidence.open(encode(image.convert("1"), "png")).pixels)) <= {0, 255}


def test_transparency_is_ignored_with_a_warning(noise, encode):
    pixels = noise(24, 40)
    alpha = np.zeros((24, 40, 1), dtype=np.uint8)
    for data in (
        encode(np.concatenate([pixels, alpha], axis=2), "png"),
        encode(Image.fromarray(pixels), "png", transparency=tuple(int(v) for v in pixels[0, 0])),
    ):
        evidence = Evidence.open(data)
        assert np.array_equal(evidence.pixels, pixels)
        assert "transparency" in evidence.warnings[0]
    palette = Image.fromarray(pixels).quantize(8)
    evidence = Evidence.open(encode(palette, "png", transparency=b"\0\x80\xff"))
    assert evidence.pixels.shape == (24, 40, 3)
    assert ["transparency" in evidence.warnings[0], "palette" in evidence.warnings[1]] == [True, True]


def _deep(array, kind):
    return bytes(cv2.imencode(f".{kind}", array)[1])


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_scaled_and_rounded(kind, channels):
    values = np.random.default_rng(5).integers(0, 65536, (300, 20, channels), dtype=np.uint16)
    values[0, 0], values[0, 1], values[0, 2], values[0, 3] = 0, 65535, 128, 129
    evidence = Evidence.open(_deep(values, kind))
    color = values[..., 2::-1] if channels > 1 else np.repeat(values, 3, axis=2)
    assert np.array_equal(evidence.pixels, np.rint(color / 257.0).astype(np.uint8))
    assert not np.array_equal(evidence.pixels, color >> 8)
    assert "16 bits" in evidence.warnings[-1]
    assert len(evidence.warnings) == (2 if channels == 4 else 1)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_damaged_sixteen_bits_never_give_other_pixels(kind, capfd):
    values = np.random.default_rng(5).integers(0, 65536, (40, 50, 3), dtype=np.uint16)
    whole = _deep(values, kind)
    expected = Evidence.open(whole).pixels
    random = np.random.default_rng(1)
    for place in random.integers(len(whole) // 2, len(whole), 20):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        try:
            pixels = Evidence.open(bytes(damaged)).pixels
        except UnreadableImage:
            continue
        assert kind == "tiff" or np.array_equal(pixels, expected)
    _refused(whole[: len(whole) * 2 // 3])
    assert capfd.readouterr() == ("", "")


def test_image_objects_of_sixteen_bits_are_scaled_too():
    image = Image.fromarray(np.array([[0, 128, 129, 65535]], dtype=np.uint16))
    assert Evidence.load(image).pixels[0, :, 0].tolist() == [0, 0, 1, 255]


def test_other_depths_are_refused(noise, encode):
    assert "32 bits" in _refused(encode(Image.fromarray(np.ones((9, 9), np.float32)), "tiff"), UnsupportedImage)
    assert "32 bits" in _refused(encode(Image.fromarray(np.ones((9, 9), np.int32)), "tiff"), UnsupportedImage)
    jpeg = bytearray(encode(noise(16, 16), "jpeg"))
    jpeg[jpeg.index(b"\xff\xc0") + 4] = 12
    assert "12 bits" in _refused(bytes(jpeg), UnsupportedImage)
    with pytest.raises(UnsupportedImage):
        Evidence.load(Image.new("F", (9, 9)))


@pytest.mark.parametrize("kind", ["jpeg", "tiff"])
def test_printing_colors_are_converted_with_a_warning(kind, noise, encode):
    image = Image.fromarray(noise(24, 40)).convert("CMYK")
    evidence = Evidence.open(encode(image, kind))
    difference = np.abs(evidence.pixels.astype(int) - np.asarray(image.convert("RGB"))).mean()
    assert difference < (8 if kind == "jpeg" else 0.01)
    assert "CMYK" in evidence.warnings[0]


def _tiff(*entries, tail=b""):
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(4) + tail


_TIFF_BASE = ((256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (262, 3, 1, 1))


def test_files_made_to_keep_a_decoder_busy_are_refused(noise, encode):
    assert "strips" in _refused(_tiff(*_TIFF_BASE, (273, 4, 1_000_001, 200), tail=bytes(4_000_400)))
    overlapping = [(40_000 + number, 7, 900_000, 200) for number in range(20)]
    assert "larger than the file" in _refused(_tiff(*_TIFF_BASE, *overlapping, tail=bytes(1_000_000)))
    png = encode(noise(8, 8), "png")
    chunk = b"\0\0\0\1tEXtx" + struct.pack(">I", zlib.crc32(b"tEXtx"))
    assert "parts" in _refused(png[:33] + chunk * 100_001 + png[33:])
    gif = encode(Image.new("P", (8, 8)), "gif")
    place = gif.index(b",")
    assert "parts" in _refused(gif[:place] + b"\x21\xfe\1a\0" * 20_001 + gif[place:])


def test_padding_and_foreign_segments_do_not_keep_a_decoder_busy(noise, encode):
    data = encode(noise(32, 32), "jpeg")
    expected = Evidence.open(data).pixels
    for padded in (
        data[:2] + b"\xff" * 3_000_000 + data[2:],
        data[:-2] + b"\xff" * 3_000_000 + data[-2:],
        data[:2] + (b"\xff\xe5\xff\xff" + b"\xff" * 65_533) * 40 + data[2:],
        data[:2] + b"\xff\xfe\0\3x" * 50_000 + data[2:],
    ):
        begin = time.process_time()
        evidence = Evidence.open(padded)
        assert np.array_equal(evidence.pixels, expected)
        assert evidence.jpeg is not None
        assert time.process_time() - begin < 5  # seconds of a busy machine; a decoder that is kept busy takes minutes


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_orientation_is_read_and_pixels_stay(kind, noise, encode):
    exif = Image.Exif()
    exif[274] = 6
    evidence = Evidence.open(encode(noise(24, 40), kind, exif=exif))
    assert evidence.orientation == 6
    assert (evidence.width, evidence.height) == (40, 24)
    assert evidence.pixels.shape == (24, 40, 3)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 7), (10, 60000)])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_extreme_sizes_open(kind, height, width, encode):
    data = encode(np.full((height, width, 3), 90, np.uint8), kind)
    assert Evidence.open(data).pixels.shape == (height, width, 3)


def test_not_a_picture():
    assert "empty" in _refused(b"")
    for data in (b"hello, this is text", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"):
        _refused(data)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(UnreadableImage, match="no-such"):
        Evidence.open(tmp_path / "no-such.png")
    with pytest.raises(UnreadableImage, match="give a file"):
        Evidence.open(tmp_path)
    with pytest.raises(UnreadableImage):
        Evidence.open("nul\0byte.png")


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "gif", "bmp"])
def test_cut_after_two_thirds(kind, noise, encode):
    data = encode(noise(100, 80), kind)
    _refused(data[: len(data) * 2 // 3])


def test_bounds_are_checked_before_decoding(monkeypatch):
    assert "120 megapixels" in _refused(_png_header(50_000, 50_000))
    huge = b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0" + b"\xff\xda\0\x08\1\1\0\0\x3f\0\0\xff\xd9"
    assert "120 megapixels" in _refused(huge)
    monkeypatch.setattr("signals.evidence.MAX_BYTES", 10)
    assert "MB" in _refused(b"\xff\xd8\xff" + b"x" * 20)


def test_large_picture_within_the_bound_prints_no_warning(encode):
    # Pillow by itself warns above 89 megapixels.
    evidence = Evidence.open(encode(Image.new("1", (10_000, 10_000)), "png"))
    assert (evidence.width, evidence.height) == (10_000, 10_000)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_jpeg_cut_early_is_unreadable(noise, encode):
    data = encode(noise(400, 400), "jpeg", quality=90)
    _refused(data[:900])
    assert "rows" in _refused(data[: len(data) // 5])


@pytest.mark.parametrize("subsampling", [0, 2])
def test_jpeg_cut_at_sixty_percent_keeps_what_is_there(subsampling, noise, encode):
    data = encode(noise(400, 400), "jpeg", quality=90, subsampling=subsampling)
    whole, cut = Evidence.open(data), Evidence.open(data[: int(len(data) * 0.6)])
    assert 150 < cut.decoded_rows < 300
    assert cut.decoded_rows % 8 == 0
    assert "cut short" in cut.warnings[0]
    # The last row of blocks that is there may differ where chroma is smoothed across its edge.
    rows = cut.decoded_rows - 8
    assert np.array_equal(cut.pixels[:rows], whole.pixels[:rows])
    assert cut.pixels.shape == whole.pixels.shape


@pytest.mark.parametrize("kind", ["440", "411", "grey", "cmyk"])
def test_rows_of_a_cut_file_are_counted_in_every_sampling(kind, noise, encode):
    pixels = noise(400, 400)
    if kind.isdigit():
        factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{kind}")
        data = bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor])[1])
    else:
        data = encode(Image.fromarray(pixels).convert("L" if kind == "grey" else "CMYK"), "jpeg", quality=90)
    whole, cut = Evidence.open(data), Evidence.open(data[: int(len(data) * 0.6)])
    assert 180 < cut.decoded_rows < 290
    assert cut.decoded_rows % (16 if kind == "440" else 8) == 0
    same = [
        np.array_equal(cut.jpeg.components[0].coefficients[row], whole.jpeg.components[0].coefficients[row])
        for row in range(50)
    ]
    assert all(same[: cut.decoded_rows // 8])
    assert not any(same[cut.decoded_rows // 8 + 2 :])
    assert np.array_equal(cut.pixels[: cut.decoded_rows - 8], whole.pixels[: cut.decoded_rows - 8])


def test_damage_in_the_middle_gives_a_warning(noise, encode):
    data = bytearray(encode(noise(200, 200), "jpeg", quality=90, restart_marker_blocks=5))
    place = data.index(b"\xff\xd3", len(data) // 2)
    data[place + 1] = 0xD5
    evidence = Evidence.open(bytes(data))
    assert "damaged" in evidence.warnings[0]
    assert evidence.pixels.shape == (200, 200, 3)


def test_data_lost_in_the_middle_gives_a_warning(noise, encode):
    data = encode(noise(200, 200), "jpeg", quality=90, subsampling=2)
    scan = data.index(b"\xff\xda") + 14
    lost = data[: scan + (len(data) - scan) // 2] + b"\xff\xd9"
    evidence = Evidence.open(lost)
    assert 60 < evidence.decoded_rows < 140
    assert "cut short" in evidence.warnings[0]


def test_grey_at_the_bottom_is_no_damage(noise, encode):
    pixels = noise(200, 200)
    pixels[100:] = 128
    for options in ({}, {"subsampling": 0}, {"optimize": True}, {"restart_marker_rows": 1}):
        assert Evidence.open(encode(pixels, "jpeg", **options)).warnings == ()
    grey = Image.fromarray(pixels[..., 0])
    assert Evidence.open(encode(grey, "jpeg")).warnings == ()


def test_missing_end_alone_loses_no_rows(noise, encode):
    evidence = Evidence.open(encode(noise(61, 83), "jpeg")[:-2])
    assert evidence.decoded_rows == 61
    assert len(evidence.warnings) == 1


@pytest.mark.parametrize("part", [0.4, 0.7])
def test_progressive_cut_in_the_first_scan_of_detail_keeps_the_rows_that_have_it(part, noise, encode):
    data = encode(noise(400, 400), "jpeg", quality=90, progressive=True)
    second, third = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)][1:3]
    cut = Evidence.open(data[: second + int((third - second) * part)])
    assert abs(cut.decoded_rows - 400 * part) < 60
    assert cut.decoded_rows % 8 == 0
    assert "rows of pixels" in cut.warnings[0]
    detail = cut.jpeg.components[0].coefficients.reshape(50, 50, 64)[..., 1:].any(axis=2)
    assert detail[: cut.decoded_rows // 8].mean() > 0.99
    assert not detail[cut.decoded_rows // 8 + 1 :].any()
    found = get_signal("splicebuster_counts").extract(cut)
    rows = -(-cut.decoded_rows // 8)
    assert not found.valid[rows:].any()
    assert found.valid[: rows - 3].any()


@pytest.mark.parametrize("scan", range(2, 10))
def test_progressive_cut_in_a_later_scan(scan, noise, encode):
    data = encode(noise(400, 400), "jpeg", quality=90, progressive=True)
    starts = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)]
    ends = [*starts[1:], len(data)]
    length = ends[scan] - starts[scan]
    # Much of the scan: below the cut there is less detail than above it.
    evidence = Evidence.open(data[: starts[scan] + length * 6 // 10])
    assert abs(evidence.decoded_rows - 240) < 64
    assert "lacks detail" in evidence.warnings[0]
    assert not get_signal("splicebuster_counts").extract(evidence).valid[evidence.decoded_rows // 8 :].any()
    # Half-refined coefficients look like those of another saving.
    assert "last details" in get_signal("adq2").extract(evidence).reason
    # Hardly any of it: every row is there, in the detail of the scans before.
    assert Evidence.open(data[: starts[scan] + 16]).decoded_rows == 400


def test_from_pixels_copies_and_hashes(noise):
    pixels = noise(20, 30)
    evidence = Evidence.from_pixels(pixels, name="a")
    before = pixels.copy()
    pixels[:] = 0
    assert np.array_equal(evidence.pixels, before)
    assert not evidence.pixels.flags.writeable
    assert evidence.sha256 != Evidence.from_pixels(before.reshape(30, 20, 3)).sha256
    assert evidence.sha256 == Evidence.from_pixels(before).sha256
    assert evidence.type == "array"


@pytest.mark.parametrize("array", [np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_from_pixels_refuses_other_arrays(array):
    with pytest.raises(UnsupportedImage, match="convert it first"):
        Evidence.from_pixels(array)
    with pytest.raises(UnreadableImage):
        Evidence.from_pixels(np.zeros((0, 4, 3), np.uint8))


def test_load_takes_anything_that_holds_a_picture(tmp_path, noise, encode):
    pixels = noise(20, 30)
    path = tmp_path / "a.png"
    path.write_bytes(encode(pixels, "png"))
    with Image.open(path) as image:
        sources = [path, str(path), path.read_bytes(), image, pixels, Evidence.open(path)]
        assert all(np.array_equal(Evidence.load(source).pixels, pixels) for source in sources)
    with pytest.raises(UnreadableImage):
        Evidence.load(3)
    assert Evidence.load(Image.new("CMYK", (9, 9))).pixels.shape == (9, 9, 3)


def test_threads_share_one_evidence(noise, encode):
    evidence = Evidence.open(encode(noise(64, 64), "jpeg"))
    seen = []
    threads = [threading.Thread(target=lambda: seen.append((evidence.pixels, evidence.jpeg))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert all(np.array_equal(pixels, seen[0][0]) for pixels, _ in seen)
