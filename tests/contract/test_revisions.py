"""`ports.Revisions`: what an edit outdates, what a revision writes, and what retention leaves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import (
    Category,
    Changed,
    Duplicate,
    Label,
    Lookup,
    New,
    NewCategory,
    Output,
    Rejected,
    Revision,
    Unchanged,
)
from tests.contract.made import HOUR, NOW, A, B, C, post, source

DAY = timedelta(days=1)
OTHER = {"definition": "e"}


def outdated(world, limit=100):
    """The names of the posts that are outdated, in order."""
    return [post.guid for batch in world.store.revisions.outdated(limit) for post in batch.posts]


def revise(world, *posts, of=None, categories=(), now=NOW):
    """Write these posts as what the source's definition makes of them."""
    return world.store.revisions.revise([Revision(of or source(**OTHER), posts, categories)], now)


def test_what_was_polled_is_up_to_date(world):
    """A commit remembers the definition, of dropped posts too."""
    world.sync(source(A))
    world.poll(A, New(post("one")), Rejected(post("two", dropped="rules.0"), "rules.0"))
    assert outdated(world) == []
    world.sync(source(A), source(B), now=NOW + HOUR)
    assert outdated(world) == []


def test_an_edit_outdates(world):
    """Every post of the source, dropped ones too, whole, until it is revised; a poll's write counts, too."""
    world.sync(source(A), source(B))
    one, two, three = post("one", minutes=3), post("two", minutes=2, dropped="x"), post("three", minutes=1)
    world.poll(A, New(one), Rejected(two, "x"), New(three))
    world.poll(B, New(post("other", B)))
    world.sync(source(A, **OTHER), source(B), now=NOW + HOUR)
    (batch,) = world.store.revisions.outdated(100)
    assert batch.source == source(A, **OTHER)
    assert {p.id: p for p in batch.posts} == {p.id: p for p in (one, two, three)}
    assert outdated(world, 1) == ["one"]
    world.restart()
    world.sync(source(A, **OTHER), source(B), now=NOW + HOUR)
    assert revise(world, one, two) == 2
    assert outdated(world) == ["three"]
    world.poll(A, Changed(replace(three, title="New")), now=NOW + HOUR)
    assert outdated(world) == []


def test_what_readers_see_comes_first(world):
    """Posts in subscription documents, also old ones of quiet categories; then the newest."""
    world.sync(
        source(A), categories=(Category("news", "News", entries=1), Category("world", "World", entries=1))
    )
    world.poll(
        A,
        *(New(post(f"n{n}", minutes=n)) for n in range(60)),
        New(post("quiet", minutes=-900, categories=("world",))),
    )
    world.sync(
        source(A, **OTHER),
        categories=(Category("news", "News", entries=1), Category("world", "World", entries=1)),
        output=Output(entries=2),
        now=NOW + HOUR,
    )
    assert outdated(world, 5) == ["n59", "n58", "quiet", "n57", "n56"]


def test_batches(world):
    """Each asks again: what is revised does not come back, what is not does."""
    world.sync(source(A))
    every = [post(f"n{n}", minutes=-n) for n in range(7)]
    world.poll(A, *map(New, every))
    world.sync(source(A, **OTHER), now=NOW + HOUR)
    came = []
    while batches := world.store.revisions.outdated(3):
        (batch,) = batches
        came.append([p.guid for p in batch.posts])
        assert revise(world, *batch.posts) == len(batch.posts)
    assert came == [["n0", "n1", "n2"], ["n3", "n4", "n5"], ["n6"]]


