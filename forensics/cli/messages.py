"""How an error reads on the command line."""

from __future__ import annotations


def one_line(error: BaseException) -> str:
    """An error's text in one line; with its type's name if it is none of ours."""
    from signals.errors import ForensicsError

    text = " ".join(str(error).split())
    if isinstance(error, ForensicsError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
