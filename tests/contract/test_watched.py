"""`ports.SourceReader` and `PostFinder`: what operators see of sources over time, and of merged stories."""

from datetime import date, timedelta

from aggregator.model import (
    Category,
    Duplicate,
    Event,
    Exchange,
    Memory,
    Merged,
    New,
    Output,
    PostsOfDay,
    Rejected,
    SourceInfo,
    replace,
)
from tests.contract.made import HOUR, NOW, SECOND, A, B, post, source


def exchange(at, said="3 new", **more):
    return Exchange(at, 200, 1234, SECOND / 4, said, **more)


def event(name, url=A, kind="broke"):
    return Event(name, url, kind, NOW, "status 500", "in words")


def test_the_last_twenty_exchanges_of_each_source(world):
    """Newest first; every further one takes the place of the oldest of its own source."""
    world.sync(source(A), source(B))
    moments = [NOW + n * 2 * HOUR for n in range(23)]
    for at in moments:
        world.poll(A, now=at, exchange=exchange(at))
    other = Exchange(moments[-1], None, 0, 3 * SECOND, "no such name", failed=True)
    world.poll(B, now=moments[-1], exchange=other)
    world.restart()
    assert world.store.sources.exchanges(A) == [exchange(at) for at in reversed(moments[3:])]
    assert world.store.sources.exchanges(B) == [other]
    assert world.store.sources.exchanges("https://elsewhere.example/") == []


def test_what_sources_say_of_themselves_is_read_again_where_it_changed(world):
    """Title and home alone; the very mapping of before where nothing in it is new, else one more."""
    world.sync(source(A), source(B))
    assert world.store.sources.infos() == {}
    said = SourceInfo("urn:a", "Title", "https://a.example/", updated=NOW)
    world.poll(A, memory=Memory(info=said))
    first = world.store.sources.infos()
    assert first == {A: SourceInfo("", "Title", "https://a.example/")}
    world.poll(B, now=NOW + 2 * HOUR)
    world.poll(A, now=NOW + 2 * HOUR, memory=Memory(info=replace(said, updated=NOW + HOUR)))
    assert world.store.sources.infos() is first
    world.poll(A, now=NOW + 4 * HOUR, memory=Memory(info=replace(said, title="Other")))
    assert world.store.sources.infos()[A].title == "Other"
    assert first[A].title == "Title"
    world.sync(source(B))
    assert world.store.sources.infos()[A].title == "Other"


def test_events_are_kept_newest_first(world):
    """As many as are asked for, whichever source they are of, also of one that left the file."""
    world.sync(source(A), source(B))
    world.poll(A, events=(event("one"), event("two", kind="moved")))
    world.poll(B, events=(event("three", B),))
    world.sync(source(B))
    assert [one.id for one in world.store.sources.events(9)] == ["three", "two", "one"]
    assert world.store.sources.events(1) == [event("three", B)]


def test_only_the_last_two_hundred_events_are_kept(world):
    """Whatever else happens."""
    world.sync(source(A))
    world.poll(A, events=tuple(event(str(n)) for n in range(150)))
    world.poll(A, now=NOW + 2 * HOUR, events=tuple(event(str(n)) for n in range(150, 300)))
    assert [one.id for one in world.store.sources.events(999)] == [str(n) for n in range(299, 99, -1)]


def test_an_event_asks_for_the_site_to_be_rendered(world):
    """It has a feed of them; a poll without news does not."""
    world.sync(source(A))
    world.dirty()
    world.poll(A)
    assert world.dirty() == []
    world.poll(A, now=NOW + 2 * HOUR, events=(event("one"),))
    assert world.dirty() == [None]


def test_a_source_with_another_url_keeps_what_happened(world):
    """Exchanges and events go along."""
    world.sync(source(A))
    world.poll(A, exchange=exchange(NOW), events=(event("one"),))
    world.sync(source(B, was=A))
    assert world.store.sources.exchanges(B) == [exchange(NOW)]
    assert world.store.sources.events(9) == [event("one", B)]


def test_posts_by_day(world):
    """By the date that they carry, in UTC; hidden ones too, those before the first day not."""
    world.sync(source(A), source(B))
    days = [New(post(f"{n}", minutes=-n * 24 * 60)) for n in (0, 0.1, 1, 5)]
    world.poll(A, *days, Rejected(post("dropped", dropped="a rule"), "a rule"))
    world.poll(B, New(post("b", B)))
    wanted = [
        PostsOfDay(A, date(2026, 11, 22), 1),
        PostsOfDay(A, date(2026, 11, 23), 3),
        PostsOfDay(B, date(2026, 11, 23), 1),
    ]
    for definition in ("d", "c", "e"):  # also while an edit has not reached them
        world.sync(source(A, definition=definition), source(B))
        found = world.store.sources.days(date(2026, 11, 22), {A, B})
        assert sorted(found, key=lambda one: (one.source, one.day)) == wanted
        assert world.store.sources.days(date(2026, 11, 22), [B]) == wanted[2:]
    assert world.store.sources.days(date(2026, 11, 22), []) == []


def test_one_source_by_itself(world):
    """The same as among all, removed ones too; None where there is no such."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one")), Rejected(post("two", dropped="a rule"), "a rule"))
    world.poll(B, New(post("b", B)))
    world.sync(source(A))
    every = world.store.sources.sources()
    assert {*world.store.sources.urls()} == {A, B}
    assert [world.store.sources.source(one.url) for one in every] == every
    assert (every[0].posts, every[0].dropped) == (1, 1)
    assert world.store.sources.source("https://elsewhere.example/") is None


def test_merged_stories_come_with_why(world):
    """The last to come first; what is hidden for any reason is not among them."""
    one = Category("news", "News", entries=1)
    world.sync(source(A), source(B), output=Output(entries=1), categories=[one])
    world.poll(A, New(post("one")), New(post("two", minutes=5)))
    alike = Duplicate(post("alike", B), post("one").id, "alike", similarity=0.875)
    hidden = Rejected(post("hidden", B, dropped="a rule"), "a rule", story=post("two").id)
    world.poll(B, Duplicate(post("copy", B, 6), post("two").id, "link"), alike, hidden)
    seen = post("alike", B).first_seen
    first, second = world.store.finder.merged(9)
    assert first == Merged(
        *(post("one").id, post("alike").id, "Alike", B, "alike", 0.875, seen, "One", A),
    )
    assert (second.id, second.story, second.joined) == (post("copy").id, post("two").id, "link")
    assert world.store.finder.merged(1) == [first]
    world.store.revisions.purge(NOW + timedelta(days=400), 99, 0)
    assert [one.id for one in world.store.finder.merged(9)] == [post("copy").id]
    world.sync(source(A))
    assert world.store.finder.merged(9) == []