def test_a_revision_is_written(world):
    """Labels, categories, tags, language and republish; what its source said stays, whatever comes."""
    world.sync(source(A))
    one = post("one", content="<p>x</p>")
    world.poll(A, New(one))
    world.dirty()
    world.sync(source(A, **OTHER), now=NOW + HOUR)
    world.dirty()
    moved = replace(
        one,
        labels=(Label("Neues", True, "neues"),),
        categories=("neues", "world"),
        tags=("a", "b"),
        language="de",
        republish="excerpt",
        label_digest="l",
    )
    made = NewCategory("neues", "Neues", "neues", A)
    assert revise(world, replace(moved, title="Never", content="", slug="no"), categories=(made,)) == 1
    (story,) = world.store.posts.newest("neues", 9)
    assert story.members == (moved,)
    assert world.shown("news") == []
    assert world.shown("world") == world.shown() == [(one.id, ["one"])]
    assert set(world.dirty()) == {"news", "world", "neues", None}
    asked = Lookup(A, labels=frozenset({"neues"}), slugs=frozenset({"neues"}))
    known, other = world.store.revisions.known([asked, Lookup(B, slugs=frozenset({"world"}))])
    assert (known.labels, known.templated, other.templated) == ({"neues": "neues"}, 1, 0)
    assert "neues" in known.slugs - known.configured
    assert "world" in other.slugs & other.configured
    [nothing] = world.store.revisions.known([Lookup(A)])
    assert (nothing.labels, nothing.slugs) == ({}, frozenset())
    assert "news" in {c.slug for c in world.store.posts.categories()}


def test_two_want_one_slug_at_once(world):
    """Of two sources in one batch the second, whose value is another, is looked at again."""
    world.sync(source(A), source(B))
    one, two = post("one"), post("two", B)
    world.poll(A, New(one))
    world.poll(B, New(two))
    world.sync(source(A, **OTHER), source(B, **OTHER), now=NOW + HOUR)
    revisions = [
        Revision(
            source(of, **OTHER), (replace(each, categories=("x",)),), (NewCategory("x", title, title, of),)
        )
        for of, each, title in ((A, one, "x"), (B, two, "another x"))
    ]
    assert world.store.revisions.revise(revisions, NOW + HOUR) == 1
    assert world.shown("x") == [(one.id, ["one"])]
    assert outdated(world) == ["two"]


def test_what_is_of_another_source_meanwhile_is_not_written(world):
    """Two feeds have moved on: a post is at the URL of the other one, whose definition is not its own."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one")))
    world.poll(B, New(post("two", B)))
    world.sync(source(A, **OTHER), source(B, **OTHER), now=NOW + HOUR)
    batch = world.store.revisions.outdated(9)
    world.sync(source(B, was=A, **OTHER), source(C, was=B, **OTHER), now=NOW + HOUR)
    assert world.store.revisions.revise([Revision(each.source, each.posts) for each in batch], NOW) == 0
    assert set(outdated(world)) == {"one", "two"}


def test_dropped_and_back(world):
    """A post that a rule drops is hidden, and returns under its id, in its story."""
    world.sync(source(A), source(B))
    one, copy = post("one"), post("copy", B, minutes=5)
    world.poll(A, New(one))
    world.poll(B, Duplicate(copy, one.id))
    world.sync(source(A, **OTHER), source(B), now=NOW + HOUR)
    world.dirty()
    revise(world, replace(one, dropped="rules.0", categories=()))
    assert world.shown() == [(one.id, ["copy"])]
    assert set(world.dirty()) == {"news", None}
    world.sync(source(A), source(B), now=NOW + HOUR)
    ((batch),) = world.store.revisions.outdated(9)
    assert [p.dropped for p in batch.posts] == ["rules.0"]
    revise(world, one, of=source(A))
    assert world.shown() == [(one.id, ["one", "copy"])]


@pytest.mark.parametrize("meanwhile", ["edited", "polled", "removed", "category"])
def test_what_is_too_late_is_not_written(world, meanwhile):
    """The source was edited again, or polled, or is gone; or a slug that was free is not any more."""
    world.sync(source(A))
    one = post("one")
    world.poll(A, New(one))
    world.sync(source(A, **OTHER), now=NOW + HOUR)
    (batch,) = world.store.revisions.outdated(9)
    made = NewCategory("x", "X", "x", A)
    match meanwhile:
        case "edited":
            world.sync(source(A, definition="f"), now=NOW + HOUR)
        case "polled":
            world.poll(A, Changed(replace(one, title="New")), now=NOW + HOUR)
        case "removed":
            world.sync(source(B), now=NOW + HOUR)
        case "category":
            assert revise(world, categories=(made,)) == 0
            world.sync(source(A, **OTHER), categories=("news", "x"), now=NOW + HOUR)
            made = replace(made, title="Another", folded="another")
    moved = replace(batch.posts[0], categories=("x",))
    assert revise(world, moved, of=batch.source, categories=(made,)) == 0
    assert world.shown("x") == []
    assert outdated(world) == (["one"] if meanwhile in ("edited", "category") else [])


def test_a_removed_source_returns_edited(world):
    """While it is out nothing is revised; when it is back, under another definition, it is."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    world.sync(source(B), now=NOW + HOUR)
    assert outdated(world) == []
    world.sync(source(A, **OTHER), source(B), now=NOW + HOUR)
    assert outdated(world) == ["one"]


