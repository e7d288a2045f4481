"""Pure. When to poll a source next, and why: its rhythm, what the server asked, back-off, jitter.

Knows nothing of other sources, hosts or slots: those are the store's, which paces what is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.model import Due, FetchFailed, FetchResult, Memory, Polling, Source

LONGEST_WORD = timedelta(days=31)
"""However long a server asks us to stay away, we ask again after this: ten years are a mistake."""
WITHOUT_VALIDATORS = timedelta(hours=4)
"""A server that cannot answer 304 is asked no more often than this, unless the feed has its own `every`."""
BACK_OFF_DOUBLINGS = 5
JITTER = 0.1
"""Share of the interval that may be added, so that sources that started together part."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When next, and until when the server's word forbids it whatever the configuration says."""

    due: Due
    not_before: datetime | None


def floor(source: Source, polling: Polling) -> timedelta:
    """The shortest time between two polls of a source, whatever happens in between."""
    return source.every or polling.min_interval


def plan(
    source: Source, polling: Polling, memory: Memory, result: FetchResult, now: datetime, jitter: float
) -> Plan:
    """When to poll next. `memory` is that after the poll; `jitter` is between 0 and 1 and only adds."""
    interval, why = _interval(source, polling, memory)
    if memory.failures:
        doubled = interval * 2 ** min(memory.failures - 1, BACK_OFF_DOUBLINGS)
        interval = max(interval, min(doubled, polling.max_interval))
        why.append(f"failures in a row: {memory.failures}")
    elif source.every is None and not _has_validators(memory) and interval < WITHOUT_VALIDATORS:
        interval = WITHOUT_VALIDATORS
        why.append("the server sends no validators")
    if source.every is None:
        interval += interval * JITTER * jitter
    at = now + interval
    not_before = _servers_word(source, memory, result, now, why)
    if not_before is not None and not_before > at:
        at = not_before
    opened = _out_of_skipped(at, memory) if not source.insist else at
    if opened > at:
        at = opened
        why.append("the feed's skipHours or skipDays")
    return Plan(Due(at, tuple(why)), not_before)


def _interval(source: Source, polling: Polling, memory: Memory) -> tuple[timedelta, list[str]]:
    if source.every is not None:
        return source.every, ["its own `every`"]
    if memory.rhythm is None:
        wish, reason = polling.every, "the default interval"
    else:
        wish, reason = memory.rhythm / 2, "half the time between its posts"
    return min(max(wish, polling.min_interval), polling.max_interval), [reason]


def _servers_word(
    source: Source, memory: Memory, result: FetchResult, now: datetime, why: list[str]
) -> datetime | None:
    """The latest of what the server and the document asked for, within reason."""
    hints = result.hints
    words: list[tuple[datetime, str]] = []
    if hints.retry_after is not None:
        words.append((hints.retry_after, "the server's Retry-After"))
    if not source.insist:
        if hints.fresh_until is not None:
            words.append((hints.fresh_until, "the server's caching headers"))
        if not isinstance(result, FetchFailed):
            said = memory.hints
            words += [
                (now + wait, name)
                for wait, name in ((said.ttl, "the feed's ttl"), (said.period, "the feed's sy:updatePeriod"))
                if wait is not None
            ]
        elif memory.not_before is not None:
            words.append((memory.not_before, "what the server asked before"))
    words = [(min(at, now + LONGEST_WORD), name) for at, name in words if at > now]
    if not words:
        return None
    latest, name = max(words)
    why.append(name)
    return latest


def _out_of_skipped(at: datetime, memory: Memory) -> datetime:
    """The first moment from `at` on that is in none of the hours and days that the feed excludes (UTC)."""
    hours, days = memory.hints.skip_hours, memory.hints.skip_days
    if not hours and not days:
        return at
    moment = at
    for _ in range(24 * 8):
        if moment.hour not in hours and moment.weekday() not in days:
            return moment
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at  # a feed that excludes every hour of the week says nothing


def _has_validators(memory: Memory) -> bool:
    return memory.validators.etag is not None or memory.validators.last_modified is not None


def rhythm(published: list[datetime], before: timedelta | None) -> timedelta | None:
    """The time between posts: over the newest ten dates of a document, smoothed with what it was before."""
    newest = sorted(published, reverse=True)[:10]
    if len(newest) < 2:
        return before
    now = (newest[0] - newest[-1]) / (len(newest) - 1)
    return now if before is None else (before + now) / 2
