"""`ports.PostFinder`: whatever somebody knows of a post leads to its whole story."""

from dataclasses import replace

import pytest

from aggregator.model import Category, Duplicate, New, Output, Place, PostFile, Rejected, Sought
from tests.contract.made import HOUR, NOW, A, B, C, post, source

LIMIT = 20


def find(world, name="", limit=LIMIT, **said):
    return world.store.finder.find(Sought(name, **said), limit)


def ids(found):
    return [(story.id, [member.post.id for member in story.members]) for story in found]


@pytest.fixture
def story(world):
    """Told by A, copied by B, dropped in C."""
    world.sync(source(A), source(B), source(C))
    first = post("one", A, link="https://example.org/one", guid="same")
    copy = post("copy", B, guid="same", keys=("i1:same", "u1:example.org/one"))
    third = post("third", C, dropped="rules.0", categories=())
    world.poll(A, New(first))
    world.poll(B, Duplicate(copy, first.id))
    world.poll(C, Rejected(third, "rules.0", first.id))
    return first, copy, third


@pytest.mark.parametrize(
    "sought",
    [
        {"name": "tag:example,2026:one"},  # of the story
        {"name": "tag:example,2026:copy"},  # of a member
        {"name": "tag:example,2026:third"},  # of one that is shown nowhere
        {"keys": frozenset({"i1:same"})},
        {"keys": frozenset({"u1:example.org/one", "u1:example.org/nothing"})},
        {"texts": frozenset({"same"})},  # a guid
        {"texts": frozenset({"https://example.org/one"})},
    ],
    ids=["story", "member", "hidden", "key", "keys", "guid", "link"],
)
def test_what_leads_to_a_story(world, story, sought):
    """An id, a key, or the very text of a guid or link: all members come, shown or not."""
    [found] = find(world, **sought)
    assert ids([found]) == [(story[0].id, [one.id for one in story])]
    assert [member.post for member in found.members] == list(story)
    assert [member.definition for member in found.members] == ["d", "d", "d"]


def test_nothing(world, story):
    """What is not there is not found, and an empty guid or link is not what somebody means."""
    world.poll(A, New(replace(post("bare"), guid="", link="")), now=NOW + HOUR)
    assert find(world, "tag:example,2026:nothing", keys=frozenset({"u1:x"}), texts=frozenset({"x"})) == []


def test_texts_are_the_last_resort(world, story):
    """Where an id or key leads to a post, no other is shown for its guid."""
    world.poll(A, New(post("other", guid="tag:example,2026:one")), now=NOW + HOUR)
    found = find(world, "tag:example,2026:one", texts=frozenset({"tag:example,2026:one"}))
    assert [one.id for one in found] == ["tag:example,2026:one"]


def test_the_newest_of_many(world):
    """A link of many posts: the newest come first, then by id, and not more than wanted."""
    world.sync(source(A))
    names = {"a": 5, "b": 9, "c": 9, "d": 1}
    world.poll(A, *(New(post(name, minutes=at, keys=(f"g1:{name}", "u1:x"))) for name, at in names.items()))
    found = find(world, limit=3, keys=frozenset({"u1:x"}))
    assert [story.id[-1] for story in found] == ["b", "c", "a"]


def test_places(world):
    """Every scope that it is in, with its number there; what is still to be rendered is said."""
    world.sync(source(A))
    new = post("new", minutes=9, categories=("news", "world"))
    world.poll(A, New(post("old")), New(new), New(post("newest", minutes=10)))
    [found] = find(world, new.id)
    at = {"shown": new.id, "published": new.published}
    assert found.places == (
        Place("news", number=2, of=3, waits=True, **at),
        Place("world", number=1, of=1, waits=True, **at),
        Place(None, number=2, of=3, waits=True, **at),
    )
    world.dirty()
    [found] = find(world, new.id)
    assert [place.waits for place in found.places] == [False, False, False]


def test_places_of_one_date(world):
    """Posts of one moment stand in the order of their ids, as documents have them."""
    world.sync(source(A))
    world.poll(A, *(New(post(name)) for name in "bca"))
    numbers = {name: find(world, f"tag:example,2026:{name}")[0].places[-1].number for name in "abc"}
    assert numbers == {"a": 1, "b": 2, "c": 3}


def test_jekyll_file(world, tmp_path):
    """The name of its file, while that is there."""
    world.sync(source(A))
    one = post("one")
    world.poll(A, New(one))
    assert find(world, one.id)[0].files == ()
    world.store.jekyll.put([PostFile(one.id, 1, "one.md", b"One")], str(tmp_path / "site"))
    assert find(world, one.id)[0].files == ("one.md",)
    world.store.jekyll.put([PostFile(one.id, 1)], str(tmp_path / "site"))
    assert find(world, one.id)[0].files == ()


def test_how_they_joined(world):
    """By which key, or how similar, and as whose copy; where near duplicates are kept, each has its place."""
    keeping = Category("news", "News", near_duplicates="keep"), Category("world", "World")
    world.sync(source(A), source(B), source(C), categories=keeping)
    both = ("news", "world")
    first = post("one", A, categories=both)
    other, copy = (post(name, url, minutes=9, categories=both) for name, url in (("other", B), ("copy", C)))
    world.poll(A, New(first))
    world.poll(B, Duplicate(other, first.id, "alike", similarity=0.75))
    world.poll(C, Duplicate(copy, first.id, "id", other.id))
    [found] = find(world, copy.id)
    assert [(m.joined, m.similarity, m.telling) for m in found.members] == [
        (None, 1.0, None),
        ("alike", 0.75, other.id),
        ("id", 1.0, other.id),
    ]
    assert [(place.scope, place.shown, place.number, place.of) for place in found.places] == [
        ("news", other.id, 1, 2),
        ("news", first.id, 2, 2),
        ("world", first.id, 1, 1),
        (None, first.id, 1, 1),
    ]


def test_what_keeps_a_post_out(world):
    """Held back from some scopes, or out with its source: said of the post, and it has no place there."""
    config = world.sync(source(A))
    held = post("held", categories=("news", "world"))
    world.poll(A, New(held), held=frozenset({(held.id, None), (held.id, "news")}))
    [found] = find(world, held.id)
    assert found.members[0].held == {None, "news"}
    assert [place.scope for place in found.places] == ["world"]
    world.store.polls.sync(replace(config, sources=()), NOW)
    [found] = find(world, held.id)
    assert (found.members[0].active, found.places) == (False, ())


def test_purged(world):
    """Retention has taken its content: it is still found, and said to be without."""
    world.sync(source(A), categories=(Category("news", "News", entries=1),), output=Output(entries=1))
    old = post("old", first_seen=NOW - 400 * 24 * HOUR, content="<p>Old</p>")
    world.poll(A, New(old), New(post("newer", minutes=1)))
    assert world.store.revisions.purge(NOW - 365 * 24 * HOUR, 10, 1) == 1
    [found] = find(world, old.id)
    assert (found.members[0].purged, found.members[0].post.content, found.places) == (True, "", ())


def test_of_a_source(world, story):
    """Its newest posts, shown or not, and no others."""
    world.poll(A, New(post("late", minutes=9)), New(post("early", minutes=-9)), now=NOW + HOUR)
    found = world.store.finder.of_source(A, 2)
    assert [stored.post.guid for stored in found] == ["late", "same"]
    assert [stored.post.dropped for stored in world.store.finder.of_source(C, 2)] == ["rules.0"]
    assert world.store.finder.of_source("https://nobody.example/", 2) == []
