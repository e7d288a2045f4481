"""Pure. The whole of what happens to a poll and to a document, without doing any of it.

This is the only file that knows the order of the stages::

    fetch | read: parse, normalize, place_undated, classify, stamp
          | known | decide: assign, judge, plan | commit
    newest | render: select, atom, pages | put

`read` is slow and runs in a worker; `decide` is quick and may run again when what it was judged against has
changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from urllib.parse import urlsplit

from aggregator import classify, dedupe, normalize, publish, schedule
from aggregator.model import (
    Category,
    Claim,
    Config,
    Document,
    Duplicate,
    Fetched,
    FetchFailed,
    FetchResult,
    Known,
    Lease,
    Lookup,
    Memory,
    New,
    NotModified,
    Polling,
    PollOutcome,
    Post,
    PostId,
    Reading,
    ReadResult,
    Shown,
    SiteIdentity,
    Slug,
    Source,
    SourceInfo,
    Story,
    Unchanged,
    Unreadable,
    UnreadEntry,
    Url,
    Validators,
    Verdict,
)
from aggregator.parse import parse

ON_HOME = 6
"""Posts of each category that the home page shows: about one screen of a phone."""
LONGEST_PAUSE = timedelta(days=1)
"""Of a host, for what it answered to one source."""
OFFERED = 2
"""Feeds that a page links to and a failure names."""
READER_VERSION = "1"
"""Raised when reading the same bytes gives better posts: every body is then read once more."""


def read(lease: Lease, fetched: Fetched, now: datetime, identity: SiteIdentity) -> ReadResult:
    """Bytes to posts: proposals that `decide` settles. Slow; may run in another process."""
    source = lease.source
    # Relative links of a confidential source must not be resolved against its URL, and so publish it.
    parsed = parse(replace(fetched, url=Url("")) if source.confidential else fetched)
    if isinstance(parsed, Unreadable):
        return parsed
    info = normalize.info(parsed.facts, source, fetched.url, identity)
    posts: list[Post] = []
    unread: list[UnreadEntry] = list(parsed.unread)
    for entry in parsed.entries:
        made = normalize.normalize(entry, parsed.facts, source, info, fetched.url, now)
        if isinstance(made, Post):
            posts.append(made)
        else:
            unread.append(made)
    placed = normalize.place_undated(posts, first_poll=lease.memory.last_success is None, now=now)
    bounded, excess = normalize.bounded(placed, len(fetched.body))
    unread += excess
    stamped, repeats = dedupe.stamp([classify.classify(post, source) for post in bounded], source)
    return Reading(
        info=info,
        posts=stamped,
        hints=parsed.hints,
        unread=tuple(sorted((*unread, *repeats), key=lambda entry: entry.position)),
        hubs=parsed.hubs,
        repairs=parsed.repairs,
    )


def body_digest(source: Source, fetched: Fetched) -> str:
    """What makes reading a body again needless: same bytes, media type, definition and reader."""
    salt = "\0".join((READER_VERSION, source.definition, fetched.content_type, fetched.url))
    return blake2b(salt.encode("utf-8", "surrogatepass") + b"\0" + fetched.body, digest_size=16).hexdigest()


def is_known_body(lease: Lease, fetched: Fetched) -> bool:
    """Whether this very body was read before, so that there is nothing to read."""
    return lease.memory.body == body_digest(lease.source, fetched)


def lookup(lease: Lease, reading: ReadResult | None, now: datetime) -> Lookup:
    """What `decide` needs to know about the posts of a document, if it is asked at the same time."""
    if not isinstance(reading, Reading):
        return Lookup(lease.source.url)
    folded, slugs = classify.wanted(reading.posts, lease.source)
    return Lookup(
        source=lease.source.url,
        keys=frozenset(key for post in reading.posts for key in post.keys),
        ids=frozenset(
            wanted
            for post in reading.posts
            for wanted in (post.id, _minted(lease.source, now, post, 0))
            if wanted
        ),
        labels=folded,
        slugs=slugs,
    )


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
        memory = _remember(lease, result, reading, (), now)
        return _outcome(lease, result, memory, polling, now)
    posts, made = classify.assign(reading.posts, known, source)
    judgement = dedupe.judge(
        posts,
        source,
        known,
        lambda post, attempt: _minted(source, now, post, attempt),
        now,
    )
    written = [v.post for v in judgement.verdicts if not isinstance(v, Unchanged)]
    used = {slug for post in written for slug in post.categories}
    return replace(
        _outcome(lease, result, _remember(lease, result, reading, judgement.verdicts, now), polling, now),
        verdicts=judgement.verdicts,
        unread=reading.unread,
        categories=tuple(c for c in made if c.slug in used),
        withdrawn=judgement.withdrawn,
        partings=judgement.partings,
        judged={
            key: frozenset(k.id for k in known.by_key.get(key, ()))
            for key in judgement.withdrawn.union(*(post.keys for post in written))
        },
    )


def _minted(source: Source, now: datetime, post: Post, attempt: int) -> PostId:
    """An id of ours, from the strongest key: a guid alone may be reused within the document.

    Where a post that has another key by now holds the first one since today, the moment is mixed in: at no
    other was this source judged, so that nobody needs to look up whether these are free.
    """
    key = f"{post.keys[0]} {now.isoformat()} {attempt}" if attempt else post.keys[0]
    return normalize.mint(source, now, key)


def _outcome(
    lease: Lease, result: FetchResult, memory: Memory, polling: Polling, now: datetime
) -> PollOutcome:
    plan = schedule.plan(lease.source, polling, memory, result, now, _jitter(lease, now))
    return PollOutcome(
        lease=lease,
        at=now,
        due=plan.due,
        memory=replace(memory, not_before=plan.not_before),
        pause_host_until=_pause(lease.source, result, plan.due.at, now),
    )


def _pause(source: Source, result: FetchResult, due: datetime, now: datetime) -> datetime | None:
    """Until when a 429 pauses the whole host: a public one, and only where that host said it itself.

    One route of a private host must not stall the others (FreshRSS#7870), and nobody must be able to stop a
    shared redirector. The source keeps to the server's word however long it is; its neighbours for a day.
    """
    if not isinstance(result, FetchFailed) or result.status != 429 or source.private:
        return None
    if (urlsplit(result.url).hostname or "").lower() != source.host:
        return None
    return min(result.hints.retry_after or due, now + LONGEST_PAUSE)


def _jitter(lease: Lease, now: datetime) -> float:
    """Between 0 and 1, the same for the same source and poll, so that a poll can be decided again."""
    digest = blake2b(f"{lease.source.url} {now.isoformat()}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def _remember(
    lease: Lease,
    result: FetchResult,
    reading: ReadResult | None,
    verdicts: tuple[Verdict, ...],
    now: datetime,
) -> Memory:
    """The source's memory after this poll."""
    memory = replace(lease.memory, last_poll=now)
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
        hints=reading.hints,
        rhythm=schedule.rhythm(dated, memory.rhythm),
        last_new=now if any(isinstance(v, New | Duplicate) for v in verdicts) else memory.last_new,
        last_result=summary(verdicts),
    )


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


