"""Pure. What is kept of a source after a poll, on every path, and how people are told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TypeGuard

from aggregator import schedule, websub
from aggregator.model import (
    Duplicate,
    Fetched,
    FetchFailed,
    FetchResult,
    Lease,
    Memory,
    New,
    NotModified,
    PollOutcome,
    Reading,
    ReadResult,
    Source,
    Unchanged,
    Unreadable,
    Validators,
    Verdict,
    replace,
)
from aggregator.pipeline import moving, scoring

OFFERED = 2
"""Feeds that a page links to and a failure names."""
READER_VERSION = "1"
"""Raised when reading the same bytes gives better posts: every body is then read once more."""
UNSEEN = timedelta(days=180)
"""After so long of nothing but 304 the whole body is asked for once: a server may have got stuck."""
NOT_READ = "not read"
"""The result of a poll whose body this machine failed to read."""
TRIES = 3
"""How often in a row a body is asked for again because of that."""
FORMER = 5
"""Earlier validators that are kept, to know them when we meet them."""
_NONE = (Validators(), Validators("", ""), Validators("", None), Validators(None, ""))


def body_digest(source: Source, fetched: Fetched) -> str:
    """What makes reading a body again needless: same bytes, media type, definition and reader."""
    salt = "\0".join((READER_VERSION, source.definition, fetched.content_type, fetched.url))
    return blake2b(salt.encode("utf-8", "surrogatepass") + b"\0" + fetched.body, digest_size=16).hexdigest()


def faulty(result: FetchResult | None, detail: str) -> FetchFailed:
    """A fault of ours in a poll that may have brought an answer: that came to nothing, but for its hints."""
    if result is None:
        return FetchFailed("fault", detail)
    gone = isinstance(result, FetchFailed) and result.hints.gone
    said = replace(result.hints, moved=None, gone=gone)
    status = result.status if isinstance(result, FetchFailed) else None
    return FetchFailed("fault", detail, said, status, result.url, result.sent, took=result.took)


def prepared(lease: Lease, now: datetime) -> Lease:
    """The lease as it is to be fetched: without the source's validators where it is time to see the whole.

    That is for an errand, whose page has others; once after `UNSEEN` of nothing but 304; and once where
    another version of ours could not read the last body.
    """
    memory = lease.memory
    other_reader = bool(memory.unreadable) and memory.reader not in ("", READER_VERSION)
    unseen = memory.whole is not None and now - memory.whole >= UNSEEN
    if lease.errand is not None or other_reader or unseen:
        return replace(lease, conditional=False)
    return lease


def remember(
    lease: Lease,
    result: FetchResult,
    reading: ReadResult | None,
    verdicts: tuple[Verdict, ...],
    now: datetime,
) -> Memory:
    """The source's memory after this poll, but for what was missed between polls (`overruns`)."""
    memory = replace(lease.memory, last_poll=now, score=scoring.counted(lease, result, now))
    if _is_lost(reading, lease.memory):
        # As if the body had not come: what is kept must fit what was read, and the next poll asks for it.
        return schedule.heard(_not_read(memory, reading), result, now)
    memory = _answered(lease, result, memory, now)
    memory = _judged(lease, result, reading, verdicts, memory, now)
    return moving.followed(lease, schedule.heard(memory, result, now), result)


def _is_lost(reading: ReadResult | None, before: Memory) -> TypeGuard[Unreadable]:
    """Whether this machine failed to read a body; after a few times in a row it is the body that fails."""
    if not isinstance(reading, Unreadable) or not reading.ours:
        return False
    return before.last_result != NOT_READ or before.failures < TRIES


def _not_read(memory: Memory, reading: Unreadable) -> Memory:
    return replace(memory, failures=memory.failures + 1, last_result=NOT_READ, last_error=reading.reason)


def _answered(lease: Lease, result: FetchResult, memory: Memory, now: datetime) -> Memory:
    """What the exchange itself says, whatever was in the body."""
    before = memory.validators
    asked_whole = result.sent is not None and result.sent.validators in _NONE
    if asked_whole:
        memory = replace(memory, whole=now, reader=READER_VERSION if memory.unreadable else memory.reader)
    match result:
        case FetchFailed(validators=Validators() as brought) if brought not in _NONE:
            # Nothing was asked conditionally, so they are no part of what was had from another host.
            at_home = moving.place(memory.validators_from) == moving.place(result.url)
            validators = _merged(before, brought) if at_home else brought
            memory = replace(memory, validators=validators, validators_from=result.url)
        case FetchFailed():
            pass
        case NotModified():
            validators, answered = _merged(before, result.validators), result.url or memory.answered_by
            # As nearly always nothing of it is other than it was.
            if (validators, answered) != (before, memory.answered_by) or memory.whole is None:
                whole = memory.whole or now
                memory = replace(memory, validators=validators, answered_by=answered, whole=whole)
        case Fetched():
            # Also when the body is the same: it was sent with these (RFC 9110, 13.1; NetNewsWire#4345).
            memory = replace(
                memory,
                validators=result.validators,
                validators_from=result.url,
                answered_by=result.url,
                body=body_digest(lease.source, result),
                whole=now,
            )
    if memory.validators != before and before not in _NONE:
        former = (before, *(one for one in memory.former if one not in (before, memory.validators)))
        memory = replace(memory, former=former[:FORMER])
    leads_to = result.url or memory.leads_to
    return memory if leads_to == memory.leads_to else replace(memory, leads_to=leads_to)


