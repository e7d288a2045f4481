"""Stories told in other words: where they are shown once, where each telling is, and what moves them."""

from dataclasses import replace

import pytest

from aggregator.model import (
    Category,
    Changed,
    Committed,
    Duplicate,
    Lookup,
    New,
    Output,
    Parting,
    Rejected,
)
from tests.contract.made import HOUR, NOW, A, B, C, outcome, post, source

MERGES, KEEPS = Category("news", "News"), Category("world", "World", near_duplicates="keep")
BOTH = ("news", "world")
D = "https://d.example/feed"

first = post("first", minutes=1, categories=BOTH)
copy = post("copy", B, minutes=2, categories=BOTH)
other = post("other", C, minutes=5, categories=BOTH)
again = post("again", D, minutes=3, categories=BOTH)


@pytest.fixture
def told(world):
    """A story of four: a copy of the first by its link, and another telling with a copy of its own."""
    world.sync(source(A), source(B), source(C), source(D), categories=(MERGES, KEEPS))
    world.poll(A, New(first))
    world.poll(B, Duplicate(copy, first.id, telling=first.id))
    world.poll(C, Duplicate(other, first.id, "alike", similarity=0.8))
    world.poll(D, Duplicate(again, first.id, "id", telling=other.id))
    return world


def kept(world, sources=(A, B, C, D), *, merges="news", keeps="world", now=NOW, entries=50, **said):
    """The configuration again, with other categories that keep or merge."""
    wanted = [Category(slug, slug.title(), entries=entries) for slug in merges.split()]
    wanted += [
        Category(slug, slug.title(), entries=entries, near_duplicates="keep") for slug in keeps.split()
    ]
    return world.sync(*map(source, sources), categories=tuple(wanted), now=now, **said)


def test_a_story_is_shown_once_or_each_telling_by_itself(told):
    """As the category says; everywhere else once. Copies of a telling stay with it."""
    whole = (first.id, ["first", "copy", "other", "again"])
    assert told.shown("news") == told.shown() == [whole]
    assert told.shown("world") == [(other.id, ["other", "again"]), (first.id, ["first", "copy"])]


def test_each_telling_is_dated_and_led_by_its_own(told):
    """A hidden leader leaves it to its copy, under the id that it has."""
    told.poll(A, Rejected(replace(first, dropped="x"), "x", first.id, again=True), now=NOW + HOUR)
    told.poll(C, Rejected(replace(other, dropped="x"), "x", first.id, again=True), now=NOW + HOUR)
    assert told.shown("world") == [(other.id, ["again"]), (first.id, ["copy"])]
    assert told.shown("news") == [(first.id, ["copy", "again"])]
    told.poll(B, Rejected(replace(copy, dropped="x"), "x", first.id, again=True), now=NOW + HOUR)
    assert told.shown("world") == [(other.id, ["again"])]
    assert told.shown("news") == [(first.id, ["again"])]


def test_a_telling_is_in_the_categories_of_its_own_members(told):
    """A copy that is nowhere comes along; another telling does not."""
    told.poll(C, Changed(replace(other, categories=("news",))), now=NOW + HOUR)
    assert told.shown("world") == [(other.id, ["other", "again"]), (first.id, ["first", "copy"])]
    told.poll(D, Changed(replace(again, categories=("news",))), now=NOW + HOUR)
    assert told.shown("world") == [(first.id, ["first", "copy"])]


def test_what_is_held_back_holds_its_telling_back(world):
    """The backlog of a source counts for the telling that it brings, and for no other."""
    world.sync(source(A), source(C), categories=(MERGES, KEEPS))
    world.poll(A, New(first))
    held = frozenset({(other.id, "world"), (other.id, "news")})
    world.poll(C, Duplicate(other, first.id, "alike"), held=held)
    assert world.shown("world") == [(first.id, ["first"])]
    assert world.shown("news") == [(first.id, ["first", "other"])]


def test_an_edit_of_a_category_shows_its_stories_otherwise(told):
    """Both ways, and when it leaves the file; its documents wait, and no other category's differ."""
    apart = [(other.id, ["other", "again"]), (first.id, ["first", "copy"])]
    whole = [(first.id, ["first", "copy", "other", "again"])]
    told.dirty()
    kept(told, merges="world", keeps="news")
    assert (told.shown("news"), told.shown("world")) == (apart, whole)
    assert told.dirty() == ["news", "world", None]
    kept(told, merges="", keeps="news world")
    assert (told.shown("news"), told.shown("world")) == (apart, apart)
    assert told.dirty() == ["news", "world", None]
    told.restart()
    kept(told, merges="", keeps="news world")
    assert told.dirty() == []
    kept(told, merges="", keeps="news")
    assert (told.shown("news"), told.shown("world")) == (apart, whole)


