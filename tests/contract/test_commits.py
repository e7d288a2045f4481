"""`ports.PollStore`: what judging sees, and what verdicts do."""

from dataclasses import replace

import pytest

from aggregator.errors import StoreError
from aggregator.model import (
    Changed,
    Committed,
    Duplicate,
    Lookup,
    New,
    NewCategory,
    Rejected,
    Stale,
    Unchanged,
    UnreadEntry,
)
from tests.contract.made import HOUR, NOW, SECOND, A, B, outcome, post, source

LINK = "u1:example.org/shared"


def key_of(made):
    return made.keys[0]


def test_known_leads_from_keys_to_posts(world):
    """A key leads to all posts that have it, with what judging them needs."""
    world.sync(source(B), source(A))
    one = post("one", minutes=3, keys=("g1:one", LINK), link_key=LINK, categories=("news", "world"))
    world.poll(A, New(one))
    two = post("two", B, minutes=1, keys=(LINK,), link_key=LINK)
    world.poll(B, Duplicate(two, one.id, leads=True))
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
    for name in ("published", "updated", "first_seen", "categories", "dropped"):
        assert getattr(first, name) == getattr(one, name), name
    assert (first.story, first.story_published, first.story_position) == (one.id, two.published, 0)


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
    assert world.poll(A, Rejected(dropped, "rules.0"), now=NOW + 3 * HOUR) == Committed(frozenset({"world"}))
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
    assert world.poll(B, Duplicate(copy, one.id, leads=True)) == Committed(frozenset({"news", "world"}))
    assert world.shown() == [(late.id, ["late"]), (early.id, ["early"]), (one.id, ["one", "copy"])]
    assert world.shown("world") == [(one.id, ["one", "copy"])]

    hidden = replace(copy, dropped="rules.0")
    world.poll(B, Rejected(hidden, "rules.0"), now=NOW + HOUR)
    assert world.shown("world") == []
    assert world.shown("news")[-1] == (one.id, ["one"])


def test_a_duplicate_that_does_not_lead_leaves_the_date(world):
    """The story stays where it is when a later copy joins."""
    world.sync(source(A), source(B))
    one, other = post("one", minutes=2), post("other", minutes=3)
    world.poll(A, New(one), New(other))
    world.poll(B, Duplicate(post("copy", B, minutes=9), one.id, leads=False))
    assert world.shown() == [(other.id, ["other"]), (one.id, ["one", "copy"])]


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
        leases[B], Duplicate(copy, one.id, False), judged={key: frozenset({one.id}) for key in copy.keys}
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
        Duplicate(post("two", B, categories=("fresh",)), "urn:no-such-story", leads=False),
        Duplicate(post("one", B), "tag:example,2026:one", leads=False),
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
    world.poll(B, Duplicate(two, one.id, leads=False))
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


@pytest.mark.parametrize("withdrawing", [A, B])
def test_a_withdrawn_link_ties_no_story(world, withdrawing):
    """Two shows that link every episode to one page told different things all along: both are shown."""
    world.sync(source(A), source(B))
    one, two = post("one", minutes=2, keys=("g1:one", LINK)), post("two", B, minutes=1, keys=("g1:two", LINK))
    world.poll(A, New(one))
    world.poll(B, Duplicate(two, one.id, leads=True))
    assert world.shown() == [(one.id, ["one", "two"])]
    parted = world.poll(withdrawing, withdrawn=frozenset({LINK}), now=NOW + HOUR)
    assert parted == Committed(frozenset({"news"}))
    assert world.shown() == [(one.id, ["one"]), (two.id, ["two"])]


def test_a_changed_post_has_its_new_keys_only(world):
    """`Changed` carries the whole new state, keys included."""
    world.sync(source(A))
    one = post("one", keys=("g1:one", LINK))
    world.poll(A, New(one))
    world.poll(A, Changed(replace(one, keys=("g1:one", "u1:other"))), now=NOW + HOUR)
    known = world.store.polls.known(Lookup(A, frozenset({LINK, "u1:other"})))
    assert set(known.by_key) == {"u1:other"}


def test_entries_that_could_not_be_read_are_those_of_the_last_poll(world):
    """The operator sees what the last body had, not what an older one had."""
    world.sync(source(A))
    unread = (UnreadEntry(3, "no title, no link, no text"),)
    world.poll(A, unread=unread)
    assert world.store.sources.sources()[0].unread == unread
    world.poll(A, now=NOW + HOUR)
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
        return outcome(lease, Duplicate(post("two", B), one.id, leads=False))

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
