"""Whatever the bytes: only a ``ForensicsError`` escapes, and soon."""

from __future__ import annotations

import time
import warnings
from functools import cache

import pytest

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from benchmarks.fuzz_open import exercise, small_files  # noqa: E402

_SECONDS = 3.0
_quick = settings(max_examples=80, deadline=None, derandomize=True, database=None)
_MAGIC = (b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"II*\0", b"MM\0*", b"GIF89a", b"BM")


@cache
def _files():
    return tuple(small_files())


def _soon(data):
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exercise(data)
    assert time.process_time() - begin < _SECONDS


def test_whole_files_open():
    from signals import Evidence

    for data in _files():
        evidence = Evidence.open(data)
        assert evidence.pixels.shape == (40, 56, 3)


@_quick
@given(st.sampled_from(_MAGIC), st.binary(max_size=400))
def test_random_bytes(magic, data):
    _soon(magic + data)


@_quick
@given(st.data())
def test_changed_bytes(data):
    changed = bytearray(data.draw(st.sampled_from(_files())))
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, min(len(changed), 700) - 1) | st.integers(0, len(changed) - 1))
        changed[place] ^= data.draw(st.integers(1, 255))
    _soon(bytes(changed))


@_quick
@given(st.data())
def test_cut_files(data):
    whole = data.draw(st.sampled_from(_files()))
    _soon(whole[: data.draw(st.integers(0, len(whole)))])


@_quick
@given(st.data())
def test_parts_repeated_and_moved(data):
    whole, other = data.draw(st.sampled_from(_files())), data.draw(st.sampled_from(_files()))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(other)), st.integers(0, len(other)))))
    place = data.draw(st.integers(0, len(whole)))
    _soon(whole[:place] + other[start:end] * data.draw(st.integers(1, 3)) + whole[place:])
