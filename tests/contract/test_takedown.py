"""`ports.Takedowns`: output ids that end, what stays of their stories, and that nothing brings them back."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.dedupe import shingles
from aggregator.model import (
    Category,
    Changed,
    Committed,
    Duplicate,
    Founder,
    Lookup,
    New,
    Output,
    PostFile,
    Retraction,
    Revision,
    Sought,
    Stale,
    Tombstone,
)
from tests.contract.made import HOUR, NOW, A, B, C, post, source

DAY = timedelta(days=1)
LATER = NOW + HOUR
TEXT = (
    "The ministry of works has said on Monday that the old bridge at Hammerton will be closed until spring."
)


def take(world, *names, whole=False, now=LATER):
    """Take posts down by their names."""
    ids = [name if ":" in name else f"tag:example,2026:{name}" for name in names]
    return world.store.takedowns.take_down(ids, now, **SAID, whole=whole)


SAID = {
    "reason": "made",
    "new_id": lambda url, former: f"{former}/new",
    "page": lambda id, slug, published: f"post/{slug}.html",
}


def tagged(name):
    return f"tag:example,2026:{name}"


@pytest.fixture
def story(world):
    """Founded by A, told by B and C: A speaks for it. Each in a category of its own, too."""
    world.sync(source(A), source(B), source(C), categories=("news", "world", "third"))
    first = post("one", A, standing=0)
    second = post("two", B, standing=1, minutes=2, categories=("news", "world"))
    third = post("three", C, standing=1, minutes=5, categories=("third",))
    world.poll(A, New(first))
    world.poll(B, Duplicate(second, first.id))
    world.poll(C, Duplicate(third, first.id, "alike", similarity=0.8))
    world.dirty()
    return first, second, third


def test_a_post_that_nobody_else_tells(world):
    """It leaves every document, which say so; its page is gone for good, and no post gets its id."""
    world.sync(source(A))
    world.poll(A, New(post("one", categories=("news", "world"))), New(post("two", minutes=1)))
    world.dirty()
    done = take(world, "one")
    assert ([p.id for p in done.posts], done.ended, done.staying) == ([tagged("one")], (tagged("one"),), ())
    assert done.scopes == {"news", "world", None}
    assert world.shown() == [(tagged("two"), ["two"])]
    assert world.shown("world") == []
    assert set(world.dirty()) == {"news", "world", None}
    for scope in ("news", "world", None):
        assert world.store.posts.tombstones(scope) == [Tombstone(tagged("one"), LATER)]
    assert world.store.posts.buried([tagged("one"), tagged("two")]) == {
        tagged("one"): Tombstone(tagged("one"), LATER)
    }
    documents = world.store.documents
    assert (documents.gone("post/one.html"), documents.gone("post/two.html")) == (True, False)


def test_what_nobody_has(world):
    """An id that is not there changes nothing; what went before is said to have."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    assert take(world, "nothing") == take(world) == replace(take(world, "nothing"), before=None)
    take(world, "one")
    world.dirty()
    again = take(world, "one", now=LATER + HOUR)
    assert (again.before, again.posts) == (LATER, ())
    assert world.dirty() == []


def test_the_founder(world, story):
    """Its id ends; who ranks first of the others is shown under its own, with the rest beside it."""
    done = take(world, "one")
    assert world.shown() == [(tagged("two"), ["two", "three"])]
    assert world.shown("third") == [(tagged("two"), ["two", "three"])]
    assert done.ended == (tagged("one"),)
    assert {(one.id, one.story) for one in done.staying} == {
        (tagged("two"), tagged("two")),
        (tagged("three"), tagged("two")),
    }
    assert set(world.dirty()) == {"news", "world", "third", None}
    assert [world.store.posts.tombstones(scope) for scope in ("third", None)] == [
        [Tombstone(tagged("one"), LATER)]
    ] * 2


