"""Pure. Bytes -> what the source said: entries, facts and hints as raw strings, or why it is no feed.

`charset` makes text of the bytes, and `items` finds the items in it that are known already. `json_feed` makes
our values of what is JSON; of all else `feed` and `hooks` make feedparser's dictionaries, and `facts` and
`entries` our values of those. `unreadable` and
`discover` say what a body is that is no feed, `bounds` what takes but a moment.
Believes and cleans nothing, and raises nothing but MemoryError, whatever comes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b

from aggregator.model import Entry, FeedFacts, Fetched, Parsed, Unreadable, UnreadEntry, replace
from aggregator.parse import json_feed
from aggregator.parse.bounds import is_little, is_short
from aggregator.parse.charset import clean
from aggregator.parse.entries import entry_of
from aggregator.parse.facts import facts_of, hints_of, hubs_of, older_of
from aggregator.parse.feed import read
from aggregator.parse.hooks import MOST_ENTRIES, RawFeed
from aggregator.parse.items import Items, Odd, find
from aggregator.parse.unreadable import after_parsing, before_decoding, before_parsing
from aggregator.syntax.slugs import takes_dictionary

__all__ = ["parse", "parse_rest"]


def parse(
    fetched: Fetched, salt: str | None = None, known: Collection[str] = (), context: str = ""
) -> Parsed | Unreadable:
    """Read a body. The time it takes is bounded by whoever calls: some hostile bodies are quadratic.

    A body that is broken gives what can be read of it, with `repairs` saying so; an entry that cannot be
    read is in `unread` and costs no other. With a `salt`, items are told apart by their digests, and those
    that are `known` are left out, unless what the document says of the feed has another `context` by now.
    """
    try:
        return _parse(fetched, salt, known, context)
    except MemoryError:
        raise  # the limit is our caller's, and so are the words for it
    except Exception as fault:  # noqa: BLE001 - a poll ends in a value, whatever a source sends
        return Unreadable(f"cannot be parsed: {type(fault).__name__}: {fault}"[:300])


def parse_rest(fetched: Fetched, salt: str, known: Collection[str], context: str) -> Parsed | None:
    """What `parse` gives of a document of which little is not known; None where it is not such a one.

    Bounded by itself: well-formed XML without a document type, of which the items are found in linear time,
    and feedparser has so little to read that it cannot take long. Nor is there any Chinese that is new: the
    dictionary that names it takes long to load, and half as much memory as all else that we are. Of all
    others None is said as soon as that is seen.
    """
    if not is_short(fetched.body) or before_decoding(fetched.body):
        return None
    cleaned = clean(fetched.body, fetched.content_type)
    items, _ = _items(cleaned.text, salt) if cleaned.text.startswith("<") else (None, "")
    left_out = items.known(known) if items is not None else ()
    if items is None or not left_out:
        return None
    rest = items.without(left_out)
    if not is_little(rest) or any(takes_dictionary(items.text(n)) for n in items.others(left_out)):
        return None
    raw = _rest(items, left_out, fetched.url, context)
    return None if raw is None else _parsed(fetched, cleaned.repairs, raw, items, left_out)


def _parse(fetched: Fetched, salt: str | None, known: Collection[str], context: str) -> Parsed | Unreadable:
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
    items, why = _items(cleaned.text, salt)
    left_out: tuple[int, ...] = ()
    raw = None
    if items is not None and (left_out := items.known(known)):
        raw = _rest(items, left_out, fetched.url, context)
        if raw is None:
            left_out, why = (
                (),
                "what the feed says of itself has changed, or cannot be read without its items",
            )
    if raw is None:
        raw = read(cleaned.text, fetched.url)
    if not raw.is_feed and not raw.entries:
        return after_parsing(cleaned.text, raw)
    if items is not None and (doubt := _doubt(raw, len(items.spans) - len(left_out))):
        items, why = None, doubt
    parsed = _parsed(fetched, cleaned.repairs, raw, items, left_out)
    return replace(parsed, whole=why) if known else parsed


def _parsed(
    fetched: Fetched, repairs: Sequence[str], raw: RawFeed, items: Items | None, left_out: tuple[int, ...]
) -> Parsed:
    """Our values of what feedparser has read: all items, but for some that were left out."""
    if items is None:
        positions: Sequence[int] = range(len(raw.entries))
    else:
        positions = items.others(left_out)
    entries, unread = _entries(raw, positions)
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
        repairs=(*repairs, *_repairs(raw, positions)),
        digests=items.digests if items is not None else (),
        left_out=left_out,
        context=_context(facts) if items is not None else "",
    )


def _items(text: str, salt: str | None) -> tuple[Items | None, str]:
    """The items of a document; None, and why, where they cannot be told apart."""
    if salt is None:
        return None, ""
    try:
        return find(text, salt), ""
    except Odd as odd:
        return None, str(odd)


def _rest(items: Items, left_out: Collection[int], url: str, context: str) -> RawFeed | None:
    """The document without its known items; None where anything of that is in doubt."""
    raw = read(items.without(left_out), url)
    certain = raw.is_feed and not _doubt(raw, len(items.spans) - len(left_out))
    return raw if certain and _context(facts_of(raw.said)) == context else None


def _doubt(raw: RawFeed, items: int) -> str:
    """Why what was read may not be these items, one by one; empty if it is."""
    if raw.ill_formed or raw.capped or raw.deleted or any(item.fault for item in raw.entries):
        return "it could not be read as it should be"  # and what went wrong in one item may change the next
    return "" if len(raw.entries) == items else "there are other entries in it than items were found"


def _context(facts: FeedFacts) -> str:
    """Of all that a feed says of itself but its date, which no entry is changed by."""
    said = repr(replace(facts, updated=""))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _entries(raw: RawFeed, positions: Sequence[int]) -> tuple[tuple[Entry, ...], tuple[UnreadEntry, ...]]:
    """One by one, so that none costs another; `positions` is where each stands in the document."""
    entries: list[Entry] = []
    unread: list[UnreadEntry] = []
    for position, item in zip(positions, raw.entries, strict=True):
        if raw.broken_off and item is raw.entries[-1] and not item.closed:
            # Half an entry would be published now, and change when the whole one comes.
            unread.append(UnreadEntry(position, "the document breaks off inside this entry"))
            continue
        try:
            entries.append(entry_of(item, position))
        except Exception as fault:  # noqa: BLE001 - values of any type may stand in any place
            unread.append(UnreadEntry(position, f"{type(fault).__name__}: {fault}"[:300]))
    return tuple(entries), tuple(unread)


def _repairs(raw: RawFeed, positions: Sequence[int]) -> list[str]:
    repairs = []
    if raw.ill_formed:
        repairs.append(f"read loosely: not well-formed XML ({raw.ill_formed})")
    if raw.broken_off:
        repairs.append("the document breaks off before its end")
    if raw.fault:
        repairs.append(f"reading ended early ({raw.fault})")
    if raw.capped:
        repairs.append(f"only the first {MOST_ENTRIES:,} entries are read")
    faults = zip(positions, raw.entries, strict=True)
    repairs += [f"entry {n}: {item.fault}" for n, item in faults if item.fault]
    return repairs[:50]
