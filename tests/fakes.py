"""Implementations of the ports that keep everything in memory: plain dicts, written apart from the store.

The contract tests hold them to the same promises as the real ones, so that loops can be tested on them.
"""

import copy
import gzip
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from aggregator import model, schedule
from aggregator.dedupe import CANDIDATES_SEEN
from aggregator.dedupe.shingles import bands as bands_of
from aggregator.errors import PublishError, StoreError
from aggregator.syntax import html
from aggregator.syntax.labels import fold
from aggregator.websub import MOST, MOST_PER_HOST, MOST_WAITING, announced

MOST_IN_BAND = 30
CONSIDERED = 8
TITLED_ALIKE = 50
WALKED = 20_000

MEDIA_TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
    "html": "text/html",
    "opml": "text/x-opml",
    "css": "text/css",
}


class FixedClock:
    """Stands still until it is told to go on."""

    def __init__(self, now=datetime(2026, 11, 24, 10, tzinfo=UTC)):
        self._now = now

    def now(self):
        return self._now

    def advance(self, **span):
        """Go on by a timedelta of these (`seconds=5`); the new time."""
        self._now += timedelta(**span)
        return self._now


class ScriptedFetcher:
    """Answers each URL with its results one after the other; the last one for ever. Keeps the leases."""

    def __init__(self, script=None):
        self.script = {url: list(results) for url, results in (script or {}).items()}
        self.asked = []

    def say(self, url, *results):
        """From now on, answer a URL with these."""
        self.script[url] = list(results)

    async def fetch(self, lease, /):
        self.asked.append(lease)
        results = self.script.get(lease.source.url)
        if not results:
            return model.FetchFailed("dns", "nothing is scripted for it")
        return results.pop(0) if len(results) > 1 else results[0]


class InlineReader:
    """Reads in this very process; what is read for itself must be the same."""

    def __init__(self, identity):
        self.identity = identity

    async def read(self, lease, fetched, now, /):
        from aggregator import pipeline

        reading = pipeline.read(lease, fetched, now, self.identity)
        assert pipeline.read_rest(lease, fetched, now, self.identity) in (None, reading)
        return reading


@dataclass
class _Source:
    url: str
    since: datetime
    first: str = ""
    source: model.Source | None = None  # None: out of the file
    last: model.Source | None = None
    floor: timedelta = timedelta(0)
    asked: object = None
    due: model.Due | None = None
    started: datetime | None = None
    token: int = 0
    leased: bool = False
    memory: model.Memory = field(default_factory=model.Memory)
    expected: datetime | None = None  # the server's word, or what a poll under way may expect it to be
    unread: tuple = ()
    items: model.Items | None = None
    errands: dict = field(default_factory=dict)  # (kind, URL) -> _Errand
    taken: datetime | None = None  # all of it was taken down
    exchanges: list = field(default_factory=list)  # newest first

    @property
    def hosts(self):
        """Whom a poll keeps busy: who is asked, and who answered last time."""
        return _hosts(self.memory.adopted or self.url, self.memory.leads_to or self.memory.answered_by)

    @property
    def word(self):
        """Until when the server wants to be left alone."""
        return self.memory.retry_after if self.last.insist else self.expected


@dataclass
class _Errand:
    errand: model.Errand
    token: int = 0
    leased: bool = False
    result: str = ""
    ended: datetime | None = None


@dataclass
class _Post:
    post: model.Post
    story: str
    arrived: int
    definition: str  # of its source, that it was last classified under
    purged: bool = False
    telling: str = ""  # the first of its story in these words
    joined: str = ""  # "": it founded its story
    similarity: float = 1.0
    bands: frozenset = frozenset()  # of a founder of late
    taken_bands: frozenset = frozenset()  # of what was taken down
    retracted: model.Retraction | None = None
    retracted_since: datetime | None = None
    awaits: datetime | None = None  # it is hidden until then, or until its article has come
    article_said: str = ""


@dataclass
class _Category:
    slug: str
    title: str
    folded: str
    created: int
    templated_by: str | None = None
    asked: model.Category | None = None
    position: int = 0


@dataclass
class _Scope:
    created: datetime
    mark: int = 0
    settled: int = 0
    updated: datetime | None = None
    token: int = 0
    claimed: bool = False
    claimed_at: datetime | None = None
    opened: datetime | None = None


@dataclass
class _Hub:
    """What our WebSub hub remembers."""

    topics: dict = field(default_factory=dict)  # path -> _Topic
    intents: dict = field(default_factory=dict)  # row -> [intent, due, attempts]
    subscriptions: dict = field(default_factory=dict)  # row -> _Subscription
    rows: int = 0


@dataclass
class _Topic:
    etag: str
    versions: dict  # number -> items
    version: int = 1
    pinged: int | None = None
    due: datetime | None = None
    failures: int = 0


@dataclass
class _Subscription:
    intent: model.Intent
    expires: datetime
    seen: int
    due: datetime
    delivered: int | None = None
    failures: int = 0


@dataclass
class _Data:
    """All that a store remembers."""

    sources: dict = field(default_factory=dict)
    free: dict = field(default_factory=dict)  # host -> when the gap after its last exchange ends
    paused: dict = field(default_factory=dict)  # host -> until when it wants to be left alone
    posts: dict = field(default_factory=dict)
    stories: set = field(default_factory=set)
    withdrawn: set = field(default_factory=set)  # (source, key)
    robots: dict = field(default_factory=dict)  # site -> Robots
    held: set = field(default_factory=set)  # (post, scope)
    categories: dict = field(default_factory=dict)
    scopes: dict = field(default_factory=dict)
    marks: int = 0
    settings: object = None
    files: dict = field(default_factory=dict)
    story_marks: dict = field(default_factory=dict)  # story -> mark, and the one that was written
    post_names: dict = field(default_factory=dict)  # story -> name of its Jekyll file
    post_files: dict = field(default_factory=dict)  # (directory, name) -> bytes, or None once it went
    jekyll: object = None  # the settings of the files
    pages: str = ""  # the settings of the pages
    paged: dict = field(default_factory=dict)  # story -> the mark of its page
    ended: dict = field(default_factory=dict)  # output id -> Ended, and the slug and date of its post
    tombstones: dict = field(default_factory=dict)  # (scope, output id) -> when
    gone: set = field(default_factory=set)  # paths of pages
    archives: dict = field(default_factory=dict)  # category -> [_Archive], the first has number 1
    cut: dict = field(default_factory=dict)  # category -> the day of the last cut
    hub: _Hub = field(default_factory=_Hub)
    followings: dict = field(default_factory=dict)  # source -> [following, due]
    events: list = field(default_factory=list)  # newest first
    infos: dict = field(default_factory=dict)  # what sources said of themselves at the last look