@dataclass(frozen=True, slots=True)
class Rendered:
    """The documents of one scope, and what they say of their last update, which must be remembered."""

    documents: tuple[Document, ...]
    updated: datetime


def render_category(
    category: Category,
    stories: Sequence[Story],
    claim: Claim,
    categories: Sequence[Category],
    config: Config,
    identity: SiteIdentity,
) -> Rendered:
    """The documents of one category."""
    entries = publish.shown(stories, _positions(config), category.entries)
    page = publish.category_page(category, entries, site=config.site, output=config.output)
    return _rendered(category, entries, [page], claim, categories, config, identity)


def render_site(
    stories: Sequence[Story],
    newest: Mapping[Slug, Sequence[Story]],
    claim: Claim,
    categories: Sequence[Category],
    infos: Mapping[Url, SourceInfo],
    config: Config,
    identity: SiteIdentity,
) -> Rendered:
    """The documents of everything: the feed, the home page with each category's `newest`, about."""
    positions, site, output = _positions(config), config.site, config.output
    sections = [(c, publish.shown(newest[c.slug], positions, ON_HOME)) for c in categories]
    pages = [
        publish.stylesheet(),
        publish.home(sections, site=site, output=output),
        publish.about(config.sources, infos, site=site, output=output, polling=config.polling),
    ]
    entries = publish.shown(stories, positions, output.entries)
    return _rendered(None, entries, pages, claim, categories, config, identity)


def _rendered(
    category: Category | None,
    entries: Sequence[Shown],
    pages: Sequence[Document],
    claim: Claim,
    categories: Sequence[Category],
    config: Config,
    identity: SiteIdentity,
) -> Rendered:
    """A scope's documents, in the formats that are asked for."""
    updated = publish.latest(entries, claim.updated, claim.created)
    feed = publish.feed(
        category,
        entries,
        site=config.site,
        output=config.output,
        identity=identity,
        categories={c.slug: c for c in categories},
        updated=updated,
    )
    wanted = config.output.formats
    documents = [feed.document] if "atom" in wanted else []
    return Rendered((*documents, *(pages if "html" in wanted else ())), updated)


def _positions(config: Config) -> Mapping[Url, int]:
    return {source.url: source.position for source in config.sources}
