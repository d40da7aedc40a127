"""What a file says about itself, read from files that say it, and from files that try to misuse the reader."""

from __future__ import annotations

import io
import json
import struct
import sys
import time
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from signals import Evidence
from signals.facts import FileFacts, read_facts
from signals.facts.credentials import Credentials
from signals.facts.exif import ExifFacts
from signals.facts.texts import shown
from signals.facts.xmp import XmpFacts, read_xmp
from signals.jpeg_quality import nearest_quality, standard_tables


def _facts(data):
    return read_facts(Evidence.open(data))


def _exif(preview=b"", **fields):
    """An EXIF block, big-endian, with a second directory that names the preview."""
    tags = {"make": 271, "model": 272, "software": 305, "modified": 306}
    block = bytearray(b"MM\0*\0\0\0\x08" + struct.pack(">H", len(fields)))
    values_at = 8 + 2 + 12 * len(fields) + 4
    values = b""
    for name in sorted(fields, key=tags.__getitem__):
        raw = fields[name].encode() + b"\0"
        raw = raw.ljust(5, b"\0")
        block += struct.pack(">HHII", tags[name], 2, len(raw), values_at + len(values))
        values += raw
    second = values_at + len(values)
    block += struct.pack(">I", second if preview else 0) + values
    if preview:
        block += struct.pack(">H", 2) + struct.pack(">HHII", 513, 4, 1, second + 30)
        block += struct.pack(">HHII", 514, 4, 1, len(preview)) + bytes(4) + preview
    return b"Exif\0\0" + bytes(block)


def _png_with(data, *chunks):
    packed = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    return data[:33] + packed + data[33:]


@pytest.mark.parametrize("quality", [1, 10, 24, 49, 50, 51, 75, 92, 100])
def test_standard_tables_are_those_that_pillow_writes(quality, encode):
    tables = Image.open(io.BytesIO(encode(Image.new("RGB", (16, 16)), "jpeg", quality=quality))).quantization
    written = [np.array(table).reshape(8, 8) for _, table in sorted(tables.items())]
    assert np.array_equal(standard_tables("luminance")[quality - 1], written[0])
    assert np.array_equal(standard_tables("chrominance")[quality - 1], written[1])
    assert nearest_quality(written[0]).distance == 0
    assert nearest_quality(written[1], "chrominance").standard


def test_a_table_of_its_own_has_a_nearest_quality_and_a_distance():
    table = standard_tables("luminance")[91].copy()
    table[0, 0] += 1
    table[7, 7] -= 3
    found = nearest_quality(table)
    assert (found.quality, found.standard) == (92, False)
    assert found.distance == pytest.approx(4 / 64)


@pytest.mark.parametrize(
    ("factor", "name"),
    [
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, "4:4:4"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, "4:2:2"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, "4:2:0"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440, "4:4:0"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411, "4:1:1"),
    ],
)
def test_sampling_has_its_usual_name(factor, name, noise):
    data = bytes(cv2.imencode(".jpg", noise(32, 48), [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor])[1])
    assert _facts(data).jpeg.sampling == name


def test_how_a_jpeg_file_was_written(noise, encode):
    facts = _facts(encode(noise(32, 48), "jpeg", quality=92, progressive=True) + b"behind the end").jpeg
    assert facts.progressive
    assert facts.scans > 5
    assert facts.color == "ycbcr"
    assert facts.bytes_behind == 14
    assert [(t.components, t.nearest.kind, t.nearest.quality, t.nearest.standard) for t in facts.tables] == [
        ((0,), "luminance", 92, True),
        ((1, 2), "chrominance", 92, True),
    ]
    grey = _facts(encode(Image.fromarray(noise(32, 48)[..., 0]), "jpeg")).jpeg
    assert (grey.sampling, len(grey.tables), grey.progressive) == ("grey", 1, False)
    printing = _facts(encode(Image.fromarray(noise(32, 48)).convert("CMYK"), "jpeg")).jpeg
    assert (printing.sampling, printing.color) == ("1x1, 1x1, 1x1, 1x1", "cmyk")