class MemoryStore:
    """`polls`, `sources`, `posts`, `documents`, like `store.Store`."""

    def __init__(self, now=datetime(2026, 11, 24, 10, tzinfo=UTC)):
        self.site = model.SiteIdentity("6f0f6b0a-0000-4000-8000-000000000001", now)
        self.config = model.Config()
        self.data = _Data(scopes={None: _Scope(now)})
        self.polls, self.sources, self.posts, self.documents = (
            part(self) for part in (MemoryPolls, MemorySources, MemoryPosts, MemoryDocuments)
        )
        self.jekyll = MemoryJekyll(self)
        self.pages = MemoryPages(self)
        self.archives = MemoryArchives(self)
        self.revisions = MemoryRevisions(self)
        self.finder = MemoryFinder(self)
        self.takedowns = MemoryTakedowns(self)
        self.subscriptions = MemorySubscriptions(self)
        self.followings = MemoryFollowings(self)

    def remember(self, config):
        self.config = config

    def housekeep(self, now):
        """Forget what nobody asks for any more."""
        data = self.data
        for host in {*data.free, *data.paused}:
            if max(data.free.get(host, now), data.paused.get(host, now)) <= now:
                data.free.pop(host, None)
                data.paused.pop(host, None)
        old = now - timedelta(days=30)
        for row in data.sources.values():
            row.errands = {k: e for k, e in row.errands.items() if e.ended is None or e.ended >= old}
        for stored in data.posts.values():
            if stored.post.first_seen < now - CANDIDATES_SEEN:
                stored.bands = frozenset()
        data.robots = {site: said for site, said in data.robots.items() if said.until > now}
        self.takedowns.forget(now)

    def restart(self):
        """What a crash leaves: everything but leases and claims."""
        for row in self.data.sources.values():
            for held in (row, *row.errands.values()):
                held.leased = False
        self.polls.drop_orphans()
        for scope in self.data.scopes.values():
            scope.claimed = False

    def close(self):
        """Nothing to close."""

    def mark(self, slugs):
        if slugs:
            self.data.marks += 1
            for slug in {*slugs, None}:
                self.data.scopes[slug].mark = self.data.marks

    def showable(self, stored):
        row = self.data.sources[stored.post.source]
        ended = (
            stored.story in self.data.ended or row.taken or (stored.retracted and not stored.retracted.back)
        )
        return not stored.post.dropped and not stored.purged and row.source is not None and not ended

    def visible(self, stored):
        return self.showable(stored) and stored.awaits is None

    def release(self, now):
        """Show what has waited long enough for its article."""
        waiting = [stored for stored in self.data.posts.values() if stored.awaits]
        late = [stored for stored in waiting if now is None or stored.awaits <= now]
        for stored in late:
            stored.awaits = None
        stories = {stored.story for stored in late}
        if stories:
            self.touch(stories)
            self.mark(self.placed(stories))

    def placed(self, stories):
        """The categories that these stories are shown in, or held back from."""
        return {
            slug
            for stored in self.data.posts.values()
            if stored.story in stories and self.visible(stored)
            for slug in stored.post.categories
        }

    def touch(self, stories):
        """Raise the marks of stories, and of the archives that they are in."""
        self.archives.touch(stories)
        for story in stories:
            mark, written = self.data.story_marks.get(story, (0, 0))
            self.data.story_marks[story] = (mark + 1, written)

    def of_sources(self, urls):
        posts = self.data.posts.values()
        return {s.story for s in posts if s.post.source in urls and not s.purged}

    def tied(self, urls):
        """Of the stories of these sources, those whose members differ in nothing but the file's order."""
        every = list(self.data.posts.values())
        return {
            one.story
            for one in every
            if one.post.source in urls
            if any(
                other.story == one.story
                and other.post.source != one.post.source
                and (other.post.standing, other.post.published) == (one.post.standing, one.post.published)
                for other in every
            )
        }

    def lead(self, story, telling=None):
        """The visible post that speaks for a story, or for one telling of it."""
        members = [s for s in self.data.posts.values() if s.story == story and self.visible(s)]
        return min(
            [s.post for s in members if telling in (None, s.telling)],
            key=lambda p: (p.standing, p.published, self.data.sources[p.source].source.position, p.id),
        )

    def keeping(self):
        """The categories that show near duplicates one by one."""
        asked = {slug: row.asked for slug, row in self.data.categories.items()}
        return {slug for slug, category in asked.items() if category and category.near_duplicates == "keep"}

    def compares(self):
        """Whether it matters who tells the same in other words."""
        taken = any(stored.taken_bands for stored in self.data.posts.values())
        return taken or not self.data.categories or self.keeping() < set(self.data.categories)

    def of_several_tellings(self, slugs):
        """The stories shown in these categories that have more than one telling."""
        stories = {s.story for s in self.data.posts.values() if s.telling != s.story}
        return {story for story in stories if self.placed({story}) & slugs}

    def make_category(self, category, now):
        self.data.categories[category.slug] = category
        self.data.scopes[category.slug] = _Scope(now)


class _Part:
    def __init__(self, store):
        self.store = store

    @property
    def data(self):
        return self.store.data