def test_who_speaks_for_a_story_that_another_founded(world, story):
    """Readers have its words under the founder's id: that ends, and the founder gets a new one."""
    first, second, _ = story
    leads = replace(second, standing=0, published=first.published - HOUR)
    world.poll(B, Changed(leads), now=LATER)
    world.dirty()
    done = take(world, "two", now=LATER + HOUR)
    assert world.shown() == [(f"{first.id}/new", ["one", "three"])]
    assert done.ended == (first.id,)
    assert world.store.posts.tombstones(None) == [Tombstone(first.id, LATER + HOUR)]
    known = world.store.polls.known(Lookup(A, frozenset(first.keys), frozenset({first.id})))
    assert [k.id for k in known.by_key[first.keys[0]]] == [f"{first.id}/new"]
    assert known.ids == {first.id}
    [gone] = [s for s in world.store.finder.find(Sought(first.id), 5) if s.id == first.id]
    assert [(m.post.id, m.ended.at) for m in gone.members] == [(second.id, LATER + HOUR)]
    edited = replace(first, id=f"{first.id}/new", title="Edited")
    world.poll(A, Changed(edited), now=LATER + HOUR)
    assert world.store.posts.newest(None, 5)[0].members[0].title == "Edited"


def test_a_member_that_does_not_speak_for_its_story(world, story):
    """The output id stays, without a tombstone; the member and its categories leave it."""
    done = take(world, "three")
    assert world.shown() == [(tagged("one"), ["one", "two"])]
    assert world.shown("third") == []
    assert done.ended == ()
    assert world.store.posts.tombstones("third") == world.store.posts.tombstones(None) == []
    assert tagged("three") in world.store.posts.buried([tagged("three")])
    assert set(world.dirty()) == {"news", "world", "third", None}


def test_several_at_once(world, story):
    """The founder and a copy of it: the third is shown under its own id."""
    take(world, "one", "two")
    assert world.shown() == [(tagged("three"), ["three"])]
    assert world.shown("world") == []


def test_a_whole_story(world, story):
    """All members go, and what joins it later is shown nowhere."""
    done = take(world, "two", whole=True)
    assert len(done.posts) == 3
    assert world.shown() == []
    late = post("late", C, minutes=9, keys=("g1:late", story[0].keys[1]))
    world.dirty()
    world.poll(C, Duplicate(late, tagged("one")), now=LATER, ended=frozenset({tagged("one")}))
    assert world.shown() == []
    assert world.dirty() == []


def test_tellings(world):
    """Where near duplicates are kept, that which went ends alone; a copy of it stands for its words."""
    keeping = (Category("news", "News", near_duplicates="keep"), "world")
    world.sync(source(A), source(B), source(C), categories=keeping)
    both = ("news", "world")
    first = post("one", A, categories=both)
    other = post("other", B, categories=both, minutes=1)
    copy = post("copy", C, categories=both, minutes=2)
    world.poll(A, New(first))
    world.poll(B, Duplicate(other, first.id, "alike", similarity=0.8))
    world.poll(C, Duplicate(copy, first.id, "link", other.id))
    done = take(world, "other")
    assert world.shown("news") == [(copy.id, ["copy"]), (first.id, ["one"])]
    assert world.shown("world") == [(first.id, ["one", "copy"])]
    assert done.ended == (other.id,)
    assert world.store.posts.tombstones("news") == [Tombstone(other.id, LATER)]
    assert world.store.posts.tombstones("world") == []


def test_who_speaks_for_a_telling_that_another_is_the_first_of(world):
    """Its words were shown under the id of the first in these words, which gets another one."""
    keeping = (Category("news", "News", near_duplicates="keep"), "world")
    world.sync(source(A), source(B), source(C), categories=keeping)
    first, other = post("one", A, standing=0), post("other", B, minutes=1, standing=2)
    copy = post("copy", C, minutes=2, standing=1)
    world.poll(A, New(first))
    world.poll(B, Duplicate(other, first.id, "alike", similarity=0.8))
    world.poll(C, Duplicate(copy, first.id, "link", other.id))
    assert world.shown("news") == [(other.id, ["other", "copy"]), (first.id, ["one"])]
    take(world, "copy")
    assert world.shown("news") == [(f"{other.id}/new", ["other"]), (first.id, ["one"])]
    assert world.shown() == [(first.id, ["one", "other"])]


