"""Forging by several processes: the same pictures in the same order for any number of them."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from forensics.data.forge.forger import Forger, rebuild
from forensics.data.forge.writing.entry import Entry, make_entry
from forensics.data.photos import PhotoPool
from signals.errors import ForensicsError

# By the id of a photo that was passed over: why.
Unreadable = dict[str, str]

# Tasks handed out ahead of the one that is waited for, for each process.
_AHEAD = 4
_LEAST_MEMORY = 250_000_000


class Maker(Protocol):
    """Makes the pictures of one task after another; it is copied to every process."""

    def make(self, task: Any) -> tuple[list[Entry], Unreadable]:
        """The pictures of a task, and the photos passed over so far."""
        ...

    def share(self, jobs: int) -> Maker:
        """One of several, which all keep decoded photos in memory."""
        ...


class PairMaker:
    """Makes pairs of a forger; a task is the range of their indices."""

    def __init__(self, forger: Forger) -> None:
        self._forger = forger

    def make(self, task: range) -> tuple[list[Entry], Unreadable]:
        """See :class:`Maker`."""
        forger = self._forger
        return [make_entry(forger.forge(index), forger.photos) for index in task], forger.unreadable

    def share(self, jobs: int) -> PairMaker:
        """See :class:`Maker`."""
        forger = self._forger
        return PairMaker(Forger(_share_memory(forger.photos, jobs), forger.recipe, forger.seed))


class HistoryMaker:
    """Makes pictures once more; a task is their histories."""

    def __init__(self, photos: PhotoPool) -> None:
        self._photos = photos

    def make(self, task: list[dict[str, Any]]) -> tuple[list[Entry], Unreadable]:
        """See :class:`Maker`."""
        return [make_entry(rebuild(history, self._photos), self._photos) for history in task], {}

    def share(self, jobs: int) -> HistoryMaker:
        """See :class:`Maker`."""
        return HistoryMaker(_share_memory(self._photos, jobs))


def make_entries(
    maker: Maker, tasks: Iterable[Any], jobs: int, unreadable: Unreadable
) -> Generator[list[Entry], None, None]:
    """Makes the pictures of all tasks, in their order.

    Args:
        jobs: Processes; 1 works in this one.
        unreadable: Is told the photos that were passed over.

    Raises:
        ForensicsError: A process was ended from outside.
    """
    results = _make_here(maker, tasks) if jobs == 1 else _make_by_processes(maker, tasks, jobs)
    for entries, passed_over in results:
        unreadable.update(passed_over)
        yield entries


def _make_here(maker: Maker, tasks: Iterable[Any]) -> Iterator[tuple[list[Entry], Unreadable]]:
    with _one_thread():
        yield from map(maker.make, tasks)


def _make_by_processes(maker: Maker, tasks: Iterable[Any], jobs: int) -> Iterator[tuple[list[Entry], Unreadable]]:
    # a forked process would inherit the threads of OpenCV and PyTorch in whatever state they are
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _begin, (maker.share(jobs),))
    try:
        rest = iter(tasks)
        waiting: deque[Future[tuple[list[Entry], Unreadable]]] = deque()
        waiting.extend(pool.submit(_work, task) for task in islice(rest, jobs * _AHEAD))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(_work, task) for task in islice(rest, 1))
    except BrokenProcessPool as error:
        raise ForensicsError("a forging process was ended from outside; try fewer --jobs or free memory") from error
    finally:
        pool.shutdown(cancel_futures=True)


_maker: Maker


def _begin(maker: Maker) -> None:
    """Prepares a process."""
    global _maker
    import cv2

    # an interruption is for the process that writes to answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _maker = maker


def _work(task: Any) -> tuple[list[Entry], Unreadable]:
    return _maker.make(task)


@contextmanager
def _one_thread() -> Iterator[None]:
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _share_memory(photos: PhotoPool, jobs: int) -> PhotoPool:
    return replace(photos, cache_bytes=max(_LEAST_MEMORY, photos.cache_bytes // jobs))