class MemoryPolls(_Part):
    """`ports.PollStore`."""

    def sync(self, config, now, /):
        store, data = self.store, self.data
        kept = store.keeping()
        touched = self._sync_categories(config, now)
        store.jekyll.sync(config, touched)
        store.archives.touch_categories(touched)
        anything = bool(touched)
        hub = announced(config.site, config.server)
        settings = (config.site, config.output, hub, config.polling.min_interval, config.polling.max_interval)
        everywhere = settings != data.settings
        data.settings = settings
        moved, reordered = set(), set()
        elsewhere = self._rename(config)
        anything |= bool(elsewhere)
        for source in config.sources:
            row = data.sources.setdefault(source.url, _Source(source.url, now))
            before = (row.source and replace(row.source, was=source.was), row.asked)
            row.floor, row.asked = schedule.floor(source, config.polling), _asked(source, config.polling)
            anything |= before != (source, row.asked)
            if row.last is None:
                row.due = model.Due(now, ("new",))
                continue
            returned = row.source is None
            if source.url in elsewhere:
                row.due = model.Due(row.started + row.floor, ("moved",)) if row.started else row.due
            elif returned or before[1] != row.asked:
                if returned:
                    row.memory = replace(row.memory, gone=False)
                self._plan(row, source, config.polling)
            if returned:
                moved.add(source.url)
            elif row.last.position != source.position:
                reordered.add(source.url)
        wanted = {source.url: source for source in config.sources}
        gone = {url for url, row in data.sources.items() if row.source is not None and url not in wanted}
        stories = store.of_sources(moved | gone) | store.tied(reordered)
        stories |= store.of_several_tellings(kept ^ store.keeping())
        touched |= store.placed(stories)
        for url, row in data.sources.items():
            row.source = wanted.get(url)
            row.last = row.source or row.last
        self.drop_orphans()
        touched |= store.placed(stories)
        store.touch(stories)
        store.config = config
        if everywhere:
            store.documents.mark_all()
        elif touched or anything or gone:
            store.mark(touched | {None})

    def _rename(self, config):
        """Sources that moved keep their row, and its posts; the URLs of which nothing is known yet."""
        data, elsewhere = self.data, set()
        staying = {source.url for source in config.sources if source.was not in data.sources}
        pending = [s for s in config.sources if s.was in data.sources and s.was not in staying]
        while free := [s for s in pending if s.url not in data.sources]:
            for source in free:
                row = data.sources.pop(source.was)
                row.url, row.first = source.url, row.first or source.was
                row.leased, row.token = False, row.token + 1
                if row.memory.adopted == source.url:
                    row.memory = replace(row.memory, adopted="", abandoned="", moved_to="", moved_times=0)
                else:
                    elsewhere.add(source.url)
                    row.memory, row.expected = _of_another_place(row.memory), None
                for errand in row.errands.values():
                    errand.leased = False
                data.sources[source.url] = row
                for stored in data.posts.values():
                    if stored.post.source == source.was:
                        stored.post = replace(stored.post, source=source.url)
                data.withdrawn = {
                    (source.url if url == source.was else url, key) for url, key in data.withdrawn
                }
                data.events = [
                    replace(event, source=source.url) if event.source == source.was else event
                    for event in data.events
                ]
                pending.remove(source)
        return elsewhere

    def _plan(self, row, source, polling):
        """When an edited source is polled next, as far as what it remembers says."""
        if row.started is None:
            return
        if row.memory.last_poll is None or row.memory.last_poll < row.started:
            row.due = model.Due(schedule.reserved(source, polling, row.memory, row.started)[0])
        else:
            row.due = schedule.plan(source, polling, row.memory, 0.0)

    def drop_orphans(self):
        """Errands of removed sources, once nobody runs them."""
        for row in self.data.sources.values():
            if row.source is None:
                row.errands = {key: errand for key, errand in row.errands.items() if errand.leased}

    def _sync_categories(self, config, now):
        touched = set()
        described = [c for c in config.categories if c.configured]
        for position, category in enumerate(described):
            row = self.data.categories.get(category.slug)
            if row is None:
                row = _Category(category.slug, "", "", len(self.data.categories))
                self.store.make_category(row, now)
            elif (row.asked, row.position) == (category, position):
                continue
            row.title, row.folded = category.title, fold(category.title)
            row.asked, row.position = category, position
            touched.add(category.slug)
        for slug in self.data.categories.keys() - {c.slug for c in described}:
            if self.data.categories[slug].asked is not None:
                self.data.categories[slug].asked = None
                touched.add(slug)
        for category in config.categories:
            there = self.data.categories
            values = {row.folded for row in there.values()}
            if not category.configured and category.slug not in there and fold(category.title) not in values:
                row = _Category(category.slug, category.title, fold(category.title), len(there))
                self.store.make_category(row, now)
                touched.add(category.slug)
        return touched

    def _waiting(self, not_since):
        rows = [
            row
            for row in self.data.sources.values()
            if row.source is not None and not row.source.paused and not row.memory.gone and not row.leased
            if not_since is None or row.started is None or row.started < not_since
        ]
        return sorted(rows, key=lambda row: (row.due.at, row.source.position))

    def _in_use(self):
        busy = Counter()
        for row in self.data.sources.values():
            busy.update(row.hosts if row.leased else ())
            for errand in row.errands.values():
                asks = errand.leased and errand.errand.kind != "push"
                busy.update(_hosts(errand.errand.url) if asks else ())
        return busy

    def _when(self, row, everything):
        """When a source may be polled, hosts apart."""
        if not everything:
            return row.due.at
        rest = schedule.rest(row.source, row.memory)
        times = [row.started + max(row.floor, rest)] if row.started else []
        times += [row.word] if row.word else []
        return min([row.due.at, max(times)]) if times else datetime.min.replace(tzinfo=UTC)

    def _candidates(self, everything, not_since):
        """What may be leased some time: its source, errand, hosts, and when all but those would let it."""
        polls = [
            (row.due.at, 0, row.source.position, "", row, None, row.hosts, self._when(row, everything))
            for row in self._waiting(not_since)
        ]
        errands = []
        for row in self.data.sources.values():
            if row.source is None or row.source.paused or row.memory.gone:
                continue
            for errand in row.errands.values():
                if errand.ended is None and not errand.leased:
                    due, url = errand.errand.due, errand.errand.url
                    at = max(due, row.memory.retry_after or due)
                    errands.append((due, 1, row.source.position, url, row, errand, _hosts(url), at))
        return [each[4:] for each in sorted(polls + errands, key=lambda each: each[:4])]

    def _opens(self, row, hosts, at, now):
        waits = [
            places[host] for host in hosts for places in (self.data.free, self.data.paused) if host in places
        ]
        return schedule.opens(max([at, now, *waits]), row.source, row.memory.hints)

    def lease_due(self, now, limit, /, *, everything=False, not_since=None):
        self.store.release(now)
        polling, leases = self.store.config.polling, []
        for row, errand, hosts, at in self._candidates(everything, not_since):
            in_use = self._in_use()
            most = self._most(errand)
            if len(leases) >= limit or any(in_use[host] >= most for host in hosts):
                continue
            if self._opens(row, hosts, at, now) > now:
                continue
            self._pace(hosts, now)
            told = row.source, row.memory, row.since, row.first or row.url
            if errand is not None:
                errand.leased, errand.token = True, errand.token + 1
                leases.append(self._told(model.Lease(told[0], errand.token, *told[1:], errand.errand), now))
                errand.errand = replace(errand.errand, due=now + timedelta(hours=1))
                continue
            row.leased, row.token, row.started = True, row.token + 1, now
            leases.append(model.Lease(told[0], row.token, *told[1:]))
            due, word = schedule.reserved(row.source, polling, row.memory, now)
            row.due = model.Due(due, ("begun",))
            row.expected = max([w for w in (row.expected, word) if w], default=None)
        return [replace(lease, compares=self.store.compares()) for lease in leases]

    def _most(self, errand):
        """Exchanges with a host that may be under way when it comes to this one."""
        article = errand is not None and errand.errand.kind == "article"
        return 1 if article else self.store.config.polling.per_host

    def _told(self, lease, now):
        """The lease of an errand with what an article's needs to know."""
        if lease.errand.post is None:
            return lease
        stored = self.data.posts.get(lease.errand.post)
        robots = self.data.robots.get(lease.errand.site)
        return replace(
            lease,
            post=stored.post if stored and self.store.showable(stored) else None,
            robots=robots if robots and robots.until > now else None,
        )

    def next_due(self, now, /, *, everything=False, not_since=None):
        in_use, times = self._in_use(), []
        for row, errand, hosts, when in self._candidates(everything, not_since):
            at = self._opens(row, hosts, when, now)
            if at > now or all(in_use[host] < self._most(errand) for host in hosts):
                times.append(at)
        return min(times, default=None)

    def _pace(self, hosts, now):
        gap = self.store.config.polling.per_host_gap
        for host in hosts:
            self.data.free[host] = max(self.data.free.get(host, now), now + gap)

    def lease_push(self, source, topic, now, /):
        row = self.data.sources.get(source)
        if row is None or row.source is None or row.source.paused:
            return None
        errand = model.Errand("push", topic, now)
        held = row.errands.setdefault(("push", topic), _Errand(errand, ended=now))
        if held.leased:
            return None
        held.errand, held.leased, held.token, held.ended = errand, True, held.token + 1, now
        lease = model.Lease(row.source, held.token, row.memory, row.since, row.first or row.url, errand)
        return replace(lease, compares=self.store.compares())

    def items(self, source, /):
        row = self.data.sources.get(source)
        return row and row.items

    def known(self, lookup, /):
        data = self.data
        asked = {c.slug for c in data.categories.values() if c.asked is not None and c.asked.configured}
        order = sorted(data.categories.values(), key=lambda c: (c.slug not in asked, c.position, c.created))
        labels = {label: label for label in lookup.labels if label in asked}
        for category in order:
            if category.folded in lookup.labels:
                labels.setdefault(category.folded, category.slug)
        slugs = {s for s in data.categories for w in lookup.slugs if s == w or s.startswith(f"{w}-")}
        by_key = {key: found for key in lookup.keys if (found := self._led_to(key))}
        new = [
            of_post
            for key, of_post in lookup.bands.items()
            if not any(known.source == lookup.source for known in by_key.get(key, ()))
        ]
        by_band = self._shared(lookup.source, new, lookup.seen_since)
        for band in set().union(*new):
            if taken := [stored for stored in data.posts.values() if band in stored.taken_bands]:
                by_band[band] = by_band.get(band, []) + taken
        return model.Known(
            by_key=by_key,
            by_band={band: tuple(map(self._candidate, stored)) for band, stored in by_band.items()},
            ids=lookup.ids & (data.posts.keys() | data.ended.keys()),
            withdrawn=frozenset(k for k in lookup.keys if (lookup.source, k) in data.withdrawn),
            labels=labels,
            slugs=frozenset(slugs),
            configured=frozenset(slugs & asked),
            templated=sum(c.templated_by == lookup.source for c in data.categories.values()),
            opened={s: row.opened for s, row in data.scopes.items() if row.opened} if lookup.first else {},
        )

    def _led_to(self, key):
        found = []
        for stored in sorted(self.data.posts.values(), key=lambda stored: stored.arrived):
            post = stored.post
            if key not in post.keys or (post.source, key) in self.data.withdrawn:
                continue
            found.append(self._known(stored))
        return () if key.startswith("n1:") and len(found) > TITLED_ALIKE else tuple(found)

    def _known(self, stored):
        post = stored.post
        said = {name: getattr(post, name) for name in model.KnownPost.__slots__ if hasattr(post, name)}
        telling = stored.telling if stored.telling != post.id else None
        ended = self.data.ended.get(stored.story)
        kind = ended[0].kind if ended else "source" if self.data.sources[post.source].taken else None
        back = stored.retracted
        said |= {"ended": kind, "retracted": back and back.at, "back": bool(back and back.back)}
        return model.KnownPost(story=stored.story, telling=telling, **said)

    def _candidate(self, stored):
        post, posts = stored.post, self.data.posts.values()
        sources = frozenset(other.post.source for other in posts if other.story == stored.story)
        return model.Candidate(self._known(stored), post.title, post.content or post.summary, sources)

    def _shared(self, source, of_posts, since):
        """By band, the founders that share the most bands with one of these posts, in order of arrival."""
        posts = sorted(self.data.posts.values(), key=lambda stored: stored.arrived)
        own = {stored.story for stored in posts if stored.post.source == source}
        full = Counter(band for stored in posts for band in stored.bands)
        found = {}
        for bands in of_posts:
            shares = {
                stored.post.id: {b for b in stored.bands & set(bands) if full[b] <= MOST_IN_BAND}
                for stored in posts
                if stored.story not in own and (since is None or stored.post.first_seen >= since)
            }
            nearest = sorted((id for id in shares if shares[id]), key=lambda id: (-len(shares[id]), id))
            for id in nearest[:CONSIDERED]:
                for band in shares[id]:
                    found.setdefault(band, set()).add(id)
        return {band: [stored for stored in posts if stored.post.id in ids] for band, ids in found.items()}

    def commit(self, outcomes, now, /):
        return [self._commit(outcome, now) for outcome in outcomes]

    def commit_locked(self, lookup, decide, now, /):
        outcome = decide(self.known(lookup))
        result = self._commit(outcome, now)
        if isinstance(result, model.Stale) and result.lease == outcome.lease:
            raise StoreError("its posts do not fit the stored ones")
        return result

    def _held(self, lease):
        """The source of a lease and what it holds, if it still does."""
        row = self.data.sources.get(lease.source.url)
        held = row
        if row is not None and lease.errand is not None:
            held = row.errands.get((lease.errand.kind, lease.errand.url))
        return (row, held) if held is not None and held.leased and held.token == lease.token else (None, None)

    def show_waiting(self):
        self.store.release(None)

    def give_back(self, lease, now, /):
        row, held = self._held(lease)
        if held is None:
            return
        held.leased = False
        if held is row:
            self._pace(row.hosts, now)
            return
        held.errand = replace(held.errand, due=now + timedelta(minutes=1))
        self._pace(_hosts(lease.errand.url) if lease.errand.kind != "push" else set(), now)
        self.drop_orphans()

    def _commit(self, outcome, now):
        lease = outcome.lease
        row, held = self._held(lease)
        if held is None:
            return model.LeaseLost()
        if row.source is None:
            self.give_back(lease, now)
            return model.LeaseLost()
        stale = model.Stale(replace(lease, source=row.source))
        if not lease.compares and outcome.verdicts and (outcome.categories or self.store.compares()):
            return replace(stale, lease=replace(stale.lease, compares=True))
        asked = _asked(lease.source, self.store.config.polling), lease.source.definition
        if (row.asked, row.source.definition) != asked or self._moved_on(outcome):
            return stale
        if lease.items is not None and row.items is None:
            return replace(stale, lease=replace(stale.lease, items=None))
        before = copy.deepcopy(self.data)
        try:
            dirty = self._apply(outcome, now) | self._retract(outcome, now) | self._article(outcome)
        except LookupError:
            self.store.data = before
            return stale
        held.leased = False
        if held is row:
            hosts = set(row.hosts)
            row.due, row.memory, row.expected = outcome.due, outcome.memory, outcome.memory.not_before
            row.unread = row.unread if outcome.unread is None else outcome.unread
            if outcome.items is not None:
                ends = [e.ended for e in row.errands.values() if e.ended]
                ends += [ended.at for ended, *_ in self.data.ended.values()]
                row.items = outcome.items if all(at < row.started for at in ends) else None
            self._pace(hosts | set(row.hosts), now)
        else:
            held.ended, held.result = now, outcome.result
            if outcome.retractions or any(type(v) is not model.Unchanged for v in outcome.verdicts):
                row.items = None
            self._pace(_hosts(lease.url) if lease.errand.kind != "push" else set(), now)
        if held is row and outcome.exchange:
            row.exchanges = [outcome.exchange, *row.exchanges][:20]
        self.data.events = [*reversed(outcome.events), *self.data.events][:200]
        for errand in outcome.errands:
            self._ask(row, errand, held, outcome.result)
        if lease.errand is not None and lease.errand.post is not None and held.ended is not None:
            row.errands = {key: errand for key, errand in row.errands.items() if errand is not held}
        if outcome.pause_host_until:
            for host in _hosts(lease.url):
                self.data.paused[host] = max(
                    self.data.paused.get(host, outcome.pause_host_until), outcome.pause_host_until
                )
        self.store.mark(dirty)
        if outcome.events:
            self.store.mark({None})
        return model.Committed(frozenset(dirty))

    def _article(self, outcome):
        """What an errand for an article has come to; its post waits no more once the page was asked for."""
        if outcome.robots is not None:
            self.data.robots[outcome.robots.site] = outcome.robots
        errand, article = outcome.lease.errand, outcome.article
        stored = self.data.posts.get(errand.post) if errand is not None and errand.post is not None else None
        if stored is None or stored.purged or stored.post.source != outcome.lease.source.url:
            return set()
        again = [other for other in outcome.errands if other.attempts == errand.attempts]
        released = stored.awaits is not None and (outcome.lease.wants == "page" or not again)
        changed = article is not None and article.text != stored.post.article
        if released:
            stored.awaits = None
        if article is not None:
            stored.post, stored.article_said = replace(stored.post, article=article.text), article.said
        if not released and not changed:
            return set()
        self.store.touch({stored.story})
        return self.store.placed({stored.story})

    def _ask(self, row, errand, held, result):
        """Let an errand be run, from now on or again."""
        there = row.errands.setdefault((errand.kind, errand.url), _Errand(errand))
        if there.leased:
            return
        if there.ended is None:  # it waits, or is new
            waits = there.errand
            since = min(waits.since, errand.since) if waits.since and errand.since else None
            due, pages = max(waits.due, errand.due), max(waits.pages, errand.pages)
            errand = replace(errand, due=due, since=since, pages=pages)
        there.errand, there.ended = errand, None
        there.result = result if there is held else ""

    def _moved_on(self, outcome):
        fresh = {v.post.id for v in outcome.verdicts if _is_fresh(v)}
        judged = outcome.judged_bands
        posts = [v.post for v in outcome.verdicts if not isinstance(v, model.Unchanged)]
        by_band = self._shared(
            outcome.lease.source.url,
            [[band for band in post.bands if band in judged] for post in posts],
            outcome.at - CANDIDATES_SEEN,
        )
        return (
            any({k.id for k in self._led_to(key)} - then for key, then in outcome.judged.items())
            or any({s.post.id for s in stored} - judged[band] for band, stored in by_band.items())
            or bool(fresh & (self.data.posts.keys() | self.data.ended.keys()))
            or bool(
                {getattr(v, "story", None) for v in outcome.verdicts} & self.data.ended.keys() - outcome.ended
            )
            or self.taken(outcome.categories)
        )

    def taken(self, categories):
        """Whether a slug now names another value, or a value has another slug."""
        return any(
            (there.slug == new.slug) != (there.folded == new.folded)
            for new in categories
            for there in self.data.categories.values()
        )

    def ensure(self, wanted, slugs, now):
        """Make the categories that are missing; their slugs."""
        named, made = {new.slug: new for new in wanted}, set()
        for slug in sorted((slugs | named.keys()) - self.data.categories.keys()):
            new = named.get(slug) or model.NewCategory(slug, slug, fold(slug))
            row = _Category(slug, new.title, new.folded, len(self.data.categories), new.templated_by)
            self.store.make_category(row, now)
            made.add(slug)
        return made

    def _found(self, story):
        if story in self.data.stories:
            raise LookupError(story)
        self.data.stories.add(story)

    def _apply(self, outcome, now):
        data, store, source = self.data, self.store, outcome.lease.source.url
        written = [v for v in outcome.verdicts if not isinstance(v, model.Unchanged)]
        stories = {
            data.posts[v.post.id].story if v.post.id in data.posts else getattr(v, "story", None) or v.post.id
            for v in written
        }
        stories |= {story for parting in outcome.partings for story in (parting.leaves, parting.posts[0])}
        dirty = store.placed(stories)
        for parting in outcome.partings:
            self._found(parting.posts[0])
        dirty |= self.ensure(outcome.categories, {s for v in written for s in v.post.categories}, now)
        before = set(data.posts)
        founding = [v.post.id for v in written if _is_fresh(v) and _story_of(v) == v.post.id]
        for post in founding:  # first, since in no order of verdicts does one not find what it joins
            self._found(post)
        for verdict in written:
            post, story = verdict.post, _story_of(verdict)
            there = data.posts.get(post.id)
            if not _is_fresh(verdict):
                if post.id not in before or there.post.source != source:
                    raise LookupError(post.id)
                kept = replace(post, canonical="", forms=(), bands=(), article=there.post.article)
                there.post = replace(kept, summary="", content="") if there.purged else kept
                there.definition = outcome.lease.source.definition
                if there.story == post.id:
                    self._band(there, post.bands, now)
                continue
            if there:
                raise LookupError(post.id)
            if story not in data.stories or (story == post.id and isinstance(verdict, model.Duplicate)):
                raise LookupError(story)
            definition = outcome.lease.source.definition
            kept = replace(post, canonical="", forms=(), bands=())
            there = _Post(kept, story, len(data.posts), definition, telling=post.id)
            data.posts[post.id] = there
            if there.story == post.id:
                self._band(there, post.bands, now)
        for parting in outcome.partings:
            self._part(parting, now)
        self._tell(written)
        data.held |= outcome.held
        for errand in outcome.errands:
            if errand.post is not None and errand.post not in before and errand.post in data.posts:
                data.posts[errand.post].awaits = now + timedelta(minutes=10)
        data.withdrawn |= {(source, key) for key in outcome.withdrawn}
        store.touch(stories)
        return dirty | store.placed(stories)

    def _retract(self, outcome, now):
        """Hide what its own source has deleted, or show it again."""
        data, shown = self.data, self.store.takedowns._shown
        own = [
            (data.posts[one.post], one)
            for one in outcome.retractions
            if one.post in data.posts and data.posts[one.post].post.source == outcome.lease.source.url
        ]
        stories = {stored.story for stored, _ in own}
        before = {(scope, id) for story in stories for scope, id, _ in shown(story)}
        for stored, one in own:
            stored.retracted, stored.retracted_since = one, now
        after = {(scope, id) for story in stories for scope, id, _ in shown(story)}
        for at in before ^ after:
            data.tombstones.pop(at, None)
            data.tombstones |= {at: now} if at in before else {}
        self.store.touch(stories)
        return {scope for scope, _ in before | after} - {None}

    def _band(self, stored, bands, now):
        """Let a founder of late be found by these bands."""
        fresh = stored.post.first_seen >= now - CANDIDATES_SEEN and not stored.purged
        stored.bands = frozenset(bands) if fresh else frozenset()

    def _part(self, parting, now):
        """Let posts leave a story for one of their own, in which all say the same."""
        posts, first = self.data.posts, parting.posts[0]
        for post_id in parting.posts:
            if post_id not in posts or posts[post_id].story != parting.leaves:
                raise LookupError(post_id)
        for post_id in parting.posts:
            posts[post_id].story = posts[post_id].telling = first
        founder = posts[first]
        founder.joined, founder.similarity = "", 1.0
        self._band(founder, bands_of(html.to_text(founder.post.content or founder.post.summary)), now)
        heirs = {}
        for stored in sorted(posts.values(), key=lambda stored: stored.arrived):
            if stored.story == parting.leaves and stored.telling in parting.posts:
                stored.telling = heirs.setdefault(stored.telling, stored.post.id)

    def _tell(self, written):
        """Note how new posts have joined their stories."""
        posts = self.data.posts
        for verdict in written:
            stored = posts[verdict.post.id]
            if not _is_fresh(verdict) or getattr(verdict, "story", None) in (None, verdict.post.id):
                continue
            if verdict.telling is not None and verdict.telling not in posts:
                raise LookupError(verdict.telling)
            if stored.story == stored.post.id:
                continue
            how = verdict.reason if isinstance(verdict, model.Duplicate) else verdict.joined
            stored.joined, stored.similarity = how, verdict.similarity
            copied = posts.get(verdict.telling)
            if copied is not None and copied.story == stored.story:
                stored.telling = copied.telling
            else:
                stored.telling = stored.post.id if how == "alike" and copied is None else stored.story


