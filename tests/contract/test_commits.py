"""`ports.PollStore`: what judging sees, and what verdicts do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.errors import StoreError
from aggregator.model import (
    Changed,
    Committed,
    Duplicate,
    Lookup,
    New,
    NewCategory,
    Parting,
    Rejected,
    Stale,
    Unchanged,
    UnreadEntry,
)
from tests.contract.made import HOUR, NOW, SECOND, A, B, C, outcome, post, source

MINUTE = timedelta(minutes=1)
LINK = "u1:example.org/shared"


def key_of(made):
    return made.keys[0]


def test_known_leads_from_keys_to_posts(world):
    """A key leads to all posts that have it, with what judging them needs."""
    world.sync(source(B), source(A))
    one = post("one", minutes=3, keys=("g1:one", LINK), link_key=LINK, categories=("news", "world"))
    world.poll(A, New(one))
    two = post("two", B, minutes=1, keys=(LINK,), link_key=LINK)
    world.poll(B, Duplicate(two, one.id))
    known = world.store.polls.known(
        Lookup(A, frozenset({LINK, "g1:one", "g1:none"}), frozenset({one.id, "urn:free"}))
    )
    assert {key: [k.id for k in there] for key, there in known.by_key.items()} == {
        LINK: [one.id, two.id],
        "g1:one": [one.id],
    }
    assert known.ids == {one.id}
    first = known.by_key["g1:one"][0]
    for name in ("guid", "slug", "digest", "text_digest", "label_digest", "link_key", "source", "dated"):
        assert getattr(first, name) == getattr(one, name), name
    for name in ("published", "updated", "first_seen", "categories", "dropped", "standing"):
        assert getattr(first, name) == getattr(one, name), name
    assert first.story == known.by_key[LINK][1].story == one.id


def test_posts_come_back_whole(world):
    """Every field of a post survives the store."""
    from datetime import timedelta

    from aggregator.model import Enclosure, Label, Person, Said, SourceInfo

    full = post(
        "full",
        origin=SourceInfo("urn:x", "标题", "https://h/", "https://h/f", NOW, "© us", "https://l/"),
        labels=(Label("News", True), Label("world")),
        categories=("world", "news"),
        tags=("b", "a", "b c"),
        authors=(Person("Ann", "https://ann/"), Person("Bob")),
        summary="<p>s</p>",
        content="<p>" + "内容" * 5000 + "</p>\n",
        language="zh-CN",
        enclosures=(Enclosure("https://e/", "audio/mpeg", 12, "t"), Enclosure("https://f/")),
        republish="excerpt",
        said=Said("Ann", "Pub", ("x", "y"), "Feed"),
        dated="position",
        claims_updated=NOW - timedelta(microseconds=1),
        names_entry=False,
        link_key=LINK,
        text_digest="t",
        label_digest="l",
        position=7,
        standing=2,
        via="A planet",
    )
    world.sync(source(A))
    world.poll(A, New(full))
    (story,) = world.store.posts.newest(None, 5)
    assert story.members == (full,)


def test_new_changed_unchanged_rejected(world):
    """Each verdict does what it says, and only what a reader sees makes documents dirty."""
    world.sync(source(A))
    one, two = post("one"), post("two", minutes=1, categories=("world",))
    assert world.poll(A, New(one), New(two)) == Committed(frozenset({"news", "world"}))
    assert world.shown() == [(two.id, ["two"]), (one.id, ["one"])]

    later = NOW + HOUR
    assert world.poll(A, Unchanged(one.id), Unchanged(two.id), now=later) == Committed(frozenset())

    moved = replace(one, title="Other", categories=("world",), updated=later)
    assert world.poll(A, Changed(moved), now=NOW + 2 * HOUR) == Committed(frozenset({"news", "world"}))
    assert world.shown("news") == []
    assert [s.members for s in world.store.posts.newest("world", 5)] == [(two,), (moved,)]

    dropped = replace(two, dropped="rules.0")
    gone = Rejected(dropped, "rules.0", again=True)
    assert world.poll(A, gone, now=NOW + 3 * HOUR) == Committed(frozenset({"world"}))
    assert world.shown() == [(one.id, ["one"])]
    known = world.store.polls.known(Lookup(A, frozenset({key_of(two)})))
    assert known.by_key[key_of(two)][0].dropped == "rules.0"

    assert world.poll(A, Changed(two), now=NOW + 4 * HOUR) == Committed(frozenset({"world"}))
    assert world.shown("world") == [(two.id, ["two"]), (one.id, ["one"])]


def test_a_rejected_post_is_stored_unseen(world):
    """What a rule drops at first sight is known, shown nowhere, and makes nothing dirty."""
    world.sync(source(A))
    world.dirty()
    gone = post("gone", dropped="rules.1")
    assert world.poll(A, Rejected(gone, "rules.1")) == Committed(frozenset())
    assert world.shown() == []
    assert world.dirty() == []
    assert world.store.polls.known(Lookup(A, ids=frozenset({gone.id}))).ids == {gone.id}


def test_a_story_is_shown_wherever_a_member_is(world):
    """A duplicate joins its story under the story's id; who leads dates it; all its categories count."""
    world.sync(source(A), source(B))
    early, one, late = post("early", minutes=1), post("one", minutes=5), post("late", minutes=9)
    world.poll(A, New(early), New(one), New(late))
    copy = post("copy", B, minutes=0, categories=("world",))
    assert world.poll(B, Duplicate(copy, one.id)) == Committed(frozenset({"news", "world"}))
    assert world.shown() == [(late.id, ["late"]), (early.id, ["early"]), (one.id, ["one", "copy"])]
    assert world.shown("world") == [(one.id, ["one", "copy"])]

    hidden = replace(copy, dropped="rules.0")
    world.poll(B, Rejected(hidden, "rules.0", again=True), now=NOW + HOUR)
    assert world.shown("world") == []
    assert world.shown("news") == [(late.id, ["late"]), (one.id, ["one"]), (early.id, ["early"])]


