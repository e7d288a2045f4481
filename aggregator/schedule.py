"""Pure. When to poll a source next, and why: its rhythm, what the server asked, back-off, jitter.

Everything is a function of the source as configured and of its memory, so that an edit of the file can
compute the next poll anew and undo no back-off and no word of the server by it. Knows nothing of other
sources, hosts or slots: those are the store's, which paces what is due.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aggregator.model import (
    BodyHints,
    Due,
    Fetched,
    FetchFailed,
    FetchResult,
    Memory,
    NotModified,
    Polling,
    Source,
    replace,
)

SHORTEST = timedelta(minutes=5)
"""No rhythm brings us more often than this; only a feed's own `every` does."""
LONGEST_WORD = timedelta(days=31)
"""However long a server asks us to stay away, we ask again after this: ten years are a mistake."""
WITHOUT_VALIDATORS = timedelta(hours=4)
"""A server that cannot answer 304 is asked no more often than this, unless the feed has its own `every`."""
BACK_OFF_DOUBLINGS = 5
JITTER = 0.1
"""Share of the interval that may be added, so that sources that started together part."""
_SILENCE = 0.1
"""Share of the time since a source's last post that may pass between two polls."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def floor(source: Source, polling: Polling) -> timedelta:
    """The shortest time between two polls, whatever happens in between, if no hint permits a shorter one."""
    return source.every or polling.min_interval


def rest(source: Source, memory: Memory) -> timedelta:
    """How long a source is left alone after a poll whatever the file's intervals say; 0: not at all.

    That is 4 h where its server sends no validators and it has no `every` of its own.
    """
    return WITHOUT_VALIDATORS if _without_validators(source, memory) else timedelta(0)


def plan(source: Source, polling: Polling, memory: Memory, jitter: float) -> Due:
    """When to poll next, counted from `memory.last_poll`. `jitter` is between 0 and 1 and only adds.

    One that was never polled was due at the beginning of time.
    """
    if memory.last_poll is None:
        return Due(_NEVER, ("never polled",))
    interval, why = _interval(source, polling, memory)
    if memory.failures:
        interval = max(interval, _backed_off(interval, memory, polling))
        why.append(f"failures in a row: {memory.failures}")
    if interval < rest(source, memory):
        interval = rest(source, memory)
        why.append("the server sends no validators")
    if source.every is None:
        interval += interval * JITTER * jitter
    at = memory.last_poll + interval
    said = word(source, memory)
    if said is not None and said > at:
        at = said
        why.append(_whose_word(memory, said))
    opened = opens(at, source, memory.hints)
    if opened > at:
        at = opened
        why.append("the feed's skipHours or skipDays")
    return Due(at, tuple(why))


def word(source: Source, memory: Memory) -> datetime | None:
    """Until when the server's word forbids a poll, whatever the configuration says but `insist`.

    `insist` frees from all but Retry-After. May be past.
    """
    return memory.retry_after if source.insist else memory.not_before


def reserved(
    source: Source, polling: Polling, memory: Memory, now: datetime
) -> tuple[datetime, datetime | None]:
    """What holds if a poll that begins now is cut short: when the source is due, and the word that binds.

    That is its floor, back-off as if it had failed no worse than before, and what its server can be
    expected to have said, since it said so last time.
    """
    waits = (memory.lifetime, memory.hints.ttl, memory.hints.period)
    expected = [now + min(wait, LONGEST_WORD) for wait in waits if wait] if not source.insist else []
    binding = word(source, memory)
    said = max((at for at in (*expected, binding) if at is not None and at > now), default=None)
    interval = floor(source, polling)
    if memory.failures:
        interval = max(interval, _backed_off(interval, memory, polling))
    interval = max(interval, rest(source, memory))
    due = max(now + interval, said or now)
    return opens(due, source, memory.hints), said


def opens(moment: datetime, source: Source, hints: BodyHints) -> datetime:
    """The first moment from then on that is in none of the hours and days that the feed excludes (UTC)."""
    hours, days = hints.skip_hours, hints.skip_days
    if source.insist or (not hours and not days):
        return moment
    at = moment.astimezone(UTC)
    for _ in range(24 * 8):
        if at.hour not in hours and at.weekday() not in days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment  # a feed that excludes every hour of the week says nothing


def heard(memory: Memory, result: FetchResult, now: datetime) -> Memory:
    """The memory with what the server and its document asked for by this answer, within reason.

    `memory` is otherwise that after the poll: its hints are those of the document that counts, and its
    failures say whether the poll was one. What is past says nothing any more.
    """
    hints, ends = result.hints, now + LONGEST_WORD
    fresh_until, lifetime = hints.fresh_until, memory.lifetime
    match result:
        case Fetched():
            lifetime = hints.lifetime
        case NotModified() if hints.lifetime is not None:
            lifetime = hints.lifetime
        case NotModified() if fresh_until is None and lifetime:
            fresh_until = now + lifetime  # what it said of the stored body holds again (RFC 9111, 4.3.4)
        case NotModified() | FetchFailed():
            pass
    retry_after = _latest(now, ends, hints.retry_after, memory.retry_after if memory.failures else None)
    words = [fresh_until, retry_after]
    if memory.failures:
        words.append(memory.not_before)
    else:
        words += [now + wait for wait in (memory.hints.ttl, memory.hints.period) if wait is not None]
    return replace(memory, lifetime=lifetime, retry_after=retry_after, not_before=_latest(now, ends, *words))


def hurry(memory: Memory, now: datetime) -> timedelta:
    """The interval after entries were missed: half the time in which they came and went."""
    since = memory.last_success or memory.last_poll
    return max(SHORTEST, (now - since) / 2 if since is not None else SHORTEST)


def calm(source: Source, polling: Polling, memory: Memory) -> timedelta | None:
    """That interval after a poll that missed nothing: half as long again, until it is none any more."""
    if memory.hurried is None:
        return None
    normal, _ = _interval(source, polling, replace(memory, hurried=None))
    grown = memory.hurried * 1.5
    return grown if grown < normal else None


def rhythm(published: list[datetime], before: timedelta | None) -> timedelta | None:
    """The time between posts: over the newest ten dates of a document, smoothed with what it was before."""
    newest = sorted(published, reverse=True)[:10]
    if len(newest) < 2:
        return before
    now = (newest[0] - newest[-1]) / (len(newest) - 1)
    return now if before is None else (before + now) / 2


def _interval(source: Source, polling: Polling, memory: Memory) -> tuple[timedelta, list[str]]:
    """What suits the source, within what the file and its own hints allow."""
    if source.every is not None:
        return source.every, ["its own `every`"]
    wish, reason, least = polling.every, "the default interval", polling.min_interval
    if memory.rhythm is not None:
        wish, reason, least = memory.rhythm / 2, "half the time between its posts", _least(polling, memory)
        silence = _silence(memory)
        if silence is not None and silence > wish:
            wish, reason = silence, "a tenth of the time since its last post"
    if memory.hurried is not None and memory.hurried < wish:
        wish, reason, least = memory.hurried, "entries were missed", _least(polling, memory)
    interval = min(max(wish, least), polling.max_interval)
    why = [reason]
    if interval < polling.min_interval:
        why.append("less than `min_interval`, as its own hints permit")
    elif interval > wish:
        why.append("`min_interval`")
    elif interval < wish:
        why.append("`max_interval`")
    return interval, why


def _least(polling: Polling, memory: Memory) -> timedelta:
    """The shortest interval for a source whose rhythm asks for a short one: its own hints may permit it."""
    hints = (memory.lifetime, memory.hints.ttl, memory.hints.period)
    present = [hint for hint in hints if hint is not None and hint > timedelta(0)]
    return min(polling.min_interval, max(SHORTEST, *present)) if present else polling.min_interval


def _silence(memory: Memory) -> timedelta | None:
    if memory.newest is None or memory.last_poll is None:
        return None
    return (memory.last_poll - memory.newest) * _SILENCE


def _backed_off(interval: timedelta, memory: Memory, polling: Polling) -> timedelta:
    doubled: timedelta = interval * 2 ** min(memory.failures - 1, BACK_OFF_DOUBLINGS)
    return min(doubled, polling.max_interval)


def _without_validators(source: Source, memory: Memory) -> bool:
    """Whether its last answer had none; one that never answered may have some."""
    answered = bool(memory.answered_by or memory.body)
    has = memory.validators.etag or memory.validators.last_modified
    return source.every is None and answered and not has


def _latest(now: datetime, ends: datetime, *words: datetime | None) -> datetime | None:
    return max((min(at, ends) for at in words if at is not None and at > now), default=None)


def _whose_word(memory: Memory, said: datetime) -> str:
    """Who asked us to stay away until then, for people."""
    if said == memory.retry_after:
        return "the server's Retry-After"
    if memory.last_success is not None:
        for wait, name in (
            (memory.hints.ttl, "the feed's ttl"),
            (memory.hints.period, "the feed's sy:updatePeriod"),
        ):
            if wait is not None and said == memory.last_success + min(wait, LONGEST_WORD):
                return name
    now = memory.last_poll == memory.last_success
    return "the server's caching headers" if now else "what the server asked before"