def _asked(source, polling):
    """What of the configuration decides how a source is asked, and when."""
    adapted = source.every or (polling.every, polling.min_interval)
    return adapted, polling.max_interval, source.insist, source.headers, source.private


def _hosts(*urls):
    """The hosts of these URLs; files have none."""
    return {host for url in urls if (host := model.Source(url).host)}


def _of_another_place(memory):
    """What a source that moved remembers: of its new URL nothing is known."""
    fresh = model.Memory()
    forgotten = "gone failures last_error unreadable reader not_before retry_after lifetime"
    forgotten += " moved_to moved_times adopted abandoned answered_by leads_to"
    forgotten += " validators validators_from former whole"
    return replace(memory, **{name: getattr(fresh, name) for name in forgotten.split()})


def _is_fresh(verdict):
    """Whether it stores a post under an id that nobody has."""
    again = isinstance(verdict, model.Rejected) and verdict.again
    return isinstance(verdict, model.New | model.Duplicate | model.Rejected) and not again


def _story_of(verdict):
    """The story that a verdict founds or joins."""
    return getattr(verdict, "story", None) or verdict.post.id


class MemoryRevisions(_Part):
    """`ports.Revisions`."""

    def known(self, lookups, /):
        return [self.store.polls.known(lookup) for lookup in lookups]

    def _is_outdated(self, stored):
        row = self.data.sources[stored.post.source]
        return bool(row.source) and not stored.purged and stored.definition != row.source.definition

    def _in_documents(self, at_least=0):
        """The stories in subscription documents, or so many of each scope."""
        config = self.store.config
        own = {c.slug: c.entries for c in config.categories}
        cap, found = config.output.per_source, []
        for scope in self.data.scopes:
            found += self.store.posts.newest(scope, own.get(scope, config.output.entries), per_source=cap)
            found += self.store.posts.newest(scope, at_least)
        return {self.data.posts[story.id].story for story in found}

    def outdated(self, limit, /):
        shown = self._in_documents() | self._waiting()
        rows = [stored for stored in self.data.posts.values() if self._is_outdated(stored)]
        rows.sort(key=lambda stored: (stored.story in shown, stored.post.published), reverse=True)
        found = {}
        for stored in rows[:limit]:
            found.setdefault(stored.post.source, []).append(stored.post)
        return [model.Outdated(self.data.sources[url].source, tuple(posts)) for url, posts in found.items()]

    def revise(self, revisions, now, /):
        store, data, written, dirty, stories = self.store, self.data, [], set(), set()
        for revision in revisions:
            row = data.sources.get(revision.source.url)
            if not row or row.source is None or row.source.definition != revision.source.definition:
                continue
            if store.polls.taken(revision.categories):
                continue
            there = [(p, data.posts[p.id]) for p in revision.posts if p.id in data.posts]
            current = [p for p, t in there if self._is_outdated(t) and t.post.source == revision.source.url]
            used = {slug for post in current for slug in post.categories}
            dirty |= store.polls.ensure([c for c in revision.categories if c.slug in used], used, now)
            written += [(post, revision.source.definition) for post in current]
        stories = {data.posts[post.id].story for post, _ in written}
        dirty |= store.placed(stories)
        for post, definition in written:
            there = data.posts[post.id]
            names = (
                "labels",
                "categories",
                "tags",
                "dropped",
                "republish",
                "whole",
                "language",
                "label_digest",
                "origin",
            )
            there.post = replace(there.post, **{name: getattr(post, name) for name in names})
            there.definition = definition
        store.touch(stories)
        store.mark(dirty | store.placed(stories))
        return len(written)

    def purge(self, before, limit, shown, /):
        kept = self._in_documents(shown)
        young = {s.story for s in self.data.posts.values() if s.post.first_seen >= before and not s.purged}
        kept |= young
        if "atom" in self.store.config.output.formats:
            kept |= self._archived(young, shown)
        due = [s for s in self.data.posts.values() if not s.purged and s.story not in kept]
        due.sort(key=lambda stored: (stored.post.first_seen, stored.arrived))
        for stored in due[:limit]:
            stored.post = replace(stored.post, summary="", content="", article="")
            stored.purged, stored.bands, stored.awaits = True, frozenset(), None
        self.store.archives.forget({stored.story for stored in due[:limit]})
        for story in {stored.story for stored in due[:limit]}:
            if all(stored.purged for stored in self.data.posts.values() if stored.story == story):
                self.data.paged.pop(story, None)
        return len(due[:limit])

    def _archived(self, young, least):
        """The stories that archives keep, or that are in none of a category; archives that are due go."""
        store, data, kept = self.store, self.data, set()
        config = store.config
        own = {c.slug: c.entries for c in config.categories}
        for category, archives in data.archives.items():
            entries = own.get(category, config.output.entries)
            told = [*store.posts.newest(category, entries, per_source=config.output.per_source)]
            told += store.posts.newest(category, least)
            stay = young | {data.posts[story.id].story for story in told}
            for number, one in enumerate(archives, 1):
                of_it = {store.archives.story(id) for id in one.members} - {None}
                due = not one.dropped and of_it and not of_it & stay
                if due and store.archives.drop(category, number):
                    store.mark({category})
        for category in data.cut:
            archives = data.archives.get(category, ())
            for _, id, _, _ in store.posts.placed(category):
                number = store.archives.number(category, id)
                if number is None or not archives[number - 1].dropped:
                    kept.add(data.posts[id].story)
        return kept

    def _waiting(self):
        """The stories that are in no archive of a category."""
        cut = self.store.archives.uncut
        return {self.data.posts[one.shown].story for c in self.data.cut for one in cut(c).arrivals}