def aged(name, days, minutes=0, url=A, **said):
    return post(name, url, minutes=minutes, first_seen=NOW - days * DAY, content="<p>x</p>", **said)


def test_retention(world):
    """What is older than allowed and in no document loses its content, and is known for ever."""
    world.sync(source(A), output=Output(entries=1), categories=(Category("news", "News", entries=2),))
    old = [aged(f"n{n}", 400, minutes=-n) for n in range(5)]
    world.poll(
        A, *map(New, old), New(aged("young", 3, minutes=-99)), Rejected(aged("drop", 400, dropped="r"), "r")
    )
    world.dirty()
    assert world.store.revisions.purge(NOW - 365 * DAY, 9, 0) == 4  # three of them, and the dropped one
    assert world.shown() == [(p.id, [p.guid]) for p in (old[0], old[1])] + [
        ("tag:example,2026:young", ["young"])
    ]
    assert world.store.revisions.purge(NOW - 365 * DAY, 9, 0) == 0
    known = world.store.polls.known(Lookup(A, keys=frozenset(old[4].keys), ids=frozenset({old[4].id})))
    assert known.ids == {old[4].id}
    assert {k.digest for found in known.by_key.values() for k in found} == {old[4].digest}
    world.sync(source(A, **OTHER), output=Output(entries=1), now=NOW + HOUR)
    assert set(outdated(world)) == {"n0", "n1", "young"}


def test_retention_goes_on_in_batches(world):
    """At most so many at once; the oldest first."""
    world.sync(source(A), output=Output(entries=1), categories=(Category("news", "News", entries=1),))
    world.poll(A, *(New(aged(f"n{n}", 500 + n, minutes=-n)) for n in range(6)))
    purge = world.store.revisions.purge
    assert [purge(NOW - 365 * DAY, 2, 0), len(world.shown())] == [2, 4]
    assert [purge(NOW - 365 * DAY, 2, 3) for _ in range(2)] == [1, 0]
    assert [guids for _, guids in world.shown()] == [["n0"], ["n1"], ["n2"]]


def test_a_purged_post_does_not_return(world):
    """Whether it comes again as it was, or edited, or its source comes back."""
    world.sync(source(A), output=Output(entries=1), categories=(Category("news", "News", entries=1),))
    one, two = aged("one", 400, minutes=-1), aged("two", 1)
    world.poll(A, New(one), New(two))
    world.store.revisions.purge(NOW - 365 * DAY, 9, 0)
    world.poll(A, Unchanged(one.id), Changed(replace(one, title="New", digest="e")), now=NOW + HOUR)
    assert world.shown() == [(two.id, ["two"])]
    world.sync(source(B), now=NOW + HOUR)
    world.sync(source(A), source(B), now=NOW + HOUR)
    assert world.shown() == [(two.id, ["two"])]


def test_a_story_is_due_when_the_last_of_its_members_is(world):
    """A young copy keeps the old ones; then all of them go."""
    world.sync(source(A), source(B), output=Output(entries=1), categories=(Category("news", "N", entries=1),))
    one, new = aged("one", 400, minutes=-5), aged("new", 1)
    world.poll(A, New(one), New(new))
    world.poll(B, Duplicate(aged("copy", 300, url=B), one.id))
    assert world.store.revisions.purge(NOW - 365 * DAY, 9, 0) == 0
    assert world.store.revisions.purge(NOW - 200 * DAY, 9, 0) == 2
    assert world.shown() == [(new.id, ["new"])]
