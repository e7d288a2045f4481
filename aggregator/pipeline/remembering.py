"""Pure. What is kept of a source after a poll, on every path, and how people are told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from aggregator import schedule
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
)

OFFERED = 2
"""Feeds that a page links to and a failure names."""
READER_VERSION = "1"
"""Raised when reading the same bytes gives better posts: every body is then read once more."""


def body_digest(source: Source, fetched: Fetched) -> str:
    """What makes reading a body again needless: same bytes, media type, definition and reader."""
    salt = "\0".join((READER_VERSION, source.definition, fetched.content_type, fetched.url))
    return blake2b(salt.encode("utf-8", "surrogatepass") + b"\0" + fetched.body, digest_size=16).hexdigest()


def remember(
    lease: Lease,
    result: FetchResult,
    reading: ReadResult | None,
    verdicts: tuple[Verdict, ...],
    now: datetime,
) -> Memory:
    """The source's memory after this poll."""
    memory = replace(_counted(lease, result, now), last_poll=now)
    match result:
        case FetchFailed():
            return replace(
                memory,
                failures=memory.failures + 1,
                last_result=result.kind if result.status is None else f"status {result.status}",
                last_error=result.detail,
                gone=result.hints.gone,
            )
        case NotModified():
            memory = _moved(replace(memory, validators=_merged(memory.validators, result.validators)), result)
        case Fetched():
            # Also when the body is the same: it was sent with these (RFC 9110, 13.1; NetNewsWire#4345).
            memory = replace(
                _moved(memory, result),
                validators=result.validators,
                validators_from=result.url,
                body=body_digest(lease.source, result),
            )
    if isinstance(reading, Unreadable):
        memory = replace(memory, unreadable=why_unreadable(lease.source, reading))
        if reading.ours:  # as if it had not come: the next poll asks for it again
            memory = replace(memory, validators=lease.memory.validators, body=lease.memory.body)
    elif isinstance(reading, Reading):
        memory = replace(memory, unreadable="")
    if memory.unreadable:
        return replace(
            memory,
            failures=memory.failures + 1,
            last_result="unreadable",
            last_error=memory.unreadable,
        )
    memory = replace(memory, failures=0, last_error="", last_success=now, gone=False)
    if not isinstance(reading, Reading):
        return replace(memory, last_result="not modified" if isinstance(result, NotModified) else "same body")
    dated = [post.published for post in reading.posts if post.dated in ("published", "updated")]
    return replace(
        memory,
        info=reading.info,
        filled=memory.filled or bool(reading.posts),
        hints=reading.hints,
        rhythm=schedule.rhythm(dated, memory.rhythm),
        last_new=now if any(isinstance(v, New | Duplicate) for v in verdicts) else memory.last_new,
        last_result=summary(verdicts),
    )


NEVER_SENT = ("dns", "refused", "address", "url", "file", "fault")
"""Failures before anything was asked."""


def _counted(lease: Lease, result: FetchResult, now: datetime) -> Memory:
    """The score that a publisher would keep of us (`aggregator status --politeness`)."""
    memory = lease.memory
    if lease.source.path or (isinstance(result, FetchFailed) and result.kind in NEVER_SENT):
        return memory
    validators, score = memory.validators, memory.score
    conditional = validators.etag is not None or validators.last_modified is not None
    score = replace(
        score,
        requests=score.requests + 1,
        unconditional=score.unconditional + (not conditional),
        early=score.early + (memory.not_before is not None and now < memory.not_before),
    )
    return replace(memory, score=score)


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


def _moved(memory: Memory, result: Fetched | NotModified) -> Memory:
    """Count how often in a row permanent redirects led to one place; nothing is adopted from one answer."""
    moved = result.hints.moved
    if moved is None:
        return replace(memory, moved_to="", moved_times=0)
    times = memory.moved_times + 1 if memory.moved_to == moved else 1
    return replace(memory, moved_to=moved, moved_times=times)


def summary(verdicts: tuple[Verdict, ...]) -> str:
    """`3 new, 1 changed, 26 unchanged`: what a poll came to, for people."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        name = type(verdict).__name__.lower()
        counts[name] = counts.get(name, 0) + 1
    order = ("new", "changed", "duplicate", "rejected", "unchanged")
    return ", ".join(f"{counts[name]} {name}" for name in order if name in counts) or "no entries"


def name(source: Source, memory: Memory) -> str:
    """How people are told of a source: its URL; for a confidential one its title, or the feed's own."""
    if not source.confidential or source.title or memory.info is None:
        return source.label
    return f"{memory.info.title} ({source.label})"


def is_news(outcome: PollOutcome) -> bool:
    """Whether a poll came to anything that an operator would like to see go by."""
    return any(not isinstance(verdict, Unchanged) for verdict in outcome.verdicts) or bool(outcome.unread)