class MemorySources(_Part):
    """`ports.SourceReader`."""

    def sources(self):
        rows = sorted(
            self.data.sources.values(), key=lambda row: (row.source is None, row.last.position, row.url)
        )
        return [self._status(row) for row in rows]

    def urls(self):
        return list(self.data.sources)

    def source(self, source, /):
        return next((one for one in self.sources() if one.url == source), None)

    def infos(self):
        said = {row.url: row.memory.info for row in self.data.sources.values()}
        found = {
            url: model.SourceInfo("", one.title, one.home) for url, one in said.items() if one is not None
        }
        if found != self.data.infos:
            self.data.infos = found
        return self.data.infos

    def exchanges(self, source, /):
        return [one for row in self.data.sources.values() if row.url == source for one in row.exchanges]

    def events(self, limit, /):
        return self.data.events[:limit]

    def days(self, since, of, /):
        dated = Counter(
            (stored.post.source, stored.post.published.astimezone(UTC).date())
            for stored in self.data.posts.values()
            if not stored.purged and stored.post.source in of
        )
        return [model.PostsOfDay(url, day, n) for (url, day), n in dated.items() if day >= since]

    def _status(self, row):
        posts = [stored.post for stored in self.data.posts.values() if stored.post.source == row.url]
        runs = row.source is not None and not row.source.paused and not row.memory.gone
        errands = [model.ErrandStatus(e.errand, e.result, e.ended) for e in row.errands.values()]
        errands.sort(key=lambda status: (status.errand.due, status.errand.url))
        waiting = [status for status in errands if status.ended is None]
        ended = [status for status in errands if status.ended is not None]
        ended.sort(key=lambda status: status.ended, reverse=True)
        return model.SourceStatus(
            url=row.url,
            active=row.source is not None,
            memory=row.memory,
            due=row.due if runs else None,
            posts=sum(not post.dropped for post in posts),
            dropped=sum(bool(post.dropped) for post in posts),
            unread=row.unread,
            definition=row.last.definition,
            host_paused_until=max(
                (until for host, until in self.data.paused.items() if host in row.hosts), default=None
            ),
            errands=tuple(waiting + ended)[:10],
            taken=row.taken,
        )


class MemoryPosts(_Part):
    """`ports.PostReader`."""

    def identity(self):
        return self.store.site

    def categories(self):
        configured = [c for c in self.store.config.categories if c.configured]
        there = self.data.categories
        others = sorted(there.keys() - {c.slug for c in configured})
        entries = self.store.config.output.entries
        return [c for c in configured if c.slug in there] + [
            model.Category(slug, there[slug].title, entries=entries, configured=False) for slug in others
        ]

    def newest(self, scope, limit, /, *, per_source=0):
        shown = [one[:3] for one in self.placed(scope) if not one[3]]
        led, found = Counter(), []
        for lead, id, members in shown[:WALKED] if per_source else shown:
            led[lead.source] += 1
            if not per_source or led[lead.source] <= per_source:
                found.append(model.Story(id, members))
        return found[:limit]

    def outline(self, scope, limit, /, *, per_source=0):
        return [self._version(scope, story) for story in self.newest(scope, limit, per_source=per_source)]

    def told(self, scope, ids, /):
        placed = [model.Story(id, members) for _, id, members, _ in self.placed(scope) if id in ids]
        return [(self._version(scope, story), story) for story in placed]

    def _version(self, scope, story):
        [founder] = {self.data.posts[member.id].story for member in story.members}
        apart = scope in self.store.keeping()
        return model.StoryVersion(story.id, founder, self.data.story_marks[founder][0], apart)

    def placed(self, scope):
        """What a scope shows or is held back from it, newest first: who leads, id, members, if held."""
        told, apart = {}, scope in self.store.keeping()
        for stored in sorted(self.data.posts.values(), key=lambda stored: stored.arrived):
            if self.store.visible(stored):
                told.setdefault((stored.story, stored.telling if apart else None), []).append(stored.post)
        shown = []
        for (story, telling), members in told.items():
            of_scope = [p for p in members if scope is None or scope in p.categories]
            held = [(p.id, scope) in self.data.held for p in of_scope]
            if of_scope:
                lead = self.store.lead(story, telling)
                shown.append((lead, telling or story, tuple(members), all(held)))
        shown.sort(key=lambda one: one[1])
        shown.sort(key=lambda one: one[0].published, reverse=True)
        return shown

    def tombstones(self, scope, /):
        there = [(at, id) for (where, id), at in self.data.tombstones.items() if where == scope]
        there.sort(key=lambda one: one[1])
        there.sort(key=lambda one: one[0], reverse=True)
        return [model.Tombstone(id, at) for at, id in there]

    def buried(self, ids, /):
        found = {id: model.Tombstone(id, self.data.ended[id][0].at) for id in ids if id in self.data.ended}
        for id in set(ids) - found.keys():
            members = [stored for stored in self.data.posts.values() if stored.story == id]
            gone = [s.retracted_since for s in members if s.retracted and not s.retracted.back]
            if gone and not any(map(self.store.visible, members)):
                found[id] = model.Tombstone(id, max(gone))
        return found