def test_parts_come_in_order_and_are_bounded(noise, encode):
    data = encode(noise(16, 16), "jpeg")
    assert _facts(data).parts[:2] == ("SOI", "APP0")
    many = _facts(data[:2] + b"\xff\xe5\0\3x" * 500 + data[2:]).parts
    assert len(many) == 200
    assert many[-1].endswith("more")
    assert _facts(encode(noise(16, 16), "png")).parts == ("IHDR", "IDAT", "IEND")
    assert _facts(encode(noise(16, 16), "webp", lossless=True)).parts == ("VP8L",)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_exif_fields_of_every_kind_of_file(kind, noise, encode):
    block = _exif(make="Maker", model="Model\n1", software="Editor 2.0", modified="2020:01:02 03:04:05")
    facts = _facts(encode(noise(16, 16), kind, exif=block)).exif
    assert facts == ExifFacts("Maker", "Model 1", None, "Editor 2.0", None, None, "2020:01:02 03:04:05")


def test_exif_dates_of_the_second_directory_and_tiff_tags(noise, encode):
    exif = Image.Exif()
    exif[305] = "Scanner"
    exif.get_ifd(34665)[36867] = "1999:12:31 23:59:59"
    exif.get_ifd(34665)[42036] = "50 mm"
    facts = _facts(encode(noise(16, 16), "jpeg", exif=exif)).exif
    assert (facts.software, facts.taken, facts.lens) == ("Scanner", "1999:12:31 23:59:59", "50 mm")
    assert _facts(encode(noise(16, 16), "tiff", tiffinfo={305: "Scanner"})).exif.software == "Scanner"


