"""One series through the core on a real store, each version held against the evidence of the raw files."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from lxml import etree

from aggregator import pipeline
from aggregator.config import load
from aggregator.model import (
    Changed,
    Committed,
    Config,
    Fetched,
    Hints,
    New,
    Post,
    PostId,
    Unchanged,
    Unreadable,
    Url,
    Validators,
    Verdict,
)
from aggregator.publisher import Publisher
from aggregator.store import open_store
from tools.replay_evidence import Evidence, Known, Raw, raws_of

ATOM = "{http://www.w3.org/2005/Atom}"
TYPES = {".rss": "application/rss+xml", ".atom": "application/atom+xml", ".json": "application/feed+json"}
EVERYTHING = 10_000_000


@dataclass(frozen=True)
class Version:
    """One file of a series."""

    name: str
    at: datetime
    body: bytes


class Clock:
    """Says what it is told (`ports.Clock`)."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def configured(name: str, entries: int, directory: Path) -> Config:
    """One source under its own address; everything else as it is for anybody."""
    text = (
        "site: {title: Replay, url: 'https://news.example.org/'}\n"
        f"output: {{entries: {entries}}}\n"
        "categories: {news: {title: News}}\n"
        f"feeds: [{{url: 'https://{name}.example.org/feed.xml', category: news, every: 1s, insist: true}}]\n"
    )
    return load(text, name="feeds.yaml", directory=str(directory), environment={})


@dataclass(frozen=True)
class Polled:
    """What one poll came to."""

    verdicts: Sequence[tuple[Post, Verdict]] = ()
    unread: frozenset[int] = frozenset()  # positions of what was left out with a reason
    trouble: str = ""
    readable: bool = True


class Ours:
    """The core on a real store, one source, a clock that is set."""

    def __init__(self, name: str, start: datetime, entries: int, directory: Path) -> None:
        self.config = configured(name, entries, directory)
        output = str(directory / "public")
        self.store = open_store(str(directory / "store.db"), output=output, loops=True, now=start)
        self.clock = Clock(start)
        self.store.polls.sync(self.config, start)
        self.identity = self.store.posts.identity()
        parts = self.store.posts, self.store.sources, self.store.documents
        self.publisher = Publisher(*parts, self.clock, self.config)

    def poll(self, version: Version) -> Polled:
        """Lease, read, look up, decide, commit: as the poller does it, in this thread."""
        now = self.clock.at = version.at
        leases = self.store.polls.lease_due(now, 1, everything=True)
        if not leases:
            return Polled(trouble="the source was not leased: its last poll is too recent")
        lease = leases[0]
        kind = TYPES.get(PurePosixPath(version.name).suffix, "application/xml")
        validators = Validators(f'"{version.name}"')
        fetched = Fetched(version.body, kind, Url(lease.source.url), validators, Hints())
        reading = None
        if not pipeline.is_known_body(lease, fetched):
            reading = pipeline.read(lease, fetched, now, self.identity)
        known = self.store.polls.known(pipeline.lookup(lease, reading, now))
        outcome = pipeline.decide(lease, fetched, reading, known, self.config.polling, now)
        [result] = self.store.polls.commit([outcome], now)
        if not isinstance(result, Committed):
            return Polled(trouble=f"the commit said {type(result).__name__}")
        if reading is None:
            return Polled()
        if isinstance(reading, Unreadable):
            return Polled(trouble=reading.reason, readable=False)
        return Polled(
            list(zip(reading.posts, outcome.verdicts, strict=True)),
            frozenset(entry.position for entry in reading.unread),
        )

    def posts(self) -> dict[PostId, Post]:
        """Every stored post."""
        return {
            post.id: post for story in self.store.posts.newest(None, EVERYTHING) for post in story.members
        }


@dataclass(frozen=True)
class Judged:
    """What a series came to."""

    count: dict[str, float]
    new_per_version: list[int]
    problems: list[tuple[str, str]]  # kind, detail