class MemoryTakedowns(_Part):
    """`ports.Takedowns`."""

    def take_down(self, wanted, now, /, *, reason, new_id, page, whole=False):
        posts = self.data.posts
        stories = {posts[id].story for id in wanted if id in posts}
        before = [self.data.ended[story][0].at for story in stories & self.data.ended.keys()]
        if len(before) == len(stories):
            return model.TakenDown(before=min(before, default=None))
        going = {id for id, stored in posts.items() if id in wanted or (whole and stored.story in stories)}
        ended = model.Ended(now, "post", reason)
        return self._end(stories - self.data.ended.keys(), going, ended, new_id, page)

    def take_down_source(self, source, now, /, *, reason, new_id, page):
        row = self.data.sources.get(source)
        if row is None or row.taken:
            return model.TakenDown(before=row and row.taken)
        own = {id: stored.story for id, stored in self.data.posts.items() if stored.post.source == source}
        ended = model.Ended(now, "source", reason)
        done = self._end(set(own.values()) - self.data.ended.keys(), set(own), ended, new_id, page)
        row.taken = now
        return done

    def _end(self, stories, wanted, ended, new_id, page):
        data, store, taken, staying, over = self.data, self.store, [], [], {}
        for row in data.sources.values():
            row.items = None
        dirty, touched = store.placed(stories), set(stories)
        for story in sorted(stories):
            members = sorted((s for s in data.posts.values() if s.story == story), key=lambda s: s.arrived)
            going = [stored for stored in members if stored.post.id in wanted]
            rest = [stored for stored in members if stored.post.id not in wanted]
            shown, ids = self._shown(story), {stored.post.id for stored in going}
            mine = {id for _, id, lead in shown if not rest or lead.id in ids or id in ids}
            mine |= {story} if not rest or story in ids else set()
            told = {(scope, id) for scope, id, _ in shown if id in mine}
            if not shown and story in mine:
                were = [stored.post for stored in members if not stored.post.dropped]
                told = {(scope, story) for post in were for scope in (*post.categories, None)}
            over |= dict.fromkeys(id for _, id in told)
            data.tombstones |= dict.fromkeys(told, ended.at)
            dirty |= {scope for scope, _ in told}
            data.ended |= {id: self._epitaph(ended, data.posts[id].post) for id in mine}
            if story in mine:
                data.gone.add(page(story, *data.ended[story][1:]))
            self._rename(
                rest, {s.post.id: new_id(s.post.source, s.post.id) for s in rest if s.post.id in mine}
            )
            if rest and story in mine:
                touched.add(self._leave(rest, self._first(rest)))
                self._retell(going)
            elif rest:
                touched.add(self._leave(going, going[0]))
                data.ended[going[0].post.id] = self._epitaph(ended, going[0].post)
                self._retell(rest)
            for stored in going:
                stored.bands = frozenset()
                stored.taken_bands = _bands_of(stored.post) if ended.kind == "post" else frozenset()
            taken += going
            staying += rest
        store.touch(touched)
        store.archives.touch_shown(data.ended)
        store.mark(dirty | store.placed(touched) | {None})
        posts = [
            tuple(model.TakenPost(s.post.id, s.post.title, s.post.source, s.story) for s in some)
            for some in (taken, staying)
        ]
        return model.TakenDown(
            posts[0], tuple(over), posts[1], frozenset(dirty | store.placed(touched) | {None})
        )

    def _epitaph(self, ended, post):
        return ended, post.slug, post.published

    def _first(self, members):
        """Who speaks for those that stay."""
        visible = [s for s in members if self.store.visible(replace(s, story=""))] or members[:1]
        sources = self.data.sources
        return min(
            visible,
            key=lambda s: (
                s.post.standing,
                s.post.published,
                sources[s.post.source].last.position,
                s.post.id,
            ),
        )

    def _shown(self, story):
        """Where a story is shown, under which id, and who speaks for it there."""
        found = []
        for scope in self.data.scopes:
            for lead, id, _, held in self.store.posts.placed(scope):
                if self.data.posts[id].story == story and (scope or not held):
                    found.append((scope, id, lead))
        return found

    def _rename(self, members, named):
        data = self.data
        for stored in members:
            stored.telling = named.get(stored.telling, stored.telling)
            if stored.post.id in named:
                del data.posts[stored.post.id]
                stored.post = replace(stored.post, id=named[stored.post.id])
                data.posts[stored.post.id] = stored
        data.held = {(named.get(post, post), scope) for post, scope in data.held}

    def _leave(self, leaving, head):
        made, same = head.post.id, head.telling
        self.store.polls._found(made)
        for stored in leaving:
            stored.story, stored.telling = made, made if stored.telling == same else stored.telling
        head.joined, head.similarity = "", 1.0
        self._retell(leaving)
        self.store.polls._band(head, _bands_of(head.post), head.post.first_seen)
        return made

    def _retell(self, members):
        """Name the tellings of these after posts that are among them."""
        ids, heirs = {stored.post.id for stored in members}, {}
        for stored in members:
            if stored.telling not in ids:
                stored.telling = heirs.setdefault(stored.telling, stored.post.id)
            if stored.story != stored.post.id and not stored.joined:
                stored.joined = "link"

    def forget(self, now):
        old = {at for at, when in self.data.tombstones.items() if when < now - timedelta(days=90)}
        for at in old:
            del self.data.tombstones[at]
        self.store.mark({scope for scope, _ in old})


def _bands_of(post):
    return frozenset(bands_of(html.to_text(post.content or post.summary)))


class MemoryFinder(_Part):
    """`ports.PostFinder`."""

    def find(self, sought, limit, /):
        rows = self.data.posts.values()
        ids = [s for s in rows if sought.name in (s.post.id, s.story) or sought.keys & set(s.post.keys)]
        texts = [s for s in rows if sought.texts & {s.post.guid, s.post.link}]
        newest = sorted(ids or texts, key=lambda s: s.story)
        newest.sort(key=lambda s: s.post.published, reverse=True)
        return [self._told(story) for story in list(dict.fromkeys(s.story for s in newest))[:limit]]

    def _told(self, story):
        arrived = sorted(self.data.posts.values(), key=lambda stored: stored.arrived)
        members = tuple(self._stored(s) for s in arrived if s.story == story)
        places = []
        for scope in [*sorted(s for s in self.data.scopes if s), None]:
            told, row = self.store.posts.newest(scope, len(arrived)), self.data.scopes[scope]
            apart = scope in self.store.keeping()
            for number, one in enumerate(told, 1):
                if self.data.posts[one.id].story == story:
                    lead = self.store.lead(story, one.id if apart else None)
                    at = number, len(told), lead.published, row.mark > row.settled
                    places.append(model.Place(scope, one.id, *at))
        name, there = self.data.post_names.get(story), self.data.post_files.items()
        files = tuple(file for (_, file), body in there if file == name and body is not None)
        ids = {member.post.id for member in members}
        archives = (
            (category, number)
            for category in sorted(self.data.archives)
            for number, one in enumerate(self.data.archives[category], 1)
            if any(
                m.id in ids for _, told in self.store.posts.told(category, one.members) for m in told.members
            )
        )
        return model.StoredStory(story, members, tuple(places), files, tuple(archives))

    def _stored(self, stored):
        return model.StoredPost(
            stored.post,
            stored.story,
            stored.definition,
            active=self.data.sources[stored.post.source].source is not None,
            purged=stored.purged,
            telling=stored.telling if stored.joined else None,
            joined=stored.joined or None,
            similarity=stored.similarity,
            held=frozenset(scope for post, scope in self.data.held if post == stored.post.id),
            ended=self.data.ended.get(stored.story, (None,))[0],
            retracted=stored.retracted if stored.retracted and not stored.retracted.back else None,
            article_said=stored.article_said,
            awaits=stored.awaits,
        )

    def of_source(self, source, limit, /):
        newest = [s for s in self.data.posts.values() if s.post.source == source]
        newest.sort(key=lambda s: s.post.id)
        newest.sort(key=lambda s: s.post.published, reverse=True)
        return [self._stored(stored) for stored in newest[:limit]]

    def merged(self, limit, /):
        joined = [s for s in self.data.posts.values() if s.joined and self.store.visible(s)]
        joined.sort(key=lambda s: s.arrived, reverse=True)
        return [self._merged(stored) for stored in joined[:limit]]

    def _merged(self, stored):
        post, founder = stored.post, self.data.posts[stored.story].post
        return model.Merged(
            *(stored.story, post.id, post.title, post.source, stored.joined, stored.similarity),
            *(post.first_seen, founder.title, founder.source),
        )