def test_nothing_brings_it_back(world):
    """Not an edit of the source, of the file or of a rule; not a new URL of the source, nor time."""
    config = world.sync(source(A), categories=(Category("news", "News", entries=1), "world"))
    one = post("one", content="<p>One</p>", first_seen=NOW - 400 * DAY)
    world.poll(A, New(one))
    take(world, "one")
    world.poll(A, Changed(replace(one, title="Edited", keys=("g1:other",))), now=LATER)
    assert world.shown() == []
    edited = source(A, definition="e")
    world.store.polls.sync(replace(config, sources=(edited,)), LATER)
    [outdated] = world.store.revisions.outdated(10)
    world.store.revisions.revise([Revision(edited, outdated.posts)], LATER)
    assert world.shown() == []
    world.store.polls.sync(replace(config, sources=()), LATER)
    world.store.polls.sync(config, LATER)
    world.store.polls.sync(replace(config, sources=(source(B, was=A),)), LATER)
    world.store.revisions.purge(NOW, 10, 1)
    world.restart()
    world.store.polls.sync(replace(config, sources=(source(B, was=A),)), LATER)
    assert world.shown() == []
    known = world.store.polls.known(Lookup(B, frozenset({"g1:other"}), frozenset({one.id})))
    assert (known.ids, [k.ended for k in known.by_key["g1:other"]]) == ({one.id}, ["post"])


def test_copies_are_recognised_for_ever(world):
    """By its bands, also weeks after others would be forgotten; with what comparing takes."""
    world.sync(source(A), source(B))
    bands = shingles.bands(TEXT)
    one = post("one", content=f"<p>{TEXT}</p>", bands=bands)
    world.poll(A, New(one))
    take(world, "one")
    late = NOW + 60 * DAY
    world.store.housekeep(late)
    asked = Lookup(B, frozenset({"g1:new"}), bands={"g1:new": bands}, seen_since=late - 14 * DAY)
    known = world.store.polls.known(asked)
    assert set(known.by_band) == set(bands)
    [candidate] = known.by_band[bands[0]]
    assert (candidate.known.id, candidate.known.ended, TEXT in candidate.markup) == (one.id, "post", True)


def test_a_source(world, story):
    """All of it, and what it sends from then on, also under another URL; others keep their copies."""
    world.poll(A, New(post("alone", A, minutes=9)), now=LATER)
    done = world.store.takedowns.take_down_source(A, LATER, **SAID)
    assert {p.id for p in done.posts} == {tagged("one"), tagged("alone")}
    assert world.shown() == [(tagged("two"), ["two", "three"])]
    assert {t.id for t in world.store.posts.tombstones("news")} == {tagged("one"), tagged("alone")}
    world.poll(A, New(post("later", A)), now=LATER + HOUR)
    assert world.shown() == [(tagged("two"), ["two", "three"])]
    [status] = [s for s in world.store.sources.sources() if s.url == A]
    assert status.taken == LATER
    known = world.store.polls.known(Lookup(B, frozenset({f"g1:{A} later", f"g1:{A} one"})))
    assert {k.ended for there in known.by_key.values() for k in there} == {"source"}
    again = world.store.takedowns.take_down_source(A, LATER + HOUR, **SAID)
    assert (again.before, again.posts) == (LATER, ())
    nobody = world.store.takedowns.take_down_source("https://nobody.example/", LATER, **SAID)
    assert (nobody.before, nobody.posts) == (None, ())
    world.sync(source("https://d.example/feed", was=A), source(B), source(C))
    assert world.shown() == [(tagged("two"), ["two", "three"])]


def test_a_copy_that_was_judged_before(world, story):
    """Its story has ended while it was on its way: it is judged again, and joins those that tell it still."""
    late = post("late", C, minutes=9, keys=("g1:late", story[0].keys[1]))
    take(world, "one")
    assert isinstance(world.poll(C, Duplicate(late, tagged("one")), now=LATER), Stale)