@pytest.mark.parametrize(
    ("copy", "leads"),
    [
        ({"minutes": 1}, True),
        ({"minutes": 9}, False),
        ({"minutes": 9, "standing": 0}, True),  # the author, whatever others claim
        ({"minutes": 1, "standing": 2}, False),
        ({"minutes": 5}, False),  # the file's order
        ({"minutes": 1, "dropped": "rules.0"}, False),  # who is hidden speaks for nobody
    ],
    ids=str,
)
def test_who_speaks_for_a_story(world, copy, leads):
    """The story has the date of the visible member that ranks first, whoever came first."""
    world.sync(source(A), source(B))
    copied = post("copy", B, **{"standing": 1, **copy})
    one, other = post("one", minutes=5, standing=1), post("other", minutes=5 if leads else 4)
    world.poll(A, New(one), New(other))
    hidden = copied.dropped and Rejected(copied, copied.dropped, one.id)
    world.poll(B, hidden or Duplicate(copied, one.id))
    first = world.store.posts.newest(None, 1)[0].id
    assert first == (one.id if copied.published > other.published or not leads else other.id)


def test_a_story_whose_lead_changes_moves(world):
    """A new standing, a rule that drops the lead and one that lets it back: the story is dated anew."""
    world.sync(source(A), source(B))
    one, other = post("one", minutes=1, standing=1), post("other", minutes=5)
    copy = post("copy", B, minutes=9, standing=1)
    world.poll(A, New(one), New(other))
    world.poll(B, Duplicate(copy, one.id))
    dropped = Rejected(replace(one, dropped="rules.0"), "rules.0", again=True)
    for hours, (url, verdict, first) in enumerate(
        [
            (A, dropped, one.id),
            (A, Changed(one), other.id),
            (B, Changed(replace(copy, standing=0)), one.id),
            (B, Changed(copy), other.id),
        ],
        start=1,
    ):
        world.poll(url, verdict, now=NOW + hours * HOUR)
        assert world.store.posts.newest(None, 1)[0].id == first, hours