class MemoryDocuments(_Part):
    """`ports.DocumentStore`."""

    def move(self, output):
        """There is one place only."""

    def get(self, path, /):
        return self.data.files.get(path)

    peek = get

    def put(self, document, now, /, *, basis=None):
        path, _, kind = document.path.rpartition(".")
        if not path or kind not in MEDIA_TYPES or any(s[:1] in ("", ".") for s in path.split("/")):
            raise PublishError(f"{document.path}: no place for a document")
        before = self.data.files.get(document.path)
        if before is not None and before.body == document.body:
            return False
        packed = gzip.compress(document.body, mtime=0)
        later = [before.modified + timedelta(seconds=1)] if before else []
        self.data.files[document.path] = model.Document(
            document.path,
            f"{MEDIA_TYPES[kind]}; charset=utf-8",
            document.body,
            modified=max([now.replace(microsecond=0), *later]),
            etag=f'"{blake2b(document.body).hexdigest()}"',
            gzip=packed,
            gzip_etag=f'"{blake2b(packed).hexdigest()}"',
        )
        return True

    def remove(self, path, /, *, basis=None):
        return self.data.files.pop(path, None) is not None

    def held(self, folder, limit, after, /):
        return [path for path in sorted(self.data.files) if path.startswith(folder) and path > after][:limit]

    def gone(self, path, /):
        return path in self.data.gone

    def claim(self, now, /):
        waiting = [
            (scope is None, row.settled, scope or "")
            for scope, row in self.data.scopes.items()
            if row.mark > row.settled and not row.claimed
        ]
        if not waiting:
            return None
        scope = min(waiting)[2] or None
        row = self.data.scopes[scope]
        row.token, row.claimed, row.claimed_at = row.token + 1, True, now
        return model.Claim(scope, row.mark, row.token, row.updated, row.created)

    def promise(self, claim, updated, /):
        row = self.data.scopes[claim.scope]
        if row.claimed and row.token == claim.token:
            row.updated = max(updated, row.updated or updated)

    def settle(self, claim, updated, /):
        row = self.data.scopes[claim.scope]
        self.promise(claim, updated)
        if row.claimed and row.token == claim.token:
            row.claimed, row.settled = False, claim.mark
            row.opened = row.opened or row.claimed_at

    def release(self, claim, /):
        row = self.data.scopes[claim.scope]
        if row.token == claim.token:
            row.claimed = False

    def mark_all(self):
        self.data.paged.clear()
        self.store.archives.touch_categories(None)
        self.store.mark(set(self.data.scopes))
        return len(self.data.scopes)


class MemoryPages(_Part):
    """`ports.PageStore`."""

    def made_with(self, settings, /):
        if self.data.pages != settings:
            self.data.pages = settings
            self.data.paged.clear()

    def changed(self, limit, after, /):
        waiting = [
            (story, mark)
            for story, (mark, _) in sorted(self.data.story_marks.items())
            if mark > self.data.paged.get(story, -1) and story > after
        ]
        posts = sorted(self.data.posts.values(), key=lambda stored: stored.arrived)
        found = []
        for story, mark in waiting[:limit]:
            members = tuple(p.post for p in posts if p.story == story and self.store.visible(p))
            told = model.Story(story, members) if members else None
            found.append(model.Unpaged(story, mark, self._founder(story), told))
        return found

    def founders(self, stories, /):
        return {story: self._founder(story) for story in stories if story in self.data.story_marks}

    def _founder(self, story):
        [(slug, published), *_] = [
            *([self.data.ended[story][1:]] if story in self.data.ended else []),
            *((p.post.slug, p.post.published) for p in self.data.posts.values() if p.post.id == story),
        ]
        return model.Founder(slug, published)

    def settle(self, done, /):
        for one in done:
            self.data.paged[one.story] = max(one.mark, self.data.paged.get(one.story, -1))


class MemoryJekyll(_Part):
    """`ports.JekyllStore`: nobody else writes in these directories, and nothing in them fails."""

    def sync(self, config, described):
        """Mark what a configuration changes in files."""
        asked = (config.output.jekyll, config.site.language, config.site.timezone)
        before, self.data.jekyll = self.data.jekyll, asked if asked[0] else self.data.jekyll
        if asked[0] and before is not None and before != asked:
            self.mark_all()
            return
        posts = [stored for stored in self.data.posts.values() if self.store.visible(stored)]
        self.store.touch({s.story for s in posts if set(s.post.categories) & set(described)})

    def changed(self, limit, after, /):
        marks = sorted(self.data.story_marks.items())
        waiting = [(s, mark) for s, (mark, written) in marks if mark > written and s > after]
        posts = sorted(self.data.posts.values(), key=lambda stored: stored.arrived)
        told = [
            (s, mark, tuple(p.post for p in posts if p.story == s and self.store.visible(p)))
            for s, mark in waiting[:limit]
        ]
        return [model.Unwritten(s, m, model.Story(s, members) if members else None) for s, m, members in told]

    def put(self, files, directory, /):
        results = []
        for file in files:
            results.append(self._put(file, directory))
            mark, written = self.data.story_marks[file.story]
            self.data.story_marks[file.story] = (mark, max(written, file.mark))
        return results

    def _put(self, file, directory):
        names, files = self.data.post_names, self.data.post_files
        if file.body is None:
            name = names.get(file.story, "")
            members = [stored for stored in self.data.posts.values() if stored.story == file.story]
            purged = file.story not in self.data.ended and all(stored.purged for stored in members)
            if files.get((directory, name)) is None or purged:
                return ""
            files[directory, name] = None
            return name
        if file.story not in names:
            stem, number, name = file.wish.removesuffix(".md"), 1, file.wish
            while name in names.values():
                number += 1
                name = f"{stem}-{number}.md"
            names[file.story] = name
        name = names[file.story]
        before, files[directory, name] = files.get((directory, name)), file.body
        return "" if before == file.body else name

    def lost(self, directory, /):
        return 0

    def mark_all(self):
        self.store.touch(self.data.stories)
        return len(self.data.stories)


@dataclass
class _Archive:
    members: tuple  # ids that were shown, in order of arrival
    closed: datetime
    mark: int = 1
    settled: int = 0
    updated: datetime | None = None
    dropped: bool = False


class MemoryArchives(_Part):
    """`ports.ArchiveStore`."""

    def uncut(self, category, /):
        stored = {s.post.id: s for s in self.data.posts.values()}
        numbers = sorted(self.data.sources)
        arrivals = [
            model.Arrival(id, stored[id].arrived, numbers.index(lead.source), held, *version[1:])
            for lead, id, _, held in self.store.posts.placed(category)
            for version, _ in self.store.posts.told(category, [id])
            if self.number(category, id) is None
        ]
        return model.Uncut(tuple(arrivals), self.data.cut.get(category))

    def number(self, category, id):
        """The archive of a category that an id is in."""
        numbered = enumerate(self.data.archives.get(category, ()), 1)
        return next((number for number, one in numbered if id in one.members), None)

    def close(self, claim, cut, day, now, /):
        row = self.data.scopes[claim.scope]
        if not row.claimed or row.token != claim.token:
            raise StoreError("the claim is void")
        self.data.cut[claim.scope] = day
        there = self.data.archives.setdefault(claim.scope, [])
        there += [_Archive(tuple(ids), now) for ids in cut]

    def newest(self, category, /):
        return max(self._there(category), default=None)

    def story(self, id):
        """The story of a post; None where a takedown has given it another id."""
        stored = self.data.posts.get(id)
        return stored and stored.story

    def touch_shown(self, ids):
        """Mark the archives that have one of these ids."""
        for of_category in self.data.archives.values():
            for one in of_category:
                one.mark += bool(set(ids) & set(one.members))

    def _there(self, category):
        numbered = enumerate(self.data.archives.get(category, ()), 1)
        return [number for number, one in numbered if not one.dropped]

    def _all(self, wanted):
        found = []
        for category in sorted(self.data.archives):
            for number, one in enumerate(self.data.archives[category], 1):
                if one.mark > one.settled and wanted(category, number, one):
                    found.append(self._archive(category, number, one))
        return found

    def _archive(self, category, number, one):
        arrived = {s.post.id: s.arrived for s in self.data.posts.values()}
        before = max([n for n in self._there(category) if n < number], default=None)
        told = (
            None if one.dropped else tuple(story for _, story in self.store.posts.told(category, one.members))
        )
        members = tuple(sorted(one.members, key=lambda id: arrived.get(id, -1)))
        return model.Archive(category, number, one.mark, before, one.closed, one.updated, members, told)

    def fresh(self, category, limit, /):
        return self._all(lambda c, _, one: c == category and not one.settled and not one.dropped)[:limit]

    def changed(self, limit, after, /):
        return self._all(lambda c, n, one: (c, n) > after and one.settled and not one.dropped)[:limit]

    def dropped(self, limit, /):
        return self._all(lambda _c, _n, one: one.dropped)[:limit]

    def promise(self, archive, updated, /):
        row = self.data.archives[archive.category][archive.number - 1]
        row.updated = max(updated, row.updated or updated)

    def settle(self, done, /):
        for one in done:
            row = self.data.archives[one.category][one.number - 1]
            row.settled = max(row.settled, one.mark)

    def touch(self, stories):
        """Mark the archives that have something of these stories."""
        for of_category in self.data.archives.values():
            for one in of_category:
                one.mark += any(self.story(id) in stories for id in one.members)

    def touch_categories(self, slugs):
        """Mark the archives of these categories (None: of all)."""
        for category, of_category in self.data.archives.items():
            for one in of_category:
                one.mark += not one.dropped and (slugs is None or category in slugs)

    def drop(self, category, number):
        """Let an archive go; whether the category's own document named it."""
        one = self.data.archives[category][number - 1]
        one.dropped, one.mark = True, one.mark + 1
        after = min([n for n in self._there(category) if n > number], default=None)
        if after is not None:
            self.data.archives[category][after - 1].mark += 1
        return after is None

    def forget(self, stories):
        """What may join these stories is an arrival where their archive was dropped."""
        for of_category in self.data.archives.values():
            for one in of_category:
                if one.dropped:
                    one.members = tuple(i for i in one.members if self.story(i) not in stories)


