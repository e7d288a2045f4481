"""A post that was taken down, and everything that its source and others do to bring it back, poll by poll."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator import pipeline
from aggregator.model import Committed, Config, Output, Polling
from aggregator.pipeline import explaining, takedown
from aggregator.store import open_store
from tests.fakes import MemoryStore
from tests.pipeline.given import NOW, decide, fetched, item, rss, source

DAY = timedelta(days=1)
A, B, C = (f"https://{name}.example/feed.xml" for name in "abc")
TEXT = (
    "<p>The council of Hammerton has decided on Monday to close the old bridge over the Wend until spring, "
    "since the inspectors had found cracks in two of its seven piers. Buses will go by way of the mill, and "
    "the market moves to the station square for as long as the work lasts, said the mayor.</p>"
)
OTHER = "<p>Quite another text of another day, which tells of nothing that was told before by anybody.</p>"
DATE = "Tue, 03 Nov 2026 10:00:00 GMT"
LATE = "Mon, 02 Feb 2027 10:00:00 GMT"


def bridge(guid="tag:a.example,2026:bridge", link="https://a.example/bridge", **said):
    said = {"title": "The old bridge is closed", "text": TEXT, "date": DATE, **said}
    return item("bridge", guid=guid, link=link, **said)


class Place:
    """Sources on one store, polled and taken down by the real thing."""

    def __init__(self, store):
        self.store, self.now = store, NOW
        self.sync(A, B, C)

    def sync(self, *urls, **said):
        sources = tuple(replace(source(url), **said.get(url, {})) for url in urls)
        polling = Polling(min_interval=timedelta(hours=1))
        self.config = Config(sources=sources, polling=polling, output=Output(keep=30 * DAY))
        self.store.polls.sync(self.config, self.now)

    def poll(self, url, *items):
        """Read, decide, commit; a day later all are due again."""
        leases = {lease.source.url: lease for lease in self.store.polls.lease_due(self.now, 9)}
        for other in leases.keys() - {url}:
            self.store.polls.give_back(leases[other], self.now)
        body, lease = fetched(rss(*items), url=url), leases[url]
        identity = self.store.posts.identity()
        reading = pipeline.read(lease, body, self.now, identity)
        known = self.store.polls.known(pipeline.lookup(lease, reading, self.now))
        outcome = decide(lease, body, reading, known, now=self.now)
        assert isinstance(self.store.polls.commit([outcome], self.now)[0], Committed)
        self.now += 2 * DAY

    def take_down(self, asked, **said):
        findings = explaining.sought(asked, self.config, self._findings())
        meant = takedown.meant(findings, self.store.finder.find(findings, 9), self.config)
        ids = [one.post.id for one in meant.posts]
        given = {"new_id": takedown.new_id(self.config, self.now), "page": takedown.page, "reason": "made"}
        return self.store.takedowns.take_down(ids, self.now, **given, **said)

    def _findings(self):
        from aggregator.model import Findings

        return Findings(sources=tuple(self.store.sources.sources()))

    def told(self):
        """The sources whose tellings of it are shown."""
        posts = [member for story in self.store.posts.newest(None, 99) for member in story.members]
        return sorted(p.source for p in posts if "bridge" in p.title.lower() or "Hammerton" in p.content)


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    if request.param == "memory":
        yield Place(MemoryStore(NOW))
        return
    with open_store(str(tmp_path / "store.db"), output=str(tmp_path / "p"), loops=True, now=NOW) as store:
        yield Place(store)


@pytest.mark.parametrize(
    ("url", "again"),
    [
        (A, bridge()),
        (A, bridge(title="The bridge, edited", text=OTHER)),
        (A, bridge(date=LATE, text=TEXT + OTHER)),
        (A, bridge(guid="tag:a.example,2026:again")),
        (A, bridge(guid="tag:a.example,2026:again", text=OTHER, title="The bridge: a new text")),
        (A, bridge(guid="tag:a.example,2026:again", link="https://a.example/again")),
        (
            A,
            bridge(
                guid="tag:a.example,2026:again", link="https://a.example/again", date=LATE, title="Bridge"
            ),
        ),
        (A, bridge(guid=None)),
        (A, bridge() + bridge(guid="tag:a.example,2026:again")),
        (A, bridge(guid="tag:a.example,2026:x") + bridge(guid="tag:a.example,2026:y")),
        (B, bridge()),
        (B, bridge(guid="tag:b.example,2026:copy", link="https://a.example/bridge?utm_source=b")),
        (B, bridge(guid="tag:a.example,2026:bridge", link="https://b.example/bridge")),
        (B, bridge(guid="tag:b.example,2026:copy", link="https://b.example/bridge", date=LATE)),
        (B, bridge(guid="1", link="https://b.example/1") + bridge(guid="2", link="https://b.example/2")),
        (B, bridge(guid="tag:b.example,2026:1") + bridge(guid="tag:b.example,2026:2")),
    ],
)
def test_nothing_brings_it_back(place, url, again):
    """Not its guid, its link, its words, another date or text; not at once, and not after retention."""
    place.poll(A, bridge(), item("other"))
    assert place.told() == [A]
    place.take_down("https://a.example/bridge")
    assert place.told() == []
    place.poll(url, again, item("other"))
    assert place.told() == []
    place.now += 20 * DAY
    place.store.housekeep(place.now)
    place.poll(url, again, item("other", text=OTHER))
    place.poll(C, bridge(guid="tag:c.example,2026:c", link="https://c.example/c"))
    assert place.told() == []


def test_time_and_the_file(place):
    """Not when its source leaves and returns, nor under another URL, nor when its content has gone."""
    place.poll(A, bridge(), item("other"))
    place.take_down("tag:a.example,2026:bridge")
    place.sync(B)
    place.sync(A, B, C)
    place.poll(A, bridge(), item("other"))
    assert place.told() == []
    place.now += 60 * DAY
    place.store.revisions.purge(place.now - 30 * DAY, 99, 0)
    place.poll(A, bridge(date=LATE), item("other"))
    moved = "https://d.example/feed.xml"
    place.sync(moved, B, C, **{moved: {"was": A, "definition": "d2"}})
    place.poll(moved, bridge(text=OTHER), item("other"))
    place.poll(B, bridge(guid="tag:b.example,2026:copy"))
    assert place.told() == []


@pytest.mark.parametrize("url", [A, B])
def test_words_after_retention(place, url):
    """Its text has gone from the store, and a copy nearly to the letter is recognised all the same."""
    place.poll(A, bridge(), item("other"))
    place.take_down("tag:a.example,2026:bridge")
    place.now += 60 * DAY
    assert place.store.revisions.purge(place.now - 30 * DAY, 99, 0) >= 1
    again = bridge(guid="tag:new", link="https://new.example/", date=LATE, text=TEXT.replace("lasts", "last"))
    place.poll(url, again, item("more", text=OTHER))
    assert place.told() == []
    assert "Title more" in [story.members[0].title for story in place.store.posts.newest(None, 9)]
    half = TEXT.partition("Buses")[0] + OTHER
    place.poll(url, bridge(guid="tag:half", link="https://new.example/half", date=LATE, text=half))
    assert place.told() == [url]


def test_one_after_the_other(place):
    """Each telling that stays can be taken down in its turn; none of them brings another back."""
    place.poll(A, bridge())
    words = TEXT.replace("said the mayor", "the mayor has said")
    place.poll(B, bridge(guid="tag:b.example,2026:1", link="https://b.example/1", text=words))
    place.poll(C, bridge(guid="tag:c.example,2026:1", link="https://c.example/1"))
    assert len(place.store.posts.newest(None, 9)) == 1
    place.take_down("https://a.example/bridge")
    assert place.told() == [B, C]
    [story] = place.store.posts.newest(None, 9)
    assert story.id in ("tag:b.example,2026:1", "tag:c.example,2026:1")
    place.poll(A, bridge(date=LATE))
    assert place.told() == [B, C]
    place.take_down("https://c.example/1")
    place.take_down("https://b.example/1")
    assert place.told() == []
    for url, name in ((A, "a"), (B, "b"), (C, "c")):
        place.poll(url, bridge(guid=f"tag:{name}.example,2026:9", link=f"https://{name}.example/9"))
    assert place.told() == []


def test_what_is_no_copy(place):
    """Another post of the same source, and of others, comes as ever."""
    place.poll(A, bridge())
    place.take_down("https://a.example/bridge")
    place.poll(A, item("1", text=OTHER))
    place.poll(B, item("2", text=TEXT.replace("seven", "nine").replace("Hammerton", "Upton")))
    assert len(place.store.posts.newest(None, 9)) == 2


def test_all_of_a_source(place):
    """Its posts and what it sends later; the copies that others have, and will have, are theirs."""
    place.poll(A, bridge(), item("other"))
    place.poll(B, bridge(guid="tag:b.example,2026:1"))
    given = {"new_id": takedown.new_id(place.config, place.now), "page": takedown.page, "reason": "made"}
    place.store.takedowns.take_down_source(A, place.now, **given)
    assert place.told() == [B]
    place.poll(A, bridge(), item("more"))
    place.poll(C, bridge(guid="tag:a.example,2026:bridge"), item("more", link="https://a.example/more"))
    assert place.told() == [B, C]
    shown = {story.id: [m.source for m in story.members] for story in place.store.posts.newest(None, 9)}
    assert not any(A in sources for sources in shown.values())
    assert not {"tag:a.example,2026:bridge", "tag:a.example,2026:more"} & shown.keys()
    assert sorted(map(len, shown.values())) == [1, 2]
