"""Pure. Entries of documents, with what was written of them: documents are joined, and only news is written.

It changes no answer, only how long one takes: what an entry keeps is what a pure function gave for its post
and for what else it was given, and it is written anew where that is something else. What was written is kept
for as long as a document shows it, and without its post, up to a bound in bytes; then the documents that were
rendered longest ago are written anew the next time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from aggregator.model import PostId, Shown, Slug, StoryVersion

T = TypeVar("T", str, bytes)

_NOTHING = None, None
_EACH = 1_000
"""Bytes that an entry takes beside what was written of it."""


class Unwritable(ValueError):
    """An entry holds something that a format does not write; the text says what."""


class Unread(Exception):
    """An entry is to be written otherwise than before, and its post was let go: read it again."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """That an entry could not be written is remembered, too."""

    reason: str


class Entry:
    """A story in a document: what its order and the document's dates take, and what it was written as."""

    __slots__ = ("_shown", "_written", "categories", "id", "published", "size", "updated")

    def __init__(self, shown: Shown) -> None:
        post = shown.post
        # Few values that many share: what a document looks at in each entry is soon more than a processor
        # keeps at hand.
        self.id, self.published = post.id, post.published
        self.updated = post.published if post.updated == post.published else post.updated
        self.categories = _shared(post.categories)
        self.size = _EACH
        self._shown: Shown | None = shown
        self._written: dict[str, tuple[Hashable, str | bytes | _Refusal]] = {}

    def written(self, form: str, given: Hashable, make: Callable[[Shown], T]) -> T:
        """What `make` gives for this story; as before if what else it is `given` is the same.

        What one form was written as before is forgotten with another `given`. Raises `Unwritable` for what
        feedgen, lxml and datetime do not write, and `Unread`.
        """
        before, found = self._written.get(form, _NOTHING)
        if found is None or before != given:
            if self._shown is None:
                raise Unread(self.id)
            try:
                found = make(self._shown)
            except (ValueError, TypeError, OverflowError) as error:
                found = _Refusal(f"{type(error).__name__}: {error}")
            self._written[form] = given, found
            # As it lies in memory: of text in which one character is beyond Latin-1 each takes two bytes.
            self.size = _EACH + sum(s.__sizeof__() for _, s in self._written.values())
        if isinstance(found, _Refusal):
            raise Unwritable(found.reason)
        return found  # type: ignore[return-value]  # a form is always written by the same function

    def let_go(self) -> None:
        """Keep what was written, and not the post: texts are long."""
        self._shown = None


def written(
    entries: Sequence[Entry],
    form: str,
    given: Mapping[tuple[Slug, ...], Hashable],
    make: Callable[[Shown], T],
) -> tuple[list[T], list[tuple[PostId, str]]]:
    """What each of some entries is written as, and those that cannot be written, with the reason.

    `given`: see `Entry.written`; by the categories of an entry. Raises `Unread`.
    """
    found: list[T] = []
    refused = []
    of: tuple[Slug, ...] | None = None
    wanted: Hashable = None
    for entry in entries:
        if entry.categories is not of:  # equal ones are one value
            of = entry.categories
            wanted = given[of]
        before, kept = entry._written.get(form, _NOTHING)  # without a call for each that is there
        if kept is None or before != wanted or isinstance(kept, _Refusal):
            try:
                kept = entry.written(form, wanted, make)
            except Unwritable as error:
                refused.append((entry.id, str(error)))
                continue
        found.append(kept)  # type: ignore[arg-type]  # a form is always written by the same function
    return found, refused


@lru_cache(maxsize=4096)
def _shared(categories: tuple[Slug, ...]) -> tuple[Slug, ...]:
    """The same ones as those before it that were equal."""
    return categories


class Shelf:
    """The entries of the documents that were rendered last. Knows one configuration only."""

    def __init__(self, most: int) -> None:
        """`most`: about how many bytes may be kept."""
        self._most, self._size = most, 0
        self._kept: OrderedDict[Hashable, tuple[Mapping[StoryVersion, Entry], int]] = OrderedDict()

    def entries(self, place: Hashable) -> Mapping[StoryVersion, Entry]:
        """What is kept of a scope, or of another place where stories are shown."""
        return self._kept[place][0] if place in self._kept else {}

    def keep(self, place: Hashable, entries: Mapping[StoryVersion, Entry]) -> None:
        """Keep these, and what was there before no more."""
        self.forget(place)
        for entry in entries.values():
            entry.let_go()
        self._kept[place] = entries, sum(entry.size for entry in entries.values())
        self._size += self._kept[place][1]
        while self._size > self._most:
            self.forget(next(iter(self._kept)))

    def forget(self, place: Hashable) -> None:
        """Keep nothing of a scope."""
        if place in self._kept:
            self._size -= self._kept.pop(place)[1]

    def clear(self) -> None:
        """Keep nothing: another configuration is in force."""
        self._kept.clear()
        self._size = 0
