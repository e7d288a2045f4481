"""`ports.ArchiveStore`: who is in which archive, for good, and which archives are to be rendered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.errors import StoreError
from aggregator.model import Category, Changed, Duplicate, New, Output, Rejected, Sought
from tests.contract.made import HOUR, NOW, A, B, post, source

DAY = timedelta(days=1)
TODAY = "2026-11-24"
FIRST = ("", 0)


def ids(*names):
    return [post(name).id for name in names]


def names(stories):
    """Who tells each of some stories, which come in no order."""
    return None if stories is None else sorted([m.guid for m in story.members] for story in stories)


def told(world, *some, category="news"):
    """The stories of these names that a category shows, held back or not."""
    return [story for _, story in world.store.posts.told(category, ids(*some))]


def uncut(world, category="news"):
    """What is in no archive; held back in brackets."""
    arrivals = world.store.archives.uncut(category).arrivals
    return [[one.shown.split(":")[-1]] if one.held else one.shown.split(":")[-1] for one in arrivals]


def close(world, *cut, category="news", day=TODAY):
    """Claim a category, which must be dirty, close archives of these names, and settle them as rendered."""
    documents, archives = world.store.documents, world.store.archives
    world.store.documents.mark_all()
    while (claim := documents.claim(NOW)).scope != category:
        documents.settle(claim, NOW)
    archives.close(claim, [ids(*some) for some in cut], day, NOW)
    fresh = archives.fresh(category, 99)
    archives.settle(fresh)
    documents.settle(claim, NOW)
    archives.settle(archives.changed(99, FIRST))
    return fresh


def changed(world, limit=99, after=FIRST):
    """The archives that wait, with the guids of who is shown in them."""
    return {(a.category, a.number): names(a.stories) for a in world.store.archives.changed(limit, after)}


def dropped(world):
    """The archives whose document is to go; none of them tells anything."""
    gone = world.store.archives.dropped(99)
    assert {one.stories for one in gone} <= {None}
    return [(one.category, one.number) for one in gone]


def test_what_no_archive_holds(world):
    """All that a category shows, newest first, numbered as it came; nothing was cut yet."""
    world.sync(source(A))
    world.poll(A, New(post("old", minutes=-9)), New(post("new")), New(post("b", minutes=-5)))
    found = world.store.archives.uncut("news")
    assert (uncut(world), found.day) == (["new", "b", "old"], None)
    by_arrival = sorted(found.arrivals, key=lambda one: one.arrived)
    assert [one.shown for one in by_arrival] == ids("old", "new", "b")
    assert world.store.archives.uncut("world").arrivals == ()
    assert len({one.source for one in found.arrivals}) == 1
    assert world.store.archives.newest("news") is None


def test_a_closed_archive_keeps_who_is_in_it(world):
    """Numbered from 1 in the order given, over a restart too; a number is used once."""
    world.sync(source(A))
    world.poll(A, *(New(post(name, minutes=n)) for n, name in enumerate("abcde")))
    one, two = close(world, ["a", "b"], ["c"])
    assert [(a.number, a.previous, names(a.stories)) for a in (one, two)] == [
        (1, None, [["a"], ["b"]]),
        (2, 1, [["c"]]),
    ]
    assert (one.members, one.updated, one.closed) == (tuple(ids("a", "b")), None, NOW)
    world.restart()
    assert (uncut(world), world.store.archives.uncut("news").day) == (["e", "d"], TODAY)
    assert world.store.archives.newest("news") == 2
    [three] = close(world, ["d"], day="2026-11-25")
    assert (three.number, three.previous) == (3, 2)
    assert world.store.archives.uncut("news").day == "2026-11-25"
    assert len(world.shown("news")) == 5, "the newest of a category are those of its archives too"


def test_an_archive_waits_until_its_first_document_is_in_place(world):
    """As a fresh one, and not among those that have changed; a crash leaves it fresh."""
    world.sync(source(A))
    world.poll(A, New(post("a")), New(post("b")))
    claim = world.store.documents.claim(NOW)
    assert claim.scope == "news"
    world.store.archives.close(claim, [ids("a"), ids("b")], TODAY, NOW)
    world.restart()
    world.sync(source(A))
    world.poll(A, Changed(post("a", title="Edited", digest="e")), now=NOW + HOUR)
    assert changed(world) == {}
    assert [a.number for a in world.store.archives.fresh("news", 1)] == [1]
    assert world.store.archives.fresh("world", 9) == []
    world.store.archives.settle(world.store.archives.fresh("news", 1))
    assert [a.number for a in world.store.archives.fresh("news", 9)] == [2]


def test_a_void_claim_closes_nothing(world):
    """Who lost the right to publish would take posts out of a document that somebody else writes."""
    world.sync(source(A))
    world.poll(A, New(post("a")))
    claim = world.store.documents.claim(NOW)
    world.store.documents.release(claim)
    with pytest.raises(StoreError):
        world.store.archives.close(claim, [ids("a")], TODAY, NOW)
    assert uncut(world) == ["a"]


def test_an_edit_marks_the_one_archive_that_it_concerns(world):
    """So does another member; what changed while it was rendered waits still."""
    world.sync(source(A), source(B))
    world.poll(A, *(New(post(name)) for name in "abc"))
    close(world, ["a"], ["b"], ["c"])
    world.poll(A, Changed(post("b", title="Edited", digest="e")), now=NOW + HOUR)
    under_way = world.store.archives.changed(99, FIRST)
    assert [a.number for a in under_way] == [2]
    world.poll(B, Duplicate(post("copy", B), post("b").id, "link"), now=NOW + HOUR)
    world.store.archives.settle(under_way)
    assert changed(world) == {("news", 2): [["b", "copy"]]}
    assert uncut(world) == []


def test_changed_ones_come_in_order(world):
    """By category and number, after the one that was looked at last."""
    world.sync(source(A))
    world.poll(A, *(New(post(name, categories=("news", "world"))) for name in "ab"))
    close(world, ["a"], ["b"])
    close(world, ["b", "a"], category="world")
    world.store.documents.mark_all()
    every = [("news", 1), ("news", 2), ("world", 1)]
    assert list(changed(world)) == every
    assert list(changed(world, 2)) == every[:2]
    assert list(changed(world, 2, ("news", 1))) == every[1:]


def test_who_leaves_a_category_returns_to_its_archive(world):
    """Moved by a rule, dropped, or with its source: it is never cut again."""
    world.sync(source(A))
    a = post("a")
    world.poll(A, New(a), New(post("b")))
    close(world, ["a", "b"])
    world.poll(A, Rejected(replace(a, dropped="r"), "r", again=True), now=NOW + HOUR)
    assert (changed(world), uncut(world)) == ({("news", 1): [["b"]]}, [])
    world.poll(A, Changed(replace(a, categories=("world",))), now=NOW + 3 * HOUR)
    assert (changed(world), uncut(world), uncut(world, "world")) == ({("news", 1): [["b"]]}, [], ["a"])
    world.poll(A, Changed(a), now=NOW + 5 * HOUR)
    assert (changed(world), uncut(world)) == ({("news", 1): [["a"], ["b"]]}, [])
    world.sync(source(B), now=NOW + 6 * HOUR)
    assert (changed(world), uncut(world)) == ({("news", 1): []}, [])
    world.sync(source(A), now=NOW + 7 * HOUR)
    assert (changed(world), uncut(world)) == ({("news", 1): [["a"], ["b"]]}, [])


def test_what_a_backlog_holds_back_is_for_the_archives(world):
    """Not among the newest; once a member comes that nothing holds back it is, and stays where it is."""
    world.sync(source(A), source(B))
    held, out = post("held"), post("out", minutes=5)
    world.poll(A, New(held), New(out), held=frozenset({(held.id, "news"), (held.id, None)}))
    assert (uncut(world), [told for _, told in world.shown("news")]) == (["out", ["held"]], [["out"]])
    assert names(told(world, "held", "out", "none")) == [["held"], ["out"]]
    close(world, ["held"])
    assert [told for _, told in world.shown("news")] == [["out"]]
    world.poll(B, Duplicate(post("copy", B), held.id, "link"), now=NOW + HOUR)
    assert changed(world) == {("news", 1): [["held", "copy"]]}
    assert (uncut(world), len(world.shown("news"))) == (["out"], 2)


def test_tellings_are_archived_one_by_one(world):
    """In a category that keeps near duplicates; elsewhere their story is."""
    keeps = Category("world", "World", near_duplicates="keep")
    world.sync(source(A), source(B), categories=("news", keeps))
    both = {"categories": ("news", "world")}
    world.poll(A, New(post("a", **both)))
    world.poll(B, Duplicate(post("b", B, minutes=5, **both), post("a").id, "alike"))
    assert (uncut(world), uncut(world, "world")) == (["a"], ["b", "a"])
    close(world, ["b"], category="world")
    assert uncut(world, "world") == ["a"]
    world.poll(B, Changed(post("b", B, minutes=5, title="E", digest="e", **both)), now=NOW + HOUR)
    assert changed(world) == {("world", 1): [["b"]]}


def test_other_words_for_a_category_are_in_its_archives(world):
    """Its title is in its own archives, and in those that its posts are in elsewhere; the others stay."""
    world.sync(source(A))
    world.poll(A, New(post("a", categories=("news", "world"))), New(post("b", categories=("world",))))
    close(world, ["a"])
    close(world, ["a"], ["b"], category="world")
    world.sync(source(A), categories=(Category("news", "Neues"), "world"), now=NOW + HOUR)
    assert list(changed(world)) == [("news", 1), ("world", 1)]


def test_what_a_document_will_say_is_remembered(world):
    """Its `updated` never goes back."""
    world.sync(source(A))
    world.poll(A, New(post("a")))
    close(world, ["a"])
    for later, said in ((HOUR, NOW + HOUR), (0 * HOUR, NOW + HOUR), (2 * HOUR, NOW + 2 * HOUR)):
        world.store.documents.mark_all()
        [one] = world.store.archives.changed(9, FIRST)
        world.store.archives.promise(one, NOW + later)
        [one] = world.store.archives.changed(9, FIRST)
        assert one.updated == said


def aged(name, days, minutes=0, url=A, **said):
    return post(name, url, minutes=minutes, first_seen=NOW - days * DAY, content="<p>x</p>", **said)


SMALL = {
    "output": Output(entries=1),
    "categories": (Category("news", "News", entries=1), Category("world", "World", entries=1)),
}


def purge(world, days=365):
    return world.store.revisions.purge(NOW - days * DAY, 99, 0)


def test_retention_drops_an_archive_when_all_its_posts_are_due(world):
    """Before that it keeps all of them; then it goes, and the next one names the one before."""
    world.sync(source(A), **SMALL)
    ages = {"a": 500, "b": 300, "c": 500, "d": 500, "e": 1, "f": 1}
    world.poll(A, *(New(aged(name, days, minutes=n)) for n, (name, days) in enumerate(ages.items())))
    close(world, ["a", "b"], ["c", "d"], ["e"])
    assert purge(world) == 2
    assert (dropped(world), changed(world)) == ([("news", 2)], {("news", 3): [["e"]]})
    three = world.store.archives.changed(9, ("news", 2))[0]
    assert three.previous == 1
    assert names(told(world, *"abcd")) == [["a"], ["b"]]
    world.store.archives.settle(world.store.archives.changed(9, FIRST))
    world.store.archives.settle(world.store.archives.dropped(9))
    assert purge(world, 200) == 2
    assert (dropped(world), changed(world)) == ([("news", 1)], {("news", 3): [["e"]]})
    assert world.store.archives.newest("news") == 3
    [four] = close(world, ["f"])
    assert (four.number, four.previous) == (4, 3)


def test_the_document_of_a_category_is_rendered_when_its_newest_archive_goes(world):
    """It names it."""
    world.sync(source(A), **SMALL)
    world.poll(A, New(aged("a", 500)), New(aged("b", 1, minutes=1)))
    close(world, ["a"])
    world.dirty()
    assert purge(world) == 1
    assert set(world.dirty()) == {"news", None}
    assert world.store.archives.newest("news") is None


def test_what_is_in_no_archive_yet_is_kept(world):
    """It is in the subscription document, or waits; that another category has dropped it changes nothing."""
    world.sync(source(A), **SMALL)
    both = {"categories": ("news", "world")}
    world.poll(A, *(New(aged(name, 500, minutes=n, **both)) for n, name in enumerate("abc")))
    close(world, ["a", "b"])
    close(world, category="world")
    assert purge(world) == 0
    assert uncut(world, "world") == ["c", "b", "a"]
    assert (dropped(world), changed(world)) == ([("news", 1)], {})
    close(world, ["a"], ["b"], category="world")
    assert purge(world) == 2
    assert (uncut(world, "world"), uncut(world)) == (["c"], ["c"])


def test_without_atom_archives_keep_nothing(world):
    """Nobody can read them."""
    only_rss = Output(entries=1, formats=("rss",))
    world.sync(source(A), **SMALL | {"output": only_rss})
    world.poll(A, New(aged("a", 500)), New(aged("b", 500, minutes=1)), New(aged("c", 1, minutes=2)))
    close(world, ["a"])
    assert purge(world) == 2


def test_who_joins_what_went_with_its_archive_is_an_arrival(world):
    """Nothing that is shown is in neither place."""
    world.sync(source(A), source(B), **SMALL)
    world.poll(A, New(aged("a", 500)), New(aged("b", 1, minutes=1)))
    close(world, ["a"])
    assert purge(world) == 1
    world.poll(B, Duplicate(post("copy", B), post("a").id, "link"), now=NOW + HOUR)
    assert uncut(world) == ["b", "a"]


def test_where_a_story_is_archived(world):
    """Whoever asks for it is told, also of what a backlog holds back; nothing of what nothing shows."""
    world.sync(source(A))
    world.poll(A, New(post("a")), New(post("held")), New(post("gone")), held={(post("held").id, "news")})
    close(world, ["a", "gone"], ["held"])
    world.poll(A, Rejected(post("gone", dropped="rules.0"), "rules.0", again=True), now=NOW + HOUR)
    found = {
        name: world.store.finder.find(Sought(ids(name)[0]), 9)[0].archives for name in ("a", "held", "gone")
    }
    assert found == {"a": (("news", 1),), "held": (("news", 2),), "gone": ()}
