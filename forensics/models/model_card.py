"""Sections of a model card, Markdown with a heading of the second level each."""

from __future__ import annotations


def put_section(card: str, title: str, body: str) -> str:
    r"""Replaces a section of a card, or adds it at the end.

    >>> card = "# a\n\n## One\n\nold\n\n## Two\n\nkept\n"
    >>> print(put_section(card, "One", "new"), end="")
    # a
    <BLANKLINE>
    ## One
    <BLANKLINE>
    new
    <BLANKLINE>
    ## Two
    <BLANKLINE>
    kept
    >>> put_section(card, "Three", "x").endswith("kept\n\n## Three\n\nx\n")
    True
    """
    section = f"## {title}\n\n{body.strip()}\n"
    lines = card.splitlines(keepends=True)
    headings = [place for place, line in enumerate(lines) if line.startswith("## ")]
    for place in headings:
        if lines[place].strip() == f"## {title}":
            after = next((other for other in headings if other > place), len(lines))
            rest = "".join(lines[after:])
            return "".join(lines[:place]) + section + (f"\n{rest}" if rest else "")
    return f"{card.rstrip()}\n\n{section}"