XMP = b"""<?xpacket begin=''?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description
 xmp:CreatorTool="Editor &amp; Co" xmp:ModifyDate='2021-05-06T07:08:09'>
 <xmp:CreateDate>2020-01-01</xmp:CreateDate>
 <Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>
 <xmpMM:History><rdf:Seq><rdf:li stEvt:action="created" stEvt:softwareAgent="Editor 1"/>
 <rdf:li stEvt:softwareAgent="Editor 2"/><rdf:li stEvt:softwareAgent="Editor 1"/></rdf:Seq></xmpMM:History>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
SAID = XmpFacts("Editor & Co", ("Editor 1", "Editor 2"), "trainedAlgorithmicMedia", "2020-01-01", "2021-05-06T07:08:09")


def test_xmp_of_every_kind_of_file(noise, encode):
    pixels = noise(16, 16)
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    for data in (
        encode(pixels, "jpeg", xmp=XMP),
        encode(pixels, "png", pnginfo=text),
        encode(pixels, "webp", xmp=XMP),
        encode(pixels, "tiff", tiffinfo={700: XMP}),
    ):
        assert _facts(data).xmp == SAID


def test_hostile_xmp_is_neither_expanded_nor_slow():
    begin = time.process_time()
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x xmp:CreatorTool="&b;&b;"/>'
    assert read_xmp(bomb).creator_tool == "&b;&b;"
    for hostile in (
        b":CreatorTool" * 100_000,
        b":CreatorTool " + b" " * 300_000,
        b":CreatorTool=" + b'"' * 300_000,
        b":softwareAgent>" + b"a" * 300_000,
        b'<a b:softwareAgent="' + b"x" * 900 + b'"/>' + b"<b:softwareAgent>y</" * 10_000,
    ):
        found = read_xmp(hostile)
        assert len(found.history) <= 20
        assert all(len(agent) <= 200 for agent in found.history)
    assert time.process_time() - begin < 2


def test_software_and_profile(noise, encode):
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "Painter 3")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    name = ImageCms.getProfileDescription(profile).strip()
    for kind, options in (("png", {"pnginfo": text}), ("jpeg", {}), ("webp", {}), ("tiff", {})):
        facts = _facts(encode(noise(16, 16), kind, icc_profile=profile.tobytes(), **options))
        assert facts.profile == name
        assert facts.software == ("Painter 3" if kind == "png" else None)


def test_packed_texts_are_unpacked_within_a_bound(noise, encode):
    packed = zlib.compress(bytes(50_000_000), 9)
    body = b"XML:com.adobe.xmp\0\1\0\0\0" + packed
    evidence = Evidence.open(_png_with(encode(noise(8, 8), "png"), (b"iTXt", body), (b"iCCP", b"x\0\0" + packed)))
    begin = time.process_time()
    assert read_facts(evidence).profile is None
    assert time.process_time() - begin < 1


def test_preview_is_compared_with_the_picture(noise, encode):
    pixels = noise(240, 320)
    small = cv2.resize(pixels, (80, 60), interpolation=cv2.INTER_AREA)
    preview = encode(small, "jpeg", quality=95, subsampling=0)
    same = _facts(encode(pixels, "jpeg", quality=95, exif=_exif(preview, make="M"))).preview
    assert (same.width, same.height, same.same_shape) == (80, 60, True)
    assert same.mean_difference < 3
    altered = pixels.copy()
    altered[:, 160:] = 0
    other = _facts(encode(altered, "jpeg", quality=95, exif=_exif(preview, make="M"))).preview
    expected = np.abs(small[:, 40:].astype(int)).mean() / 2
    assert other.mean_difference == pytest.approx(expected, abs=3)


def test_preview_of_another_shape_is_told_and_black_bars_are_not_one(noise, encode):
    pixels = noise(200, 300)
    barred = np.zeros((120, 160, 3), np.uint8)
    barred[7:113] = cv2.resize(pixels, (160, 106), interpolation=cv2.INTER_AREA)
    found = _facts(encode(pixels, "jpeg", exif=_exif(encode(barred, "jpeg", quality=95), make="M"))).preview
    assert found.same_shape
    assert found.mean_difference < 6
    square = encode(noise(100, 100), "jpeg")
    found = _facts(encode(pixels, "jpeg", exif=_exif(square, make="M"))).preview
    assert (found.width, found.same_shape, found.mean_difference) == (100, False, None)


def test_hostile_previews_are_left_out(noise, encode):
    preview = bytearray(encode(noise(60, 80), "jpeg"))
    place = preview.index(b"\xff\xc0")
    preview[place + 5 : place + 9] = struct.pack(">HH", 9000, 9000)
    for bad in (bytes(preview), preview[:200], b"\xff\xd8\xff" + bytes(100), b"x" * 500):
        assert _facts(encode(noise(60, 80), "jpeg", exif=_exif(bytes(bad), make="M"))).preview is None


def _with_credentials(data):
    body = b"JP\0\1\0\0\0\1\0\0\0\x2e" + b"jumb\0\0\0\x26jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"
    return data[:2] + b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body + data[2:]


def test_credentials_are_seen_without_the_extra(noise, encode, monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    png, webp = encode(noise(16, 16), "png"), encode(noise(16, 16), "webp", lossless=True)
    assert _facts(png).credentials is None
    assert _facts(_png_with(png, (b"caBX", b"\0\0\0\x10jumb"))).credentials == Credentials(None, None)
    assert _facts(webp + b"C2PA\4\0\0\0abcd").credentials == Credentials(None, None)
    assert _facts(_with_credentials(encode(noise(16, 16), "jpeg"))).credentials == Credentials(None, None)


def test_credentials_are_read_with_the_extra(noise, encode, monkeypatch):
    class Reader:
        def __init__(self, kind, stream, context):
            assert kind == "image/png"
            assert context["verify"]["remote_manifest_fetch"] is False

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def json(self):
            named = {"claim_generator_info": [{"name": "Camera <1>\n", "version": "2"}]}
            return json.dumps({"active_manifest": "a", "manifests": {"a": named}})

    library = SimpleNamespace(
        Reader=Reader,
        Context=lambda settings: settings,
        Settings=SimpleNamespace(from_dict=lambda settings: settings),
        sdk_version=lambda: "9.9",
    )
    monkeypatch.setitem(sys.modules, "c2pa", library)
    data = _png_with(encode(noise(16, 16), "png"), (b"caBX", b"\0\0\0\x10jumb"))
    assert _facts(data).credentials == Credentials("Camera <1> 2", "9.9")
    monkeypatch.setattr(Reader, "json", lambda self: "not json")
    assert _facts(data).credentials == Credentials(None, "9.9")


def test_pixels_say_nothing_about_themselves(noise):
    assert read_facts(Evidence.from_pixels(noise(16, 16))) == FileFacts()


def test_texts_of_strangers_are_one_bounded_printable_line():
    assert shown(b"a\x1b[31m b\r\nc\0hidden") == "a\\x1b[31m b c"
    assert shown(b"\xff\xfe") == "\ufffd\ufffd"
    assert shown(" \n\t") is None
    assert len(shown("x" * 10_000)) == 200
    assert shown("\u202egnp.exe") == "\\u202egnp.exe"
