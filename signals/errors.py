"""The one family of exceptions a user can meet; each knows the exit code of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class ForensicsError(Exception):
    """Base of every error raised on purpose. Its text is one line: what, why, what to do."""

    exit_code: ClassVar[int] = 1


class WrongUsage(ForensicsError):
    """The call itself cannot be carried out: an unknown name, a value out of range."""

    exit_code: ClassVar[int] = 2


class UnknownSignal(WrongUsage):
    """No signal of that name is registered."""


class BrokenSignal(ForensicsError):
    """A signal gave a map that its specification does not allow."""


class UnreadableImage(ForensicsError):
    """The bytes cannot be read as a picture."""

    exit_code: ClassVar[int] = 3


class UnsupportedImage(UnreadableImage):
    """A picture of a kind that is refused on purpose, such as lossless JPEG or 32 bits a channel."""


class NoPictures(UnreadableImage):
    """A folder or pattern that holds no picture."""


class CheckpointMissing(ForensicsError):
    """No checkpoint of that name or at that path."""

    exit_code: ClassVar[int] = 4


class CheckpointMismatch(ForensicsError):
    """A checkpoint that does not fit: another format, another version of a signal."""

    exit_code: ClassVar[int] = 4


class OutputNotWritable(ForensicsError):
    """A result cannot be written where it was asked for."""

    exit_code: ClassVar[int] = 5


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the near matches, or all names there are.

    Example:
        >>> did_you_mean("splicebustr", ["dct", "splicebuster"])
        '; did you mean splicebuster?'
    """
    known = list(known)
    near = get_close_matches(name, known, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else f"; choose one of {', '.join(known)}"