def test_tombstones_fall_silent(world):
    """After 90 days in subscription documents, which are rendered again; never in archives."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    take(world, "one")
    world.dirty()
    world.store.housekeep(LATER + 90 * DAY)
    assert len(world.store.posts.tombstones("news")) == 1
    assert world.dirty() == []
    world.store.housekeep(LATER + 91 * DAY)
    assert world.store.posts.tombstones("news") == []
    assert set(world.dirty()) == {"news", None}
    assert tagged("one") in world.store.posts.buried([tagged("one")])


def test_what_no_document_shows(world):
    """Of a removed source: readers may have it still, so it is said to have gone where it was."""
    config = world.sync(source(A))
    world.poll(A, New(post("one")), New(post("two", dropped="rules.0")))
    world.store.polls.sync(replace(config, sources=()), LATER)
    take(world, "one", "two")
    assert [t.id for t in world.store.posts.tombstones("news")] == [tagged("one")]


def test_its_page_and_its_file_go(world, tmp_path):
    """Both wait to be removed, also where retention alone would leave the file."""
    directory = str(tmp_path / "site")
    said = {"categories": (Category("news", "News", entries=1),), "output": Output(entries=1)}
    world.sync(source(A), source(B), **said)
    old = post("old", first_seen=NOW - 400 * DAY)
    copy = post("copy", B, minutes=9)
    world.poll(A, New(old))
    world.poll(B, New(copy))
    world.store.jekyll.put([PostFile(old.id, 1, "old.md", b"Old")], directory)
    world.store.revisions.purge(NOW - 365 * DAY, 10, 1)
    take(world, "old")
    [unpaged] = [one for one in world.store.pages.changed(10, "") if one.story == old.id]
    assert (unpaged.told, unpaged.founder) == (None, Founder("old", old.published))
    [unwritten] = [one for one in world.store.jekyll.changed(10, "") if one.story == old.id]
    assert unwritten.told is None
    assert world.store.jekyll.put([PostFile(old.id, unwritten.mark)], directory) == ["old.md"]


def test_the_page_of_a_story_whose_founder_stays(world, story):
    """It is still known by the founder's slug and date, though that has another id by now."""
    first, second, _ = story
    world.poll(B, Changed(replace(second, standing=0, published=first.published - HOUR)), now=LATER)
    take(world, "two")
    pages = {one.story: one for one in world.store.pages.changed(10, "")}
    assert (pages[first.id].told, pages[first.id].founder.slug) == (None, "one")
    assert (pages[f"{first.id}/new"].founder.slug, len(pages[f"{first.id}/new"].told.members)) == ("one", 2)


def test_what_operators_see(world, story):
    """Of the post that went: when and why; nothing of those that stay."""
    take(world, "one")
    [gone] = world.store.finder.find(Sought(tagged("one")), 5)
    [stored] = gone.members
    assert (stored.ended.at, stored.ended.kind, stored.ended.reason) == (LATER, "post", "made")
    [stays] = world.store.finder.find(Sought(tagged("two")), 5)
    assert [one.ended for one in stays.members] == [None, None]


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_takedowns(world, seed):
    """Whatever is taken down, in whatever order: no ended id is shown, and all that stays is, once."""
    chosen = random.Random(seed)
    urls = [f"https://{name}.example/feed" for name in "abcdef"]
    keeping = Category("news", "News", near_duplicates="keep")
    world.sync(*(source(url) for url in urls), categories=(keeping, "world"))
    posts = []
    for n, url in enumerate(urls):
        made = post(f"p{n}", url, minutes=chosen.randrange(9), standing=chosen.randrange(3))
        made = replace(made, categories=("news", "world"))
        if n == 0:
            world.poll(url, New(made))
        else:
            telling = chosen.choice([None, chosen.choice(posts).id])
            world.poll(url, Duplicate(made, posts[0].id, "alike" if telling is None else "link", telling))
        posts.append(made)
    left = {made.guid: made for made in posts}
    ended = set()
    while left:
        members = [m for story in world.store.posts.newest(None, 50) for m in story.members]
        assert sorted(m.guid for m in members) == sorted(left)
        for scope in ("news", "world", None):
            shown = {id for id, _ in world.shown(scope)}
            assert not shown & {t.id for t in world.store.posts.tombstones(scope)}
            assert sorted(guid for _, guids in world.shown(scope) for guid in guids) == sorted(left)
        gone = chosen.choice(members)
        ended |= set(take(world, gone.id).ended)
        assert not ended & {id for scope in ("news", None) for id, _ in world.shown(scope)}
        del left[gone.guid]
    assert world.shown() == []


