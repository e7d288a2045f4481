"""Pure. A page that was fetched -> where its feeds may be, and which of those that are feeds is meant.

Asks nobody. What a link or a name promises is only a reason to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aggregator.model import Fetched, Reading, Source, Unreadable, Url
from aggregator.parse import discover
from aggregator.parse.charset import clean
from aggregator.syntax import urls


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that was found, as it is now."""

    url: Url
    reading: Reading
    configured: Source | None = None  # the file has it already


@dataclass(frozen=True, slots=True)
class Guesses:
    """Places to look in; `all`: in each, else up to the first that is a feed."""

    urls: tuple[Url, ...]
    all: bool


def guesses(fetched: Fetched, reading: Unreadable) -> Iterator[Guesses]:
    """Where the feeds of a page may be, the best guesses first: to be tried until one of them has some.

    None for what is no page.
    """
    if not reading.feeds and "html" not in fetched.content_type.lower():
        return
    page = clean(fetched.body, fetched.content_type).text
    # Not `reading.feeds`: of a page on a private host that has no relative links.
    yield Guesses(_askable(discover.feeds_in(page, fetched.url)), all=True)
    yield Guesses(_askable(discover.linked_in(page, fetched.url)), all=True)
    yield Guesses(_askable(discover.well_known(fetched.url)), all=False)


def _askable(found: Iterable[str]) -> tuple[Url, ...]:
    return tuple(dict.fromkeys(Url(url) for one in found if (url := urls.absolute("", one))))


def best_first(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """In the order of the page, but feeds of comments behind the others, and empty ones behind full ones."""
    return tuple(sorted(offers, key=lambda one: (is_about_comments(one), not one.reading.posts)))


def is_about_comments(offer: Offer) -> bool:
    """Whether it has what readers wrote below articles."""
    return discover.is_about_comments(offer.url, offer.reading.info.title)
