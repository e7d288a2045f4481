"""Pure. What becomes of an errand: a push, or an older page that fills a hole, and what is asked next.

Those for articles end in `articles`.

An errand never touches its source's memory or next poll: what an older page says is no news of the source,
and a push may hold no more than what is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator.model import (
    Due,
    Duplicate,
    Errand,
    Fetched,
    FetchFailed,
    FetchResult,
    Lease,
    New,
    PollOutcome,
    Post,
    Reading,
    ReadResult,
    Rejected,
    Unreadable,
    Url,
    Verdict,
    replace,
)
from aggregator.pipeline import articles, moving, overruns
from aggregator.pipeline.remembering import summary, why_unreadable

ATTEMPTS = 5
"""Failures after which the hole stays open."""
AGAIN = timedelta(hours=1)
"""How long a failed errand waits; doubled with each failure."""


def considered(lease: Lease, reading: Reading) -> tuple[Post, ...]:
    """The posts that are judged: all of a document, of an older page those that belong to the hole."""
    if lease.errand is None or lease.errand.kind == "push":
        return reading.posts
    return tuple(post for post in reading.posts if _is_later(post, lease.errand))


def found(verdicts: Sequence[Verdict], errand: Errand) -> tuple[Verdict, ...]:
    """What it adds: an older page may be out of date, and changes nothing that is stored; a push does."""
    if errand.kind == "push":
        return tuple(verdicts)
    return tuple(
        verdict
        for verdict in verdicts
        if isinstance(verdict, New | Duplicate) or (isinstance(verdict, Rejected) and not verdict.again)
    )


def outcome(
    lease: Lease,
    errand: Errand,
    result: FetchResult,
    reading: ReadResult | None,
    verdicts: Sequence[Verdict],
    now: datetime,
) -> PollOutcome:
    """How an errand ended, and the errand that follows: the next page, or the same one again later."""
    if errand.kind == "article":
        return articles.outcome(lease, errand, result, reading, now)
    match result, reading:
        case FetchFailed(), _:
            said = result.kind if result.status is None else f"status {result.status}"
            gone = result.status in (404, 410)
            following = () if gone else _again(errand, result, now)
        case _, Unreadable():
            said = f"not readable: {why_unreadable(lease.source, reading)}"
            following = _again(errand, result, now)
        case Fetched(), Reading():
            said = summary(tuple(verdicts)) if verdicts else "nothing new"
            following = _next_page(errand, result, reading, now)
        case _:
            said, following = "nothing to read", ()
    due = following[0].due if following else now
    return PollOutcome(lease, now, Due(due), lease.memory, errands=following, result=said)


def _is_later(post: Post, errand: Errand) -> bool:
    return _is_dated(post) and (errand.since is None or post.published > errand.since)


def _is_dated(post: Post) -> bool:
    return post.dated in ("published", "updated")


def _next_page(errand: Errand, result: FetchResult, reading: Reading, now: datetime) -> tuple[Errand, ...]:
    """The page that is older still, unless this one reaches back to what we have."""
    if errand.kind == "push":
        return ()
    older = overruns.older_page(result, reading)
    later = [_is_later(post, errand) for post in reading.posts if _is_dated(post)]
    if not older or errand.pages <= 0 or not later or not all(later):
        return ()
    return (Errand(errand.kind, Url(older), now, errand.since, errand.pages - 1),)


def _again(errand: Errand, result: FetchResult, now: datetime) -> tuple[Errand, ...]:
    if errand.kind == "push":  # nobody can be asked for it; the next poll brings what it held
        return ()
    attempts = errand.attempts + 1
    elsewhere = bool(result.url) and moving.host(result.url) != moving.host(errand.url)
    if attempts >= ATTEMPTS or elsewhere:  # no other host is asked again and again because of a redirect
        return ()
    at = max(now + AGAIN * 2**errand.attempts, result.hints.retry_after or now)
    return (replace(errand, due=at, attempts=attempts),)
