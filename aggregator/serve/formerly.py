"""Shell. Old addresses of feeds (`formerly`) and where they lead: plain functions over paths and queries.

An old address is a path as it comes to this server, with or without its first slash, or a whole URL, of
which the path and the query count: `/all.xml`, `/feed/`, `/?feed=rss2`, `https://old.example/rss?cat=3`.
Which of them is a document today is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from aggregator.model import Config

_FEED = "feed.atom"
_MOST_PAIRS = 100  # of a query


@dataclass(frozen=True, slots=True)
class Formerly:
    """Where old addresses lead, by their path: documents, each with the query that it asks for."""

    bare: Mapping[str, str] = field(default_factory=dict)
    asking: Mapping[str, tuple[tuple[Counter[tuple[str, str]], str], ...]] = field(default_factory=dict)

    def by_path(self, path: str) -> str | None:
        """The document that has taken the place of a path (decoded), whatever the query."""
        return self.bare.get(_key(path))

    def by_query(self, path: str, query: str) -> str | None:
        """The document that has taken the place of a path with a query, as `/?feed=rss2` is one.

        All that the old address asks for is in the query, in any order; more is what readers and trackers
        add. Of several old addresses the one that asks for most.
        """
        candidates = self.asking.get(_key(path), ())
        asked = _pairs(query) if candidates else None
        return next((document for pairs, document in candidates if asked and pairs <= asked), None)


def formerly(config: Config) -> Formerly:
    """The old addresses of a configuration. Who names one first has it: the site, then the categories."""
    bare: dict[str, str] = {}
    asking: dict[str, list[tuple[Counter[tuple[str, str]], str]]] = {}
    owners = [(_FEED, config.site.formerly)]
    owners += [(f"category/{c.slug}/{_FEED}", c.formerly) for c in config.categories]
    for document, addresses in owners:
        for address in addresses:
            try:
                parts = urlsplit(address.strip())
            except ValueError:  # brackets that hold no address
                continue
            key = _key(unquote(parts.path))
            pairs = _pairs(parts.query)
            if pairs:
                asking.setdefault(key, []).append((pairs, document))
            elif key != _key(document):  # a document that is not there leads nowhere, least of all to itself
                bare.setdefault(key, document)
    return Formerly(
        bare, {key: tuple(sorted(found, key=lambda one: -one[0].total())) for key, found in asking.items()}
    )


def relative(raw_path: str, document: str) -> str:
    """The way from a request's path (as it came, encoded) to a document, which holds under any prefix."""
    return "../" * (raw_path.count("/") - 1) + document


def _key(path: str) -> str:
    """One spelling for all that an old address may be written as; `/feed` and `/feed/` are one."""
    return path.strip("/")


def _pairs(query: str) -> Counter[tuple[str, str]] | None:
    """What a query asks for; None for nothing, and for more than anybody asks for."""
    try:
        return Counter(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PAIRS)) or None
    except ValueError:
        return None
