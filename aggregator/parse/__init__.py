"""Pure. Bytes -> what the source said: entries, facts and hints as raw strings, or why it is no feed.

`charset` makes text of the bytes. `json_feed` makes our values of what is JSON; of all else `feed` and
`hooks` make feedparser's dictionaries, and `facts` and `entries` our values of those. `unreadable` and
`discover` say what a body is that is no feed.
Believes and cleans nothing, and raises nothing but MemoryError, whatever comes.
"""

from __future__ import annotations

from dataclasses import replace

from aggregator.model import Entry, Fetched, Parsed, Unreadable, UnreadEntry
from aggregator.parse import json_feed
from aggregator.parse.charset import clean
from aggregator.parse.entries import entry_of
from aggregator.parse.facts import facts_of, hints_of, hubs_of, older_of
from aggregator.parse.feed import read
from aggregator.parse.hooks import MOST_ENTRIES, RawFeed
from aggregator.parse.unreadable import after_parsing, before_decoding, before_parsing

__all__ = ["parse"]


def parse(fetched: Fetched) -> Parsed | Unreadable:
    """Read a body. The time it takes is bounded by whoever calls: some hostile bodies are quadratic.

    A body that is broken gives what can be read of it, with `repairs` saying so; an entry that cannot be
    read is in `unread` and costs no other.
    """
    try:
        return _parse(fetched)
    except MemoryError:
        raise  # the limit is our caller's, and so are the words for it
    except Exception as fault:  # noqa: BLE001 - a poll ends in a value, whatever a source sends
        return Unreadable(f"cannot be parsed: {type(fault).__name__}: {fault}"[:300])


def _parse(fetched: Fetched) -> Parsed | Unreadable:
    refused = before_decoding(fetched.body)
    if refused:
        return refused
    cleaned = clean(fetched.body, fetched.content_type)
    if cleaned.text[:1] in ("{", "["):  # whatever the media type says
        said = json_feed.read(cleaned.text, fetched.url)
        if isinstance(said, Unreadable):
            return said
        return replace(said, repairs=(*cleaned.repairs, *said.repairs))
    refused = before_parsing(cleaned.text, fetched.url)
    if refused:
        return refused
    raw = read(cleaned.text, fetched.url)
    if not raw.is_feed and not raw.entries:
        return after_parsing(cleaned.text, raw)
    entries, unread = _entries(raw)
    facts = facts_of(raw.said)
    return Parsed(
        facts=facts,
        entries=entries,
        hints=hints_of(raw),
        unread=unread,
        hubs=hubs_of(facts),
        older=older_of(facts, fetched.url),
        deleted=tuple(raw.deleted),
        format=raw.version,
        repairs=(*cleaned.repairs, *_repairs(raw)),
    )


def _entries(raw: RawFeed) -> tuple[tuple[Entry, ...], tuple[UnreadEntry, ...]]:
    """One by one, so that none costs another."""
    entries: list[Entry] = []
    unread: list[UnreadEntry] = []
    for position, item in enumerate(raw.entries):
        if raw.broken_off and position == len(raw.entries) - 1 and not item.closed:
            # Half an entry would be published now, and change when the whole one comes.
            unread.append(UnreadEntry(position, "the document breaks off inside this entry"))
            continue
        try:
            entries.append(entry_of(item, position))
        except Exception as fault:  # noqa: BLE001 - values of any type may stand in any place
            unread.append(UnreadEntry(position, f"{type(fault).__name__}: {fault}"[:300]))
    return tuple(entries), tuple(unread)


def _repairs(raw: RawFeed) -> list[str]:
    repairs = []
    if raw.ill_formed:
        repairs.append(f"read loosely: not well-formed XML ({raw.ill_formed})")
    if raw.broken_off:
        repairs.append("the document breaks off before its end")
    if raw.fault:
        repairs.append(f"reading ended early ({raw.fault})")
    if raw.capped:
        repairs.append(f"only the first {MOST_ENTRIES:,} entries are read")
    repairs += [f"entry {n}: {item.fault}" for n, item in enumerate(raw.entries) if item.fault]
    return repairs[:50]