def test_a_rejected_copy_waits_in_its_story(world):
    """A dropped copy joins the story unseen, and is shown there when it returns."""
    world.sync(source(A), source(B))
    one = post("one")
    world.poll(A, New(one))
    copy = post("copy", B, dropped="rules.0", categories=("world",))
    assert world.poll(B, Rejected(copy, "rules.0", one.id)) == Committed(frozenset({"news"}))
    assert world.shown() == [(one.id, ["one"])]
    world.poll(B, Changed(replace(copy, dropped="")), now=NOW + HOUR)
    assert world.shown("world") == [(one.id, ["one", "copy"])]


def test_a_batch_sees_itself(world):
    """Within one batch, later outcomes see earlier ones, and one that is stale harms no other."""
    c = "https://c.example/feed"
    world.sync(source(A), source(B), source(c))
    leases = world.lease()
    one, other = post("one"), post("other", c)
    copy = post("copy", B, keys=one.keys)
    results = world.store.polls.commit(
        [
            outcome(leases[A], New(one), judged={key: frozenset() for key in one.keys}),
            outcome(leases[B], New(copy), judged={key: frozenset() for key in copy.keys}),
            outcome(leases[c], New(other)),
        ],
        NOW,
    )
    assert results == [Committed(frozenset({"news"})), Stale(leases[B]), Committed(frozenset({"news"}))]
    assert {story for story, _ in world.shown()} == {one.id, other.id}
    again = outcome(
        leases[B], Duplicate(copy, one.id), judged={key: frozenset({one.id}) for key in copy.keys}
    )
    assert world.store.polls.commit([again], NOW) == [Committed(frozenset({"news"}))]


def test_stale_writes_nothing_and_keeps_lease_and_slot(world):
    """After `Stale` the source is still leased and nothing of the outcome is there."""
    a, b = "https://one.example/a", "https://one.example/b"
    world.sync(source(a), source(b))
    world.poll(a, New(post("one", a)))
    later = NOW + SECOND
    lease = world.lease(later)[b]
    stale = outcome(
        lease,
        New(post("two", b)),
        New(post("one", b)),
        categories=(NewCategory("fresh", "Fresh", "fresh"),),
        withdrawn=frozenset({LINK}),
    )
    world.dirty()
    assert world.store.polls.commit([stale], later) == [Stale(lease)]
    assert world.dirty() == []
    assert not world.lease(NOW + 2 * HOUR)
    assert [story for story, _ in world.shown()] == ["tag:example,2026:one"]
    assert [c.slug for c in world.store.posts.categories()] == ["news", "world"]
    assert not world.store.polls.known(Lookup(b, frozenset({LINK}))).withdrawn
    assert world.store.polls.commit([outcome(lease)], later) == [Committed(frozenset())]