def test_only_stories_of_several_tellings_are_shown_otherwise(told):
    """The others stay as they are, and so do their Jekyll files."""
    plain = post("plain", categories=BOTH)
    told.poll(A, New(plain), now=NOW + HOUR)
    before = {waiting.story: waiting.mark for waiting in told.store.jekyll.changed(9, "")}
    kept(told, merges="", keeps="news world", now=NOW + HOUR)
    assert told.shown("world", 1) == [(other.id, ["other", "again"])]
    assert (plain.id, ["plain"]) in told.shown("news")
    after = {waiting.story: waiting.mark for waiting in told.store.jekyll.changed(9, "")}
    assert after[first.id] > before[first.id]


def test_a_jekyll_file_is_of_the_whole_story(told):
    """Whatever categories keep apart, a story has one file."""
    (waiting,) = told.store.jekyll.changed(9, "")
    assert [member.guid for member in waiting.told.members] == ["first", "copy", "other", "again"]


def test_known_posts_say_whose_words_they_have(told):
    """So that a copy of a copy joins the right telling."""
    lookup = Lookup("x", frozenset(p.keys[0] for p in (first, copy, other, again)))
    by_key = told.store.polls.known(lookup).by_key
    telling = {known.guid: known.telling for some in by_key.values() for known in some}
    assert telling == {"first": None, "copy": first.id, "other": None, "again": other.id}


def test_a_copy_that_names_no_telling_is_one_of_the_founder(world):
    """By link or id; and a telling of a telling is that telling."""
    world.sync(source(A), source(B), source(C), source(D), categories=(KEEPS,))
    world.poll(A, New(first))
    world.poll(B, Duplicate(copy, first.id))
    world.poll(C, Duplicate(other, first.id, "alike"))
    world.poll(D, Duplicate(again, first.id, telling=copy.id))
    assert world.shown("world") == [(other.id, ["other"]), (first.id, ["first", "copy", "again"])]


def test_a_telling_that_is_nowhere_makes_stale(told):
    """As a story that is not there does."""
    lone = post("lone", categories=BOTH)
    lease = told.lease(NOW + HOUR)[A]
    made = outcome(lease, Duplicate(lone, first.id, telling="tag:nowhere"), at=NOW + HOUR)
    assert not isinstance(told.store.polls.commit([made], NOW + HOUR)[0], Committed)
    assert "lone" not in str(told.shown())


def test_who_parts_leaves_as_one_telling(told):
    """Named after the first of them; who stays in the same words stands for those."""
    story, of_other = first.id, post("more", A, minutes=7, categories=BOTH)
    told.poll(A, Duplicate(of_other, story, telling=other.id), now=NOW + HOUR)
    told.poll(C, now=NOW + HOUR, partings=(Parting(story, (other.id, copy.id)),))
    assert told.shown("world") == [
        (again.id, ["again", "more"]),
        (other.id, ["copy", "other"]),
        (first.id, ["first"]),
    ]
    assert told.shown("news") == [(other.id, ["copy", "other"]), (first.id, ["first", "again", "more"])]


def test_who_copies_what_has_just_parted_is_one_telling_with_it(told):
    """Also where that telling was named before it parted."""
    copied = post("copied", A, minutes=9, categories=BOTH)
    joins = Duplicate(copied, again.id, telling=other.id)
    told.poll(A, joins, now=NOW + HOUR, partings=(Parting(first.id, (again.id,)),))
    assert told.shown("world") == [
        (other.id, ["other"]),
        (again.id, ["again", "copied"]),
        (first.id, ["first", "copy"]),
    ]


def test_a_removed_source_takes_its_tellings_along(told):
    """And brings them back."""
    kept(told, (A, B))
    assert told.shown("world") == [(first.id, ["first", "copy"])]
    kept(told, (A, B, C))
    assert told.shown("world") == [(other.id, ["other"]), (first.id, ["first", "copy"])]


def test_retention_keeps_whole_stories(told):
    """Of which one telling is in a document; what loses its content is shown nowhere."""
    for n in range(2):
        younger = post(f"n{n}", minutes=60 + n, categories=("news",))
        told.poll(A, New(younger), now=NOW + (n + 1) * HOUR)
    kept(told, merges="", keeps="news world", entries=1, output=Output(entries=1))
    assert told.store.revisions.purge(NOW + HOUR, 99, 0) == 1
    assert told.shown("world", 1) == [(other.id, ["other", "again"])]
    told.poll(A, New(post("newest", minutes=99, categories=("world",))), now=NOW + 4 * HOUR)
    assert told.store.revisions.purge(NOW + HOUR, 99, 0) == 4
    assert told.shown("world") == [(post("newest").id, ["newest"])]