def _judged(
    lease: Lease,
    result: FetchResult,
    reading: ReadResult | None,
    verdicts: tuple[Verdict, ...],
    memory: Memory,
    now: datetime,
) -> Memory:
    """Whether the poll was a success, and what the document adds to what is known of the source."""
    if isinstance(result, FetchFailed) and result.kind == "turn":
        return replace(memory, last_result="turn", last_error=result.detail)
    if isinstance(result, FetchFailed):
        return replace(
            memory,
            failures=memory.failures + 1,
            last_result=result.kind if result.status is None else f"status {result.status}",
            last_error=result.detail,
            gone=result.hints.gone,
        )
    if isinstance(reading, Unreadable):
        memory = replace(memory, unreadable=why_unreadable(lease.source, reading), reader=READER_VERSION)
    elif isinstance(reading, Reading):
        memory = replace(memory, unreadable="", reader="")
    if memory.unreadable:
        return replace(
            memory,
            failures=memory.failures + 1,
            last_result="unreadable",
            last_error=memory.unreadable,
        )
    if not isinstance(reading, Reading):
        same = "not modified" if isinstance(result, NotModified) else "same body"
        return replace(memory, failures=0, last_error="", last_success=now, gone=False, last_result=same)
    dated = [post.published for post in reading.posts if post.dated in ("published", "updated")]
    hub, topic = _offer(result, reading)
    dated += reading.known_dates
    entries = len(reading.posts) + len(reading.known)
    return replace(
        memory,
        failures=0,
        last_error="",
        last_success=now,
        gone=False,
        hub=hub,
        topic=topic,
        info=reading.info,
        filled=memory.filled or entries > 0,
        entries=entries,
        whole_because=reading.whole,
        newest=max(dated, default=memory.newest),
        hints=reading.hints,
        rhythm=schedule.rhythm(dated, memory.rhythm),
        last_new=now if any(isinstance(v, New | Duplicate) for v in verdicts) else memory.last_new,
        last_result=summary(verdicts),
    )


def _offer(result: FetchResult, reading: Reading) -> tuple[str, str]:
    """The hub and the topic that a document names, in the words of its answer or its own."""
    if not isinstance(result, Fetched):
        return "", ""
    return websub.offered(result.links, reading.hubs, reading.topic, result.url)


def why_unreadable(source: Source, reading: Unreadable) -> str:
    """Why a body is no feed, for people, with the first of the feeds that a page offers instead.

    A page of a confidential source may well link to that source.
    """
    if not reading.feeds or source.confidential:
        return reading.reason
    more = f" and {len(reading.feeds) - OFFERED} more" if len(reading.feeds) > OFFERED else ""
    return f"{reading.reason}; it links to {', '.join(reading.feeds[:OFFERED])}{more}"


def _merged(before: Validators, brought: Validators) -> Validators:
    """A 304 adds or replaces validators and takes none away (RFC 9110, 15.4.5)."""
    return Validators(
        etag=brought.etag if brought.etag is not None else before.etag,
        last_modified=brought.last_modified if brought.last_modified is not None else before.last_modified,
    )


def summary(verdicts: tuple[Verdict, ...]) -> str:
    """`3 new, 1 changed, 26 unchanged`: what a poll came to, for people."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        name = type(verdict).__name__.lower()
        counts[name] = counts.get(name, 0) + 1
    order = ("new", "changed", "duplicate", "rejected", "unchanged")
    return ", ".join(f"{counts[name]} {name}" for name in order if name in counts) or "no entries"


def is_news(outcome: PollOutcome) -> bool:
    """Whether a poll came to anything that an operator would like to see go by."""
    brought = any(not isinstance(verdict, Unchanged) for verdict in outcome.verdicts) or bool(outcome.unread)
    lease = outcome.lease
    return brought or bool(moving.news(lease.source, lease.memory, outcome.memory))