class MemorySubscriptions(_Part):
    """`ports.Subscriptions`."""

    @property
    def hub(self):
        return self.data.hub

    def _find(self, rows, intent, of):
        for row, one in rows.items():
            if (of(one).callback, of(one).path) == (intent.callback, intent.path):
                return row
        return None

    def _waiting(self, intent):
        return self._find(self.hub.intents, intent, lambda one: one[0])

    def _subscribed(self, intent):
        return self._find(self.hub.subscriptions, intent, lambda one: one.intent)

    def ask(self, intent, now, /):
        hub, waits = self.hub, self._waiting(intent)
        if waits is None:
            if len(hub.intents) >= MOST_WAITING:
                return model.Refusal(429, "too many requests wait to be verified; try again in a minute")
            if self._subscribed(intent) is None:
                if intent.mode == "unsubscribe":
                    return model.Refusal(404, "there is no such subscription")
                every = [i for i, _, _ in hub.intents.values()]
                every += [s.intent for s in hub.subscriptions.values()]
                if len(every) >= MOST:
                    return model.Refusal(429, "this hub has as many subscriptions as it takes")
                if sum(i.host == intent.host for i in every) >= MOST_PER_HOST:
                    most = f"at most {MOST_PER_HOST} subscriptions of one host"
                    return model.Refusal(429, f"this hub takes {most}")
        hub.intents.pop(waits, None)
        hub.rows += 1
        hub.intents[hub.rows] = [intent, now, 0]
        return None

    def intents(self, now, limit, /):
        hub = self.hub
        hub.intents = {r: one for r, one in hub.intents.items() if one[1] > now or one[2] < 3}
        due = sorted((one[1], row) for row, one in hub.intents.items() if one[1] <= now)[:limit]
        for _, row in due:
            hub.intents[row][1:] = now + timedelta(minutes=1), hub.intents[row][2] + 1
        return [model.Verification(row, hub.intents[row][0]) for _, row in due]

    def _end(self, done):
        if self.hub.intents.get(done.row, [None])[0] != done.intent:
            return False
        del self.hub.intents[done.row]
        return True

    def confirm(self, done, topic, items, now, /):
        if not self._end(done):
            return
        intent, row = done.intent, self._subscribed(done.intent)
        if intent.mode == "unsubscribe":
            self.hub.subscriptions.pop(row, None)
            return
        version = self._version(topic, items, now)
        if row is None:
            self.hub.rows += 1
            row = self.hub.rows
            self.hub.subscriptions[row] = _Subscription(intent, now, version, now)
        self.hub.subscriptions[row].intent = intent
        self.hub.subscriptions[row].expires = now + intent.lease

    def forget(self, done, /):
        self._end(done)

    def topics(self):
        paths = {one.intent.path for one in self.hub.subscriptions.values()}
        known = sorted(self.hub.topics.items())
        return [model.Topic(p, t.etag) for p, t in known if p in paths or t.pinged is not None]

    def _version(self, topic, items, now):
        known = self.hub.topics.setdefault(topic.path, _Topic(topic.etag, {1: dict(items)}, due=now))
        if known.etag != topic.etag:
            known.version += 1
            known.etag, known.versions[known.version] = topic.etag, dict(items)
        return known.version

    def changed(self, topic, items, now, /, *, ping=False):
        self._version(topic, items, now)
        known = self.hub.topics[topic.path]
        if ping and known.pinged is None:
            known.pinged = 0

    def items(self, path, version, /):
        topic = self.hub.topics.get(path)
        return topic.versions.get(version, {}) if topic else {}

    def deliveries(self, now, limit, /, *, failing):
        found = []
        rows = sorted(self.hub.subscriptions.items(), key=lambda named: (named[1].due, named[0]))
        for row, one in rows:
            version = self.hub.topics[one.intent.path].version
            is_due = one.seen < version and one.due <= now < one.expires
            if is_due and (one.failures > 0) == failing and len(found) < limit:
                one.due = now + timedelta(minutes=1)
                i = one.intent
                given = (row, i.callback, i.host, i.path, i.secret, version, one.delivered, one.failures)
                found.append(model.Delivery(*given))
        return found

    def delivered(self, ended, now, /):
        for one in ended:
            to = one.delivery
            held = self.hub.subscriptions.get(to.row)
            if held is None or (held.intent.callback, held.intent.path) != (to.callback, to.path):
                continue
            if one.gone:
                del self.hub.subscriptions[to.row]
            elif one.again is not None:
                held.due, held.failures = one.again, held.failures + 1
            else:
                held.seen = held.delivered = to.version
                held.failures, held.due = 0, now

    def pings(self, now, limit, /):
        found = []
        for path, topic in sorted(self.hub.topics.items(), key=lambda named: (named[1].due, named[0])):
            is_due = topic.pinged is not None and topic.pinged < topic.version and topic.due <= now
            if is_due and len(found) < limit:
                topic.due = now + timedelta(minutes=1)
                found.append(model.Ping(path, topic.version, topic.failures))
        return found

    def pinged(self, ended, now, /):
        for one in ended:
            topic = self.hub.topics[one.ping.path]
            if one.again is None:
                topic.pinged, topic.failures, topic.due = one.ping.version, 0, now
            else:
                topic.failures, topic.due = topic.failures + 1, one.again

    def prune(self, now, /):
        hub, before = self.hub, len(self.hub.subscriptions)
        hub.subscriptions = {r: one for r, one in hub.subscriptions.items() if one.expires > now}
        had = {(one.intent.path, one.delivered) for one in hub.subscriptions.values()}
        for path, topic in hub.topics.items():
            kept = {v: i for v, i in topic.versions.items() if (path, v) in had or v == topic.version}
            topic.versions = kept
        return before - len(hub.subscriptions)


class MemoryFollowings(_Part):
    """`ports.Followings`."""

    def want(self, following, now, /):
        rows = self.data.followings
        held = rows.get(following.source, [None])[0]
        if held and (held.hub, held.topic, held.mode) == (following.hub, following.topic, following.mode):
            return
        rows[following.source] = [following, now]

    def end(self, source, now, /):
        held = self.data.followings.get(source, [None])[0]
        if held is not None and held.mode == "subscribe":
            self.data.followings[source] = [replace(held, mode="unsubscribe", failures=0), now]

    def _held(self, following):
        row = self.data.followings.get(following.source)
        same = row and (row[0].token, row[0].mode) == (following.token, following.mode)
        return row if same else None

    def drop(self, following, /):
        if self._held(following):
            del self.data.followings[following.source]

    def due(self, now, limit, /):
        found = sorted((row[1], source) for source, row in self.data.followings.items() if row[1] <= now)
        for _, source in found[:limit]:
            self.data.followings[source][1] = now + timedelta(minutes=1)
        return [self.data.followings[source][0] for _, source in found[:limit]]

    def asked(self, following, again, /):
        row = self._held(following)
        if row and row[0] == following:
            row[:] = replace(row[0], failures=row[0].failures + 1), again

    def confirmed(self, following, expires, renew, /):
        if row := self._held(following):
            row[:] = replace(row[0], expires=expires, failures=0), renew

    def find(self, token, /):
        return next((row[0] for row in self.data.followings.values() if row[0].token == token), None)

    def every(self):
        return [row[0] for _, row in sorted(self.data.followings.items())]

    def offered(self):
        rows = [row for row in self.data.sources.values() if row.source is not None and row.memory.hub]
        return {row.url: (row.memory.hub, row.memory.topic) for row in rows}
