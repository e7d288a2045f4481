"""Pure. How many of what, in English: for lines that people read. Nothing here counts."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 source`, `2 sources`, `0 categories`."""
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
