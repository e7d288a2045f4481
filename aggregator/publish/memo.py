"""Pure. What was written before, so that an entry that has not changed is not rendered again.

It changes no answer, only how long one takes: whatever it holds is what a pure function gave for the same
arguments. Those are kept as their hash alone, since texts are long. It is bounded in bytes, forgets what was
wanted longest ago, and lives as long as the process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", str, bytes)

_EACH = 200
"""Bytes that remembering one result takes beside it."""


class Memo(Generic[T]):
    """The results of one function, by its arguments."""

    def __init__(self, most: int) -> None:
        """`most`: characters or bytes of results that are kept."""
        self._most, self._size = most, 0
        self._there: dict[int, T] = {}  # in the order in which they were wanted last

    def get(self, arguments: Hashable, make: Callable[[], T]) -> T:
        """The result for these arguments. Whatever `make` raises is raised, and not remembered."""
        key = hash(arguments)
        found = self._there.pop(key, None)
        if found is None:
            found = make()
            self._size += len(found) + _EACH
        self._there[key] = found
        while self._size > self._most:
            oldest = next(iter(self._there))
            self._size -= len(self._there.pop(oldest)) + _EACH
        return found
