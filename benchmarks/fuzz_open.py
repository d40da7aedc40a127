"""Does any file end the process, escape as another error, or take too long? A coverage-guided search for one.

    python -m benchmarks.fuzz_open --seconds 1200 [--megapixels 2] [--keep FOLDER]

Needs ``atheris`` (libFuzzer for Python). Starts from small files of every kind that is opened, changes their bytes,
keeps what reaches new code, and asks of each: only :class:`signals.ForensicsError` may escape from opening a file,
its pixels, coefficients, warnings and facts. Runs in a process of its own, so that a crash of native code is seen
too, and goes on after it. Prints executions, size of the corpus, crashes, the longest execution and the peak memory.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image, PngImagePlugin

if TYPE_CHECKING:
    from signals import Evidence

_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description xmp:CreatorTool="Editor 1" xmp:ModifyDate="2020">'
    b"<stEvt:softwareAgent>Editor 2</stEvt:softwareAgent></rdf:Description></rdf:RDF></x:xmpmeta>"
)
_MOST_CRASHES = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--megapixels", type=float, default=2, help="bound on the size of the pictures, for speed")
    parser.add_argument("--keep", type=Path, help="where the corpus and what crashed are kept")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        _search(arguments.keep, arguments.child, int(arguments.megapixels * 1e6))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        _run(folder, arguments.seconds, arguments.megapixels)


def exercise(data: bytes) -> None:
    """Opens a file and reads everything of it; nothing but a ``ForensicsError`` is caught."""
    from signals import Evidence, ForensicsError
    from signals.facts import read_facts

    try:
        evidence = Evidence.open(data)
    except ForensicsError:
        return
    readers: tuple[Callable[[], object], ...] = (
        lambda: evidence.jpeg,
        lambda: read_facts(evidence),
        lambda: evidence.warnings,
        lambda: evidence.decoded_rows,
        lambda: _check_shape(evidence),
    )
    for read in readers:
        try:
            read()
        except ForensicsError:
            continue


def _check_shape(evidence: Evidence) -> None:
    assert evidence.pixels.shape == (evidence.height, evidence.width, 3)
    assert 0 <= evidence.decoded_rows <= evidence.height


def small_files() -> Iterator[bytes]:
    """Files of every kind, a few hundred bytes to a few thousand each."""
    y, x = np.mgrid[:40, :56]
    pixels = np.stack([(x * 4) % 256, (y * 6) % 256, (x * y) % 256], axis=2).astype(np.uint8)
    color, grey = Image.fromarray(pixels), Image.fromarray(pixels[..., 0])
    deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[271], exif[274], exif[305] = "Maker", 6, "Program 1.0"
    block = _with_preview(exif, _file(color.resize((14, 10)), "jpeg"))
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", _XMP.decode(), zip=True)
    text.add_text("Software", "Program 1.0")
    profile = (
        b"\0" * 36 + b"acsp" + b"\0" * 88 + b"\0\0\0\1desc\0\0\0\x90\0\0\0\x20desc\0\0\0\0\0\0\0\4sRGB" + b"\0" * 16
    )
    options: dict[str, Any]
    yield _file(color, "jpeg", exif=block, xmp=_XMP, icc_profile=profile)
    for options in ({"subsampling": 0}, {"progressive": True}, {"restart_marker_blocks": 3}, {"optimize": True}):
        yield _file(color, "jpeg", quality=70, **options)
    yield _file(grey, "jpeg")
    yield _with_credentials(_file(grey, "jpeg"))
    yield _file(color.convert("CMYK"), "jpeg")
    yield _file(color, "png", pnginfo=text, exif=exif, icc_profile=profile)
    for image in (grey, deep, color.convert("RGBA"), color.quantize(8), color.convert("1")):
        yield _file(image, "png")
    for options in ({}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"compression": "tiff_adobe_deflate"}):
        yield _file(color, "tiff", exif=exif, **options)
    yield _file(deep, "tiff")
    yield _deep_color_png(pixels)
    for options in ({"exif": exif, "xmp": _XMP}, {"lossless": True}):
        yield _file(color, "webp", **options)
    yield _file(color, "gif")
    yield _file(color, "gif", save_all=True, append_images=[grey])
    yield _file(color, "bmp")
    yield _file(color.quantize(8), "bmp")


def _file(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _deep_color_png(pixels: np.ndarray) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", pixels.astype(np.uint16) * 257)[1])


def _with_credentials(jpeg: bytes) -> bytes:
    """A JPEG file with an APP11 segment that holds the outer boxes of an empty C2PA manifest store."""
    described = b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"
    described = (len(described) + 8).to_bytes(4, "big") + b"jumd" + described
    body = b"JP\0\1\0\0\0\1" + (len(described) + 8).to_bytes(4, "big") + b"jumb" + described
    return jpeg[:2] + b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def _with_preview(exif: Image.Exif, preview: bytes) -> bytes:
    """An EXIF block with a second directory that names a JPEG preview behind it."""
    block = bytearray(exif.tobytes())
    order: Literal["little", "big"] = "little" if block[6:8] == b"II" else "big"
    base = 6
    first = base + int.from_bytes(block[base + 4 : base + 8], order)
    count = int.from_bytes(block[first : first + 2], order)
    link = first + 2 + 12 * count
    start = len(block) - base
    block[link : link + 4] = start.to_bytes(4, order)
    entries = [(259, 3, 6), (513, 4, start + 2 + 36 + 4), (514, 4, len(preview))]
    block += len(entries).to_bytes(2, order)
    for tag, kind, value in entries:
        raw = value.to_bytes(2, order) + b"\0\0" if kind == 3 else value.to_bytes(4, order)
        block += tag.to_bytes(2, order) + kind.to_bytes(2, order) + (1).to_bytes(4, order) + raw
    return bytes(block + b"\0\0\0\0" + preview)


def _search(folder: Path, seconds: int, most_pixels: int) -> None:
    """The child: lets libFuzzer search; never returns."""
    import atheris

    with atheris.instrument_imports(include=["signals", "PIL", "jpeglib"]):
        import signals.evidence
        import signals.facts
        import signals.reading.pixels
    signals.evidence.MAX_PIXELS = most_pixels
    counted = {"executions": 0, "longest": 0.0}

    def one(data: bytes) -> None:
        begin = time.perf_counter()
        exercise(data)
        took = time.perf_counter() - begin
        counted["executions"] += 1
        if took > counted["longest"]:
            counted["longest"] = took
            (folder / "longest.bin").write_bytes(data)
        if counted["executions"] % 500 == 0 or took == counted["longest"]:
            (folder / "counted.json").write_text(json.dumps(counted))

    options = [f"-max_total_time={seconds}", "-timeout=60", "-rss_limit_mb=4096", "-max_len=8192"]
    options += ["-print_final_stats=1", f"-artifact_prefix={folder}/crash-files/", f"{folder}/corpus"]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


def _run(folder: Path, seconds: int, megapixels: float) -> None:
    """The parent: starts the search again after each crash until the time is over, and prints what was found."""
    corpus, crashes = folder / "corpus", folder / "crash-files"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    for number, data in enumerate(small_files()):
        (corpus / f"start-{number:02}").write_bytes(data)
    begin = time.monotonic()
    executions, longest, peak, ends = 0, 0.0, 0, 0
    with (folder / "log.txt").open("w") as log:
        while (left := int(seconds - (time.monotonic() - begin))) > 0 and ends < _MOST_CRASHES:
            command = [sys.executable, "-m", "benchmarks.fuzz_open", "--keep", str(folder), "--child", str(left)]
            command += ["--megapixels", str(megapixels)]
            child = subprocess.run(command, capture_output=True, check=False)
            said = (child.stdout + child.stderr).decode("utf-8", "replace")
            log.write(said)
            log.flush()
            if (folder / "counted.json").exists():
                counted = json.loads((folder / "counted.json").read_text())
                executions, longest = executions + counted["executions"], max(longest, counted["longest"])
                (folder / "counted.json").unlink()
            peak = max([peak, *_memories(said)])
            if child.returncode != 0:
                ends += 1
                print(f"ended with {child.returncode}: {_last_error(said)}", flush=True)
    print(f"seconds           {time.monotonic() - begin:.0f}")
    print(f"executions        {executions}")
    print(f"files in corpus   {len(list(corpus.iterdir()))}")
    print(f"crashes           {ends}")
    print(f"longest execution {longest:.2f} s, pictures of up to {megapixels:g} megapixels")
    print(f"peak memory       {peak} MB")


def _memories(said: str) -> list[int]:
    return [int(one or other) for one, other in re.findall(r"rss: (\d+)Mb|peak_rss_mb:\s+(\d+)", said)]


def _last_error(said: str) -> str:
    lines = [line for line in said.splitlines() if re.search(r"Error|ERROR|Exception|timeout|out-of-memory", line)]
    return lines[0][:300] if lines else said[-300:]


if __name__ == "__main__":
    main()