class Judge:
    """Holds each version of a series against the evidence."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._evidence = Evidence()
        self._count: collections.Counter[str] = collections.Counter()
        self._new_per_version: list[int] = []
        self._problems: list[tuple[str, str]] = []
        self._stored: dict[PostId, Post] = {}
        self._subscriber: dict[str, tuple[str, str]] = {}  # id -> published, updated, as in feed.atom
        self._feed_updated = ""
        self._version = ""

    def judge(self, number: int, version: Version) -> None:
        """Poll one version, publish, and look at everything that came of it."""
        self._version = version.name
        polled, raws = self._ours.poll(version), raws_of(version.body)
        self._count["versions"] += 1
        self._count["entries seen"] += len(raws)
        self._count["empty or unreadable"] += not raws
        if polled.trouble and (polled.readable or raws):
            self._problem("the poll failed", polled.trouble)
        if polled.readable and not polled.trouble:
            self._entries(number, polled, raws)
        verdicts = [verdict for _, verdict in polled.verdicts]
        self._posts(verdicts)
        self._document({v.post.id for v in verdicts if isinstance(v, New)}, verdicts)
        self._new_per_version.append(sum(isinstance(verdict, New) for verdict in verdicts))

    def finish(self) -> Judged:
        """What can only be said at the end: each entry has one post, and each post is of one entry."""
        self._version = "at the end"
        entries = self._evidence.entries
        self._count["distinct entries"] = len(entries)
        self._count["posts"] = len(self._stored)
        self._count["guids changed"] = self._evidence.rekeyed
        owners = collections.Counter(post for entry in entries for post in entry.ids)
        for post, times in owners.items():
            if times > 1:
                self._problem("one post for several entries", post)
        for post in self._stored.keys() - owners.keys():
            self._problem("a post of no entry", post)
        self._count["problems"] = len(self._problems)
        return Judged(dict(self._count), self._new_per_version, self._problems)

    def _entries(self, number: int, polled: Polled, raws: Sequence[Raw]) -> None:
        """Each entry of a document against its verdict."""
        verdicts = {post.position: (post, verdict) for post, verdict in polled.verdicts}
        for raw, known in self._evidence.of(raws, number):
            before = known.raw if known else None
            self._count["returns"] += known is not None and known.version < number - 1
            self._count["edits"] += before is not None and before.seen != raw.seen
            if before is not None and before.seen != raw.seen:
                self._count["edits of " + ", ".join(raw.changed_from(before))] += 1
            entry = self._evidence.note(raw, known, number, raws)
            if raw.position in verdicts:
                self._entry(raw, before, entry, *verdicts[raw.position])
            elif verdicts and raw.position not in polled.unread:
                self._problem("an entry without post or reason", str(raw))

    def _entry(self, raw: Raw, before: Raw | None, entry: Known, post: Post, verdict: Verdict) -> None:
        if post.guid != raw.guid and post.link != raw.link:
            self._problem("positions disagree", f"{raw} is {post.guid or post.link}")
            return
        name = type(verdict).__name__
        self._count[name] += 1
        if before is None:
            if not isinstance(verdict, New):
                self._problem(f"a new entry is {name}", str(raw))
        elif not isinstance(verdict, Changed | Unchanged):
            self._problem(f"a known entry is {name}", f"{raw}: {raw.difference(before)}")
        elif (edit := isinstance(verdict, Changed) and not verdict.reason) != (before.seen != raw.seen):
            what = "Changed without an edit" if edit else "an edit without Changed"
            self._problem(what, f"{raw}: {raw.difference(before)}")
        became = verdict.id if isinstance(verdict, Unchanged) else verdict.post.id
        if entry.ids and became not in entry.ids:
            self._problem("an entry with two posts", f"{raw}: {sorted(entry.ids)}, {became}")
        entry.ids.add(became)

    def _posts(self, verdicts: Sequence[Verdict]) -> None:
        """The stored posts against what they were: dates stay, `updated` moves with a change, never back."""
        new = {v.post.id for v in verdicts if isinstance(v, New)}
        changed = {v.post.id for v in verdicts if isinstance(v, Changed) and not v.reason}
        before, self._stored = self._stored, self._ours.posts()
        for gone in before.keys() - self._stored.keys():
            self._problem("a post is gone", gone)
        for id, now in self._stored.items():
            then = before.get(id)
            if now.published > now.first_seen or now.updated > self._ours.clock.at:
                self._problem("a date in the future", f"{id}: {now.published} {now.updated}")
            if then is None:
                if id not in new:
                    self._problem("a post out of nothing", id)
            elif (now.published, now.first_seen) != (then.published, then.first_seen):
                self._problem("published or first_seen moved", f"{id}: {then.published} {now.published}")
            elif now.updated < then.updated:
                self._problem("updated went back", f"{id}: {then.updated} {now.updated}")
            elif (now.updated > then.updated) != (id in changed and now.digest != then.digest):
                self._problem("updated does not follow the change", f"{id}: {then.updated} {now.updated}")

    def _document(self, fresh: set[PostId], verdicts: Sequence[Verdict]) -> None:
        """`feed.atom` as a subscriber gets it: unique ids, nothing comes back as new, no date goes back."""
        published = self._ours.publisher.publish()
        for failure in published.failures:
            self._problem("publishing failed", failure)
        written = "feed.atom" in published.written
        self._count["times feed.atom was written"] += written
        if written and self._feed_updated and all(isinstance(verdict, Unchanged) for verdict in verdicts):
            self._problem("feed.atom was written without a change", self._version)
        document = self._ours.store.documents.get("feed.atom")
        if document is None:
            self._problem("there is no document", "feed.atom")
            return
        root = etree.fromstring(document.body)
        names = [ATOM + name for name in ("id", "published", "updated")]
        entries = [tuple(entry.findtext(name) or "" for name in names) for entry in root.iter(ATOM + "entry")]
        for id, times in collections.Counter(entry[0] for entry in entries).items():
            if times > 1:
                self._problem("an id twice in feed.atom", id)
        for id, first, updated in entries:
            before = self._subscriber.get(id)
            if before is None and self._feed_updated and id not in fresh:
                self._problem("an old post comes up as new in feed.atom", id)
            if before is not None and (first != before[0] or updated < before[1]):
                self._problem("dates moved in feed.atom", f"{id}: {before} {(first, updated)}")
            self._subscriber[id] = first, updated
        feed_updated = root.findtext(ATOM + "updated") or ""
        if feed_updated < self._feed_updated:
            self._problem("feed.atom's updated went back", f"{self._feed_updated} {feed_updated}")
        self._feed_updated = feed_updated

    def _problem(self, kind: str, detail: str) -> None:
        self._problems.append((kind, f"{self._version}: {detail}"))