@pytest.mark.parametrize(
    "verdict",
    [
        New(post("one", B)),
        Changed(post("unheard-of", B)),
        Changed(post("one", B)),
        Rejected(post("one", B, dropped="x"), "x"),
        Rejected(post("one", B, dropped="x"), "x", again=True),
        Rejected(post("unheard-of", B, dropped="x"), "x", again=True),
        Duplicate(post("two", B, categories=("fresh",)), "urn:no-such-story"),
        Duplicate(post("one", B), "tag:example,2026:one"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_a_verdict_that_does_not_fit_is_stale(world, verdict):
    """Ids that are taken, posts and stories that are not there, posts of another source: look again."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one")))
    lease = world.lease()[B]
    assert world.store.polls.commit([outcome(lease, verdict)], NOW) == [Stale(lease)]
    assert world.shown() == [("tag:example,2026:one", ["one"])]
    assert [c.slug for c in world.store.posts.categories()] == ["news", "world"]


@pytest.mark.parametrize(
    ("slug", "folded", "fits"),
    [("fed", "fed", True), ("other", "other", True), ("fed", "the fed", False), ("fed-2", "fed", False)],
)
def test_a_category_that_somebody_else_made_is_stale(world, slug, folded, fits):
    """A slug and a value belong together for good; the same pair again is the same category."""
    world.sync(source(A), source(B))
    leases = world.lease()
    made = outcome(
        leases[A],
        New(post("one", categories=("fed",))),
        categories=(NewCategory("fed", "Fed", "fed", A),),
    )
    other = outcome(
        leases[B],
        New(post("two", B, categories=(slug,))),
        categories=(NewCategory(slug, folded.title(), folded, B),),
    )
    first, second = world.store.polls.commit([made, other], NOW)
    assert first == Committed(frozenset({"fed"}))
    assert second == (Committed(frozenset({slug})) if fits else Stale(leases[B]))


def test_a_rejected_post_never_takes_the_place_of_another(world):
    """Nor of another of its own source, whose id it would have got."""
    world.sync(source(A))
    one = post("one")
    world.poll(A, New(one))
    lease = world.lease(NOW + HOUR)[A]
    dropped = Rejected(replace(one, guid="another", dropped="x"), "x")
    assert world.store.polls.commit([outcome(lease, dropped)], NOW + HOUR) == [Stale(lease)]
    assert world.shown() == [(one.id, ["one"])]


@pytest.mark.parametrize(
    "edit", [{"every": 10 * MINUTE}, {"insist": True}, {"private": True}, {"headers": (("X", "y"),)}], ids=str
)
def test_an_edit_in_mid_poll_is_not_undone(world, edit):
    """What was decided for the source as it was is stale: its next poll would be planned by the old words."""
    world.sync(source(A, every=24 * HOUR))
    lease = world.lease()[A]
    edited = source(A, **{"every": 24 * HOUR, **edit})
    world.sync(edited)
    stale = Stale(replace(lease, source=edited))
    planned = outcome(lease, due=24 * HOUR)
    assert world.store.polls.commit([planned], NOW) == [stale]
    assert world.store.polls.commit_locked(Lookup(A), lambda _: planned, NOW) == stale
    again = outcome(stale.lease, due=10 * MINUTE)
    assert world.store.polls.commit([again], NOW) == [Committed(frozenset())]
    assert world.store.sources.sources()[0].due.at == NOW + 10 * MINUTE


def test_an_edited_definition_is_stale_with_the_source_as_it_is_now(world):
    """A source that was edited in mid-poll is to be read again, under the same token."""
    world.sync(source(A))
    lease = world.lease()[A]
    edited = source(A, definition="e", tags=("new",))
    world.sync(edited)
    stale = Stale(replace(lease, source=edited))
    assert world.store.polls.commit([outcome(lease, New(post("one")))], NOW) == [stale]
    again = outcome(stale.lease, New(post("one")))
    assert world.store.polls.commit([again], NOW) == [Committed(frozenset({"news"}))]


def test_keys_of_a_batch_that_were_judged_are_not_stale(world):
    """What a key led to when it was judged does not make an outcome stale, nor does less of it."""
    world.sync(source(A), source(B))
    one = post("one", keys=(LINK,))
    world.poll(A, New(one))
    lease = world.lease()[B]
    judged = {LINK: frozenset({one.id, "urn:gone"})}
    result = world.store.polls.commit([outcome(lease, New(post("two", B)), judged=judged)], NOW)
    assert result == [Committed(frozenset({"news"}))]


def test_a_withdrawn_link_leads_nowhere(world):
    """A link that names no one entry of a source leads to none of its posts, but to those of others."""
    world.sync(source(A), source(B))
    one, two = post("one", keys=("g1:one", LINK)), post("two", B, keys=(LINK,))
    world.poll(A, New(one))
    world.poll(B, Duplicate(two, one.id))
    world.poll(A, withdrawn=frozenset({LINK}), now=NOW + HOUR)
    world.poll(A, withdrawn=frozenset({LINK}), now=NOW + 2 * HOUR)
    of_a = world.store.polls.known(Lookup(A, frozenset({LINK, "g1:one"})))
    assert of_a.withdrawn == {LINK}
    assert {key: [k.id for k in there] for key, there in of_a.by_key.items()} == {
        "g1:one": [one.id],
        LINK: [two.id],
    }
    assert world.store.polls.known(Lookup(B, frozenset({LINK}))).withdrawn == frozenset()
    later = NOW + 3 * HOUR
    assert world.poll(B, judged={LINK: frozenset({two.id})}, now=later) == Committed(frozenset())


def test_a_parting_is_carried_out(world):
    """Posts leave a story for one named after the first of them, and each has its own lead and places."""
    world.sync(source(A), source(B), source(C))
    one, two = post("one", minutes=5), post("two", B, minutes=1, categories=("world",))
    three, four = post("three", C, minutes=3), post("four", C, minutes=4)
    world.poll(A, New(one))
    world.poll(B, Duplicate(two, one.id))
    world.poll(C, Duplicate(three, one.id), Duplicate(four, one.id))
    parted = world.poll(A, partings=(Parting(one.id, (two.id, three.id)),), now=NOW + HOUR)
    assert parted == Committed(frozenset({"news", "world"}))
    assert world.shown() == [(one.id, ["one", "four"]), (two.id, ["two", "three"])]
    assert world.shown("world") == [(two.id, ["two", "three"])]
    parted = world.poll(C, partings=(Parting(two.id, (three.id,)),), now=NOW + HOUR)
    assert parted == Committed(frozenset({"news", "world"}))
    assert [members for _, members in world.shown()] == [["one", "four"], ["three"], ["two"]]


def test_what_is_new_may_join_the_story_that_a_parting_makes(world):
    """Both come from one document."""
    world.sync(source(A), source(B))
    one, two, new = post("one", minutes=3), post("two", B, minutes=2), post("new", minutes=1)
    world.poll(A, New(one))
    world.poll(B, Duplicate(two, one.id))
    world.poll(A, Duplicate(new, two.id), partings=(Parting(one.id, (two.id,)),), now=NOW + HOUR)
    assert world.shown() == [(one.id, ["one"]), (two.id, ["two", "new"])]


@pytest.mark.parametrize(
    "parting",
    [
        Parting(post("two").id, (post("one").id,)),
        Parting(post("one").id, (post("other").id,)),
        Parting(post("one").id, (post("two").id, post("other").id)),
        Parting(post("one").id, ("urn:unheard-of",)),
    ],
    ids=str,
)
def test_a_parting_that_does_not_fit_is_stale(world, parting):
    """Who is not in the story cannot leave it: look again."""
    world.sync(source(A), source(B))
    one, two = post("one", minutes=2), post("two", B, minutes=1)
    world.poll(A, New(one), New(post("other")))
    world.poll(B, Duplicate(two, one.id))
    before = world.shown()
    lease = world.lease(NOW + HOUR)[A]
    assert world.store.polls.commit([outcome(lease, partings=(parting,))], NOW + HOUR) == [Stale(lease)]
    assert world.shown() == before


def test_a_changed_post_has_its_new_keys_only(world):
    """`Changed` carries the whole new state, keys included."""
    world.sync(source(A))
    one = post("one", keys=("g1:one", LINK))
    world.poll(A, New(one))
    world.poll(A, Changed(replace(one, keys=("g1:one", "u1:other"))), now=NOW + HOUR)
    known = world.store.polls.known(Lookup(A, frozenset({LINK, "u1:other"})))
    assert set(known.by_key) == {"u1:other"}


def test_entries_that_could_not_be_read_are_those_of_the_last_body(world):
    """The operator sees what the last body had, not what an older one had; a 304 has none."""
    world.sync(source(A))
    unread = (UnreadEntry(3, "no title, no link, no text"),)
    world.poll(A, unread=unread)
    assert world.store.sources.sources()[0].unread == unread
    world.poll(A, now=NOW + HOUR)
    assert world.store.sources.sources()[0].unread == unread
    world.poll(A, unread=(), now=NOW + 2 * HOUR)
    assert world.store.sources.sources()[0].unread == ()


def test_deciding_under_the_lock(world):
    """The last resort looks, decides and writes as one step."""
    world.sync(source(A), source(B))
    one = post("one")
    world.poll(A, New(one))
    lease = world.lease()[B]
    seen = []

    def decide(known):
        seen.append(known)
        return outcome(lease, Duplicate(post("two", B), one.id))

    lookup = Lookup(B, frozenset(one.keys))
    assert world.store.polls.commit_locked(lookup, decide, NOW) == Committed(frozenset({"news"}))
    assert [k.id for k in seen[0].by_key[key_of(one)]] == [one.id]
    assert world.shown() == [(one.id, ["one", "two"])]


def test_a_failing_decision_writes_nothing(world):
    """An exception of `decide` passes through and leaves the store usable."""
    world.sync(source(A))

    def decide(known):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.store.polls.commit_locked(Lookup(A), decide, NOW)
    assert list(world.lease()) == [A]


def test_a_locked_decision_that_does_not_fit_is_a_fault(world):
    """A decision that collides although nothing came between never loops: it is said."""
    world.sync(source(A))
    lease = world.lease()[A]
    with pytest.raises(StoreError, match="do not fit"):
        world.store.polls.commit_locked(Lookup(A), lambda _: outcome(lease, Changed(post("x"))), NOW)


def test_what_is_held_back_stays_out_of_its_documents(world):
    """Each document by itself; the post is stored, and what joins it is shown."""
    world.sync(source(A), source(B))
    one, two = post("one", minutes=1, categories=("news", "world")), post("two", minutes=2)
    world.poll(A, New(one), New(two), held=frozenset({(one.id, None), (one.id, "news")}))
    assert world.shown() == [(two.id, ["two"])]
    assert world.shown("news") == [(two.id, ["two"])]
    assert world.shown("world") == [(one.id, ["one"])]
    world.poll(B, Duplicate(post("copy", B), one.id))
    assert [story for story, _ in world.shown("news")] == [two.id, one.id]


def test_a_first_poll_learns_what_is_out_already(world):
    """`Known.opened` says when each scope was first published, and a lease when its source was added."""
    world.sync(source(A))
    [lease] = world.store.polls.lease_due(NOW, 9)
    assert lease.added == NOW
    assert world.store.polls.known(Lookup(A, first=True)).opened == {}
    claim = world.store.documents.claim(NOW + HOUR)
    world.store.documents.settle(claim, NOW)
    assert world.store.polls.known(Lookup(A, first=True)).opened == {claim.scope: NOW + HOUR}
    assert world.store.polls.known(Lookup(A)).opened == {}


def test_a_title_of_too_many_leads_to_none(world):
    """A source that calls everything the same makes no poll dearer than the one before."""
    key = "n1:the same"
    world.sync(source(A))
    made = [post(f"p{n:02}", keys=(f"e1:{n}", key)) for n in range(51)]
    world.poll(A, *map(New, made[:50]), now=NOW, due=HOUR)
    assert len(world.store.polls.known(Lookup(A, frozenset({key}))).by_key[key]) == 50
    fresh = frozenset(one.id for one in made[:50])
    assert world.poll(A, New(made[50]), now=NOW + HOUR, judged={key: fresh}) == Committed(frozenset({"news"}))
    assert key not in world.store.polls.known(Lookup(A, frozenset({key}))).by_key
