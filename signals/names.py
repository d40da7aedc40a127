"""File names as text that any terminal, page and JSON file can hold."""

from __future__ import annotations


def printable(name: str) -> str:
    """A file name as one line of text: undecodable bytes and control characters are spelled out."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
