"""Pure. From a lease and what came of it to everything that the poll changes.

`read` is slow and runs in a worker; `decide` is quick and may run again when what it was judged against has
changed meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

from aggregator import classify, dedupe, normalize, schedule
from aggregator.model import (
    Duplicate,
    Fetched,
    FetchFailed,
    FetchResult,
    Items,
    Known,
    Lease,
    Lookup,
    New,
    Parsed,
    Polling,
    PollOutcome,
    Post,
    PostId,
    Reading,
    ReadResult,
    Rejected,
    SiteIdentity,
    Slug,
    Source,
    Unchanged,
    Unreadable,
    UnreadEntry,
    Url,
    Verdict,
    replace,
)
from aggregator.parse import parse, parse_rest
from aggregator.pipeline import articles, errands, moving, overruns, retracting, settled, watching
from aggregator.pipeline.remembering import READER_VERSION, body_digest, remember
from aggregator.syntax.slugs import takes_dictionary

AFTER_ALL = "an entry has to do with what is stored of another one"
MOST_BESIDE = 500
"""Known items of a document whose rest takes a moment: each is looked at, too."""
LONGEST_PAUSE = timedelta(days=1)
"""Of a host, for what it answered to one source."""


def read(lease: Lease, fetched: Fetched, now: datetime, identity: SiteIdentity) -> ReadResult:
    """Bytes to posts: proposals that `decide` settles. Slow; may run in another process.

    Items of the document that are settled (`lease.items`) are not read again, as far as that is certain to
    make no difference.
    """
    if lease.wants != "feed":
        return articles.read(lease, fetched)
    try:
        return _read(lease, fetched, now, identity)
    except settled.Doubt as doubt:
        again = _read(replace(lease, items=None), fetched, now, identity)
        return replace(again, whole=str(doubt)) if isinstance(again, Reading) else again


def read_rest(lease: Lease, fetched: Fetched, now: datetime, identity: SiteIdentity) -> Reading | None:
    """What `read` gives, where but little of a document is not settled, so that it takes a moment; else None.

    That it does is certain whatever the document is (`parse.parse_rest`): it needs no other process.
    """
    salt = settled.salt(lease, fetched, identity, READER_VERSION)
    if salt is None or lease.items is None or not 0 < len(lease.items.items) <= MOST_BESIDE:
        return None
    if any(takes_dictionary(value) for value in lease.source.categories):
        return None  # each of its posts has them
    parsed = parse_rest(_resolved(lease.source, fetched), salt, _digests(lease.items), lease.items.context)
    try:
        return None if parsed is None else _reading(lease, fetched, parsed, now, identity)
    except settled.Doubt:
        return None


def _read(lease: Lease, fetched: Fetched, now: datetime, identity: SiteIdentity) -> ReadResult:
    source, items = lease.source, lease.items
    parsed = parse(
        _resolved(source, fetched),
        settled.salt(lease, fetched, identity, READER_VERSION),
        _digests(items) if items is not None else (),
        items.context if items is not None else "",
    )
    return parsed if isinstance(parsed, Unreadable) else _reading(lease, fetched, parsed, now, identity)


def _resolved(source: Source, fetched: Fetched) -> Fetched:
    """Relative links of a confidential source must not be resolved against its URL, and so publish it."""
    return replace(fetched, url=Url("")) if source.confidential else fetched


def _digests(items: Items) -> frozenset[str]:
    return frozenset(item.digest for item in items.items)


def _reading(
    lease: Lease, fetched: Fetched, parsed: Parsed, now: datetime, identity: SiteIdentity
) -> Reading:
    """The posts of what was parsed; raises `settled.Doubt`."""
    source, items = lease.source, lease.items
    beside = settled.Beside.of(parsed, items)
    info = normalize.info(parsed.facts, source, fetched.url, identity)
    posts: list[Post] = []
    stable: dict[int, Post] = {}
    unread: list[UnreadEntry] = list(parsed.unread)
    for entry in parsed.entries:
        made = normalize.normalize(entry, parsed.facts, source, info, fetched.url, now)
        if not isinstance(made, Post):
            unread.append(made)
            continue
        posts.append(made)
        if normalize.will_stay(entry, source, now):
            stable[made.position] = made
    every = normalize.place_undated(beside.among(posts, now), first_poll=_is_first(lease), now=now)
    placed, known = beside.apart(every)
    if known and not beside.fits(placed, len(fetched.body)):
        raise settled.Doubt("the document comes to very much text")
    bounded, excess = normalize.bounded(placed, len(fetched.body))
    unread += excess
    classified = [classify.classify(post, source) for post in bounded]
    stamped, repeats = dedupe.stamp(classified, source, lease.first_url, known, compares=lease.compares)
    beside.check(stamped)
    return Reading(
        info=info,
        posts=stamped,
        hints=parsed.hints,
        unread=tuple(sorted((*unread, *repeats), key=lambda entry: entry.position)),
        hubs=parsed.hubs,
        topic=next((link.href for link in parsed.facts.links if link.rel == "self"), ""),
        older=parsed.older,
        deleted=retracting.deletions(parsed.deleted, source, lease.first_url, now),
        repairs=parsed.repairs,
        items=settled.found(parsed, stable, stamped, beside),
        known_dates=tuple(one.published for one in known if one.dated in ("published", "updated")),
        whole=parsed.whole,
    )


def is_known_body(lease: Lease, fetched: Fetched) -> bool:
    """Whether this very body was read before, so that there is nothing to read."""
    return lease.errand is None and lease.memory.body == body_digest(lease.source, fetched)


def lookup(lease: Lease, reading: ReadResult | None, now: datetime) -> Lookup:
    """What `decide` needs to know about the posts of a document, if it is asked at the same time."""
    if not isinstance(reading, Reading):
        return Lookup(lease.source.url)
    posts = errands.considered(lease, reading)
    folded, slugs = classify.wanted(posts, lease.source)
    return Lookup(
        source=lease.source.url,
        keys=frozenset(key for post in posts for key in post.keys)
        | frozenset(one.key for one in reading.deleted),
        ids=frozenset(
            wanted for post in posts for wanted in (post.id, _minted(lease.source, now, post, 0)) if wanted
        ),
        bands={post.keys[0]: post.bands for post in posts if post.bands},
        seen_since=now - dedupe.CANDIDATES_SEEN,
        labels=folded,
        slugs=slugs,
        first=_is_first(lease) and lease.errand is None,
    )


def _is_first(lease: Lease) -> bool:
    return not lease.memory.filled


def decide(
    lease: Lease,
    result: FetchResult,
    reading: ReadResult | None,
    known: Known,
    polling: Polling,
    now: datetime,
) -> PollOutcome:
    """Everything that this poll changes, on every path. `reading` is None where there was nothing to read."""
    source = lease.source
    if not isinstance(reading, Reading):
        return _outcome(lease, result, reading, (), polling, now)
    posts, made = classify.assign(errands.considered(lease, reading), known, source)
    judgement = dedupe.judge(
        posts,
        source,
        known,
        lambda post, attempt: _minted(source, now, post, attempt),
        now,
    )
    verdicts = settled.judged(reading, posts, judgement.verdicts)
    if lease.errand is not None:
        verdicts = errands.found(verdicts, lease.errand)
    written = [v.post for v in verdicts if not isinstance(v, Unchanged)]
    used = {slug for post in written for slug in post.categories}
    outcome = _outcome(lease, result, reading, verdicts, polling, now)
    return replace(
        outcome,
        verdicts=verdicts,
        errands=outcome.errands + articles.asked(lease, verdicts, now),
        unread=reading.unread if lease.errand is None else None,
        items=settled.settled(lease, reading, posts, judgement.verdicts),
        categories=tuple(c for c in made if c.slug in used),
        withdrawn=judgement.withdrawn,
        partings=judgement.partings,
        held=_held(lease, verdicts, known),
        ended=frozenset(
            one.story
            for one in (
                *(k for there in known.by_key.values() for k in there),
                *(candidate.known for there in known.by_band.values() for candidate in there),
            )
            if one.ended is not None
        ),
        retractions=retracting.retractions(lease, reading.deleted, reading.posts, verdicts, known),
        judged={
            key: frozenset(k.id for k in known.by_key.get(key, ()))
            for key in judgement.withdrawn.union(*(post.keys for post in written))
        },
        judged_bands={
            band: frozenset(candidate.known.id for candidate in known.by_band.get(band, ()))
            for post in map(_in_its_own_words, verdicts)
            for band in (post.bands if post else ())
        },
    )


def in_doubt(reading: ReadResult | None, known: Known, outcome: PollOutcome) -> bool:
    """Whether a document whose known items were not read must be read whole after all.

    That is where something in it has to do with one of them, by what is stored of both.
    """
    if not isinstance(reading, Reading):
        return False
    return settled.in_doubt(reading, known, (*outcome.withdrawn, *outcome.partings))


def whole(reading: ReadResult | None) -> ReadResult | None:
    """A reading of a document that was read once more for that reason."""
    return replace(reading, whole=AFTER_ALL) if isinstance(reading, Reading) else reading


def _in_its_own_words(verdict: Verdict) -> Post | None:
    """The post of a verdict that would be another one if somebody had told the same in other words."""
    match verdict:
        case New(post=post) | Duplicate(post=post, reason="alike"):
            return post
        case Rejected(post=post, again=False) if verdict.story is None or verdict.joined == "alike":
            return post
        case _:
            return None


def _held(lease: Lease, verdicts: tuple[Verdict, ...], known: Known) -> frozenset[tuple[PostId, Slug | None]]:
    if lease.added is None or not _is_first(lease) or lease.errand is not None:
        return frozenset()
    return dedupe.held_back(verdicts, lease.source, lease.added, known.opened)


def _minted(source: Source, now: datetime, post: Post, attempt: int) -> PostId:
    """An id of ours, from the strongest key: a guid alone may be reused within the document.

    Where a post that has another key by now holds the first one since today, the moment is mixed in: at no
    other was this source judged, so that nobody needs to look up whether these are free.
    """
    key = f"{post.keys[0]} {now.isoformat()} {attempt}" if attempt else post.keys[0]
    return normalize.mint(source, now, key)


def _outcome(
    lease: Lease,
    result: FetchResult,
    reading: ReadResult | None,
    verdicts: tuple[Verdict, ...],
    polling: Polling,
    now: datetime,
) -> PollOutcome:
    """What it changes beside posts."""
    if lease.errand is not None:
        ended = errands.outcome(lease, lease.errand, result, reading, verdicts, now)
        return replace(ended, pause_host_until=_pause(lease, result, polling, ended.due.at, now))
    memory = remember(lease, result, reading, verdicts, now)
    memory = overruns.counted(lease, memory, reading, verdicts, polling, now)
    memory, asked_for = overruns.errands(memory, result, reading, now)
    memory = watching.watched(memory, now)
    due = schedule.plan(lease.source, polling, memory, _jitter(lease, now))
    return PollOutcome(
        lease=lease,
        at=now,
        due=due,
        memory=memory,
        pause_host_until=_pause(lease, result, polling, due.at, now),
        errands=asked_for,
        exchange=watching.exchange(result, memory, now),
        events=watching.events(lease, memory, now),
    )


def _pause(
    lease: Lease, result: FetchResult, polling: Polling, due: datetime, now: datetime
) -> datetime | None:
    """Until when a 429 pauses the whole host: a public one, and only where that host said it itself.

    The source itself keeps to the server's word however long it is; its neighbours for a day: on a shared
    host one of them can say so for all. One route of a private host must not stall the others
    (FreshRSS#7870), and nobody must be able to stop a shared redirector. Without Retry-After it is for the
    shortest interval: what else makes this source wait is no word of its host.
    """
    if not isinstance(result, FetchFailed) or result.status != 429 or lease.source.private:
        return None
    if moving.host(result.url) != moving.host(lease.url):
        return None
    if result.hints.retry_after is not None:
        return min(result.hints.retry_after, now + LONGEST_PAUSE)
    return min(due, now + polling.min_interval)


def _jitter(lease: Lease, now: datetime) -> float:
    """Between 0 and 1, the same for the same source and poll, so that a poll can be decided again."""
    digest = blake2b(f"{lease.source.url} {now.isoformat()}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
