"""`ports.PostReader.newest` with `per_source`: no source takes more places than it may."""

from datetime import timedelta

from aggregator.model import Category, Duplicate, New, Output
from aggregator.store import places
from tests.contract.made import HOUR, NOW, A, B, post, source


def ids(world, scope, limit, per_source):
    found = world.store.posts.newest(scope, limit, per_source=per_source)
    return [story.members[0].guid for story in found]


def test_places_go_to_the_others_next_posts(world):
    """In each scope by itself; without a cap the newest come, whoever tells them."""
    world.sync(source(A), source(B))
    world.poll(A, *(New(post(f"a{n}", minutes=50 - n)) for n in range(5)))
    world.poll(B, *(New(post(f"b{n}", B, minutes=10 - n, categories=("world",))) for n in range(3)))
    assert ids(world, None, 4, 0) == ["a0", "a1", "a2", "a3"]
    assert ids(world, None, 4, 2) == ["a0", "a1", "b0", "b1"]
    assert ids(world, None, 2, 2) == ["a0", "a1"]
    assert ids(world, None, 9, 1) == ["a0", "b0"]
    assert ids(world, "news", 4, 2) == ["a0", "a1"]
    assert ids(world, "world", 4, 2) == ["b0", "b1"]


def test_who_leads_is_counted(world):
    """A story counts for the source that speaks for it, and for that of a later leader once it does."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one", minutes=5, standing=1)), New(post("two", minutes=4)))
    joins = Duplicate(post("copy", B, minutes=9), post("one").id)
    world.poll(B, joins, New(post("three", B, minutes=3)))
    assert ids(world, None, 9, 1) == ["one", "two"]
    world.sync(source(B), now=NOW + HOUR)
    assert ids(world, None, 9, 1) == ["copy"]


def test_tellings_are_counted_by_their_own_leaders(world):
    """Where near duplicates are kept, each for the source that leads it."""
    world.sync(source(A), source(B), categories=(Category("news", "N", near_duplicates="keep"),))
    world.poll(A, New(post("one", minutes=1)))
    joins = Duplicate(post("other", B, minutes=3), post("one").id, "alike")
    world.poll(B, joins, New(post("more", B, minutes=2)))
    assert ids(world, "news", 9, 0) == ["other", "more", "one"]
    assert ids(world, "news", 9, 1) == ["other", "one"]


def test_the_walk_ends(world, monkeypatch):
    """A source of which nothing more may come is not walked over without end."""
    monkeypatch.setattr(places, "WALKED", 4)
    monkeypatch.setattr("tests.fakes.WALKED", 4)
    world.sync(source(A), source(B))
    world.poll(A, *(New(post(f"a{n}", minutes=50 - n)) for n in range(4)))
    world.poll(B, New(post("b", B)))
    assert ids(world, None, 2, 1) == ["a0"]
    assert ids(world, None, 5, 0) == ["a0", "a1", "a2", "a3", "b"]


def test_what_a_cap_lets_in_is_kept(world):
    """Retention looks at what documents show; posts that an edit outdates come first where they do."""
    output = Output(entries=2, per_source=1)
    given = {"categories": (Category("news", "N", entries=2),), "output": output}
    world.sync(source(A), source(B), **given)
    world.poll(A, *(New(post(f"a{n}", minutes=50 - n)) for n in range(3)))
    world.poll(B, New(post("b", B)))
    world.sync(source(A, definition="e"), source(B, definition="e"), **given, now=NOW + HOUR)
    plan = [p.guid for batch in world.store.revisions.outdated(2) for p in batch.posts]
    assert sorted(plan) == ["a0", "b"]
    assert world.store.revisions.purge(NOW + timedelta(days=1), 9, 0) == 2
    assert sorted(guid for _, guids in world.shown("news") for guid in guids) == ["a0", "b"]