def retract(world, url, *retractions, now, verdicts=()):
    return world.poll(url, *verdicts, now=now, retractions=retractions)


def test_what_its_source_deletes(world):
    """Hidden, with a tombstone where it was shown; back under its id, without one, when it is sent again."""
    world.sync(source(A))
    one = post("one", categories=("news", "world"))
    world.poll(A, New(one), New(post("two", minutes=1)))
    world.dirty()
    hour = Retraction(one.id, NOW - HOUR, "a mistake")
    assert retract(world, A, hour, now=LATER) == Committed(frozenset({"news", "world"}))
    assert world.shown() == [(tagged("two"), ["two"])]
    assert world.store.posts.tombstones("world") == [Tombstone(one.id, LATER)]
    assert world.store.posts.buried([one.id]) == {one.id: Tombstone(one.id, LATER)}
    [known] = world.store.polls.known(Lookup(A, frozenset({one.keys[0]}))).by_key[one.keys[0]]
    assert (known.retracted, known.back, known.ended) == (NOW - HOUR, False, None)
    [found] = world.store.finder.find(Sought(one.id), 5)
    assert found.members[0].retracted == hour
    assert set(world.dirty()) == {"news", "world", None}
    back = Retraction(one.id, NOW - HOUR, back=True)
    assert retract(world, A, back, now=LATER + HOUR) == Committed(frozenset({"news", "world"}))
    assert len(world.shown()) == 2
    assert world.store.posts.tombstones("world") == []
    assert world.store.posts.buried([one.id]) == {}
    [known] = world.store.polls.known(Lookup(A, frozenset({one.keys[0]}))).by_key[one.keys[0]]
    assert (known.retracted, known.back) == (NOW - HOUR, True)
    assert world.store.finder.find(Sought(one.id), 5)[0].members[0].retracted is None


def test_others_tell_it_still(world, story):
    """The story goes on under its id; nobody is told that it has gone."""
    first, second, _ = story
    retract(world, C, Retraction(first.id, NOW), Retraction(second.id, NOW), now=LATER)
    assert world.shown() == [(first.id, ["one", "two", "three"])]
    retract(world, A, Retraction(first.id, NOW), now=LATER)
    assert world.shown() == [(first.id, ["two", "three"])]
    assert world.store.posts.tombstones(None) == []
    assert world.store.posts.buried([first.id]) == {}
    retract(world, B, Retraction(first.id, NOW), Retraction("tag:nothing", NOW), now=LATER)
    assert world.shown() == [(first.id, ["two", "three"])]
    retract(world, B, Retraction(second.id, NOW), now=LATER + HOUR)
    assert world.shown() == [(first.id, ["three"])]


def test_what_was_deleted_is_taken_down(world):
    """The tombstone is that of the takedown, and no entry brings it back."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    retract(world, A, Retraction(tagged("one"), NOW), now=LATER)
    take(world, "one", now=LATER + HOUR)
    assert world.store.posts.tombstones("news") == [Tombstone(tagged("one"), LATER + HOUR)]
    retract(world, A, Retraction(tagged("one"), NOW, back=True), now=LATER + 2 * HOUR)
    assert world.shown() == []
    assert world.store.posts.tombstones("news") == [Tombstone(tagged("one"), LATER + HOUR)]
