"""`ports.PollStore`: who may tell the same in other words, and what has come since that was looked up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator import dedupe, pipeline
from aggregator.dedupe.shingles import bands
from aggregator.model import (
    Changed,
    Committed,
    Duplicate,
    Fetched,
    Hints,
    Lookup,
    New,
    Output,
    Parting,
    Polling,
    Reading,
    Rejected,
    SourceInfo,
    Stale,
    Validators,
)
from aggregator.syntax import html
from tests.contract.made import HOUR, NOW, A, B, C, outcome, post, source

DAY = timedelta(days=1)
TEXT = (
    "<p>The ferry between the two islands will stop for three weeks in March while its engines are replaced, "
    "the company said. Passengers can use a bus over the new bridge instead, and those who have paid for a "
    "whole year get back what the weeks without a ferry have cost them.</p>"
)


def found(world, *wanted, url=C, since=NOW - DAY, key="e1:new"):
    """The names of the founders that share each of these bands, as a source that never told them sees it."""
    lookup = Lookup(url, frozenset({key}), bands={key: wanted}, seen_since=since)
    by_band = world.store.polls.known(lookup).by_band
    return {band: [candidate.known.guid for candidate in some] for band, some in by_band.items()}


def test_founders_are_found_by_their_bands(world):
    """Each band leads to those that have it, in order of arrival, with what comparing them takes."""
    world.sync(source(A), source(B), source(C))
    one = post("one", bands=(1, 2), content="<p>c</p>", summary="<p>s</p>")
    two = post("two", B, bands=(2, -(2**63)), summary="<p>s</p>", dropped="rules.0", minutes=3)
    world.poll(A, New(one))
    world.poll(B, Rejected(two, "rules.0"))
    assert found(world, 1, 2, 3, -(2**63)) == {1: ["one"], 2: ["one", "two"], -(2**63): ["two"]}
    by_band = world.store.polls.known(Lookup(C, bands={"e1:x": (2,)}, seen_since=NOW - DAY)).by_band
    first, second = by_band[2]
    assert (first.title, first.markup, first.sources) == ("One", "<p>c</p>", frozenset({A}))
    assert (second.title, second.markup, second.known.dropped) == ("Two", "<p>s</p>", "rules.0")
    assert (second.known.story, second.known.published) == (two.id, two.published)


def test_who_only_joined_is_not_found(world):
    """A post is measured against the one that began a story, and joining adds to whose story it is."""
    world.sync(source(A), source(B), source(C))
    world.poll(A, New(post("one", bands=(1,))))
    joins = Duplicate(post("copy", B, bands=(1, 2)), post("one").id, "alike", similarity=0.9)
    world.poll(B, joins, Rejected(post("gone", B, bands=(2,), dropped="x"), "x", post("one").id))
    assert found(world, 1, 2) == {1: ["one"]}
    assert found(world, 1, 2, url=B) == {}
    by_band = world.store.polls.known(Lookup(C, bands={"e1:x": (1,)}, seen_since=NOW - DAY)).by_band
    assert by_band[1][0].sources == {A, B}


def test_nothing_is_looked_for_that_the_source_has(world):
    """A source's own posts are no candidates, and a post that is there already needs none."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one", bands=(1,), keys=("e1:one",))))
    world.poll(B, New(post("two", B, bands=(1,), keys=("e1:two",))))
    assert found(world, 1, url=A) == {1: ["two"]}
    assert found(world, 1, url=A, key="e1:one") == {}
    assert found(world, 1, url=A, key="e1:two") == {1: ["two"]}


def test_an_edit_of_a_founder_gives_it_other_bands(world):
    """Whether a rule drops it at the same time or not; that of another member gives none."""
    world.sync(source(A), source(B))
    one = post("one", bands=(1, 2))
    world.poll(A, New(one))
    world.poll(B, Duplicate(post("copy", B), one.id, "alike"))
    world.poll(A, Changed(replace(one, bands=(2, 3))), now=NOW + HOUR)
    world.poll(B, Changed(post("copy", B, bands=(7,))), now=NOW + HOUR)
    assert found(world, 1, 2, 3, 7) == {2: ["one"], 3: ["one"]}
    dropped = replace(one, bands=(4,), dropped="x")
    world.poll(A, Rejected(dropped, "x", one.id, again=True), now=NOW + 2 * HOUR)
    assert found(world, 1, 2, 3, 4) == {4: ["one"]}


def test_a_parting_makes_a_founder_that_is_found(world):
    """By the bands of its text as it is stored."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one", bands=(1,))))
    world.poll(B, Duplicate(post("two", B, content=TEXT), post("one").id))
    of_text = bands(html.to_text(TEXT))
    assert found(world, *of_text) == {}
    parting = Parting(post("one").id, (post("two").id,))
    world.poll(A, now=NOW + HOUR, partings=(parting,))
    assert found(world, 1, *of_text) == {1: ["one"], **{band: ["two"] for band in of_text}}


def test_bands_of_too_many_say_nothing(world):
    """Daily templates fill one bucket: up to 30 are found, one more and the band is left out."""
    world.sync(source(A))
    every = [post(f"p{n:02}", bands=(1, n + 100)) for n in range(31)]
    world.poll(A, *map(New, every[:30]))
    assert len(found(world, 1)[1]) == 8
    world.poll(A, New(every[30]), now=NOW + HOUR)
    assert found(world, 1, 100, 130) == {100: ["p00"], 130: ["p30"]}


def test_those_that_share_the_most_are_looked_at(world):
    """At most eight for each post, by the bands that they share, then by id."""
    world.sync(source(A))
    world.poll(A, *(New(post(f"p{n:02}", bands=(1, 2) if n > 14 else (1,))) for n in range(20)))
    assert found(world, 1, 2) == {
        1: [f"p{n:02}" for n in (*range(3), *range(15, 20))],
        2: [f"p{n:02}" for n in range(15, 20)],
    }
    own = [New(post(f"own{n:02}", C, bands=(1, 2, 3))) for n in range(9)]
    world.sync(source(A), source(C))
    world.poll(C, *own)
    assert len(found(world, 1, 2)[1]) == 8  # what the source tells itself takes nobody's place


def test_who_came_in_long_ago_is_not_found(world):
    """Candidates are of the last days, and after two weeks their bands are forgotten."""
    world.sync(source(A))
    world.poll(A, New(post("one", bands=(1,))), New(post("two", bands=(1,), first_seen=NOW - 2 * DAY)))
    assert found(world, 1) == {1: ["one"]}
    assert found(world, 1, since=NOW - 2 * DAY) == {1: ["two", "one"][::-1]}
    later = NOW + dedupe.CANDIDATES_SEEN
    world.store.housekeep(later)
    assert found(world, 1, since=None) == {1: ["one"]}
    world.store.housekeep(later + HOUR)
    assert found(world, 1, since=None) == {}


def test_housekeeping_forgets_many(world):
    """More than go into one transaction, and not those of late."""
    world.sync(source(A))
    long_ago = NOW - dedupe.CANDIDATES_SEEN
    old = [post(f"p{n}", bands=(n,), first_seen=long_ago + HOUR) for n in range(450)]
    world.poll(A, *map(New, old), New(post("late", bands=(3, 900))))
    assert found(world, 3, 449, since=None) == {3: ["p3", "late"], 449: ["p449"]}
    world.store.housekeep(NOW + 2 * HOUR)
    assert found(world, *range(450), 900, since=None) == {3: ["late"], 900: ["late"]}


def test_what_is_old_gets_no_bands_again(world):
    """An edit of it is no news."""
    world.sync(source(A))
    ancient = post("ancient", bands=(1,), first_seen=NOW - 15 * DAY)
    world.poll(A, New(ancient), New(post("one", bands=(2,))))
    world.poll(A, Changed(ancient), now=NOW + HOUR)
    assert found(world, 1, 2, since=None) == {2: ["one"]}


def test_retention_takes_the_bands_with_the_content(world):
    """For good, so that they make no band one of too many."""
    world.sync(source(A), output=Output(entries=0), categories=())
    every = [post(f"p{n}", bands=(1,)) for n in range(30)]
    world.poll(A, *map(New, every))
    assert world.store.revisions.purge(NOW + HOUR, 99, 0) == 30
    world.poll(A, *map(Changed, every), New(post("late", bands=(1,))), now=NOW + HOUR)
    assert found(world, 1, since=None) == {1: ["late"]}


@pytest.mark.parametrize("judged", [{1: frozenset()}, {1: frozenset({post("old").id}), 2: frozenset()}])
def test_a_band_that_has_gained_a_founder_makes_stale(world, judged):
    """What was judged without it is judged again; what was judged with it, is not."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("old", bands=(1,))), New(post("late", bands=(1, 2))))
    lease = world.lease()[B]
    new = New(post("copy", B, bands=(1, 2)))
    stale = outcome(lease, new, judged_bands=judged)
    seen = dict.fromkeys((1, 2), frozenset({post("old").id, post("late").id}))
    fine = outcome(lease, new, judged_bands=seen)
    assert world.store.polls.commit([stale], NOW) == [Stale(lease)]
    assert world.store.polls.commit([fine], NOW) == [Committed(frozenset({"news"}))]


def test_what_no_look_would_find_makes_nothing_stale(world):
    """Founders of the source's own, of too many, of long ago, and those behind the nearest."""
    world.sync(source(A), source(B))
    long_ago = NOW - dedupe.CANDIDATES_SEEN - HOUR
    world.poll(
        A,
        *(New(post(f"p{n}", bands=(1,))) for n in range(31)),
        *(New(post(f"q{n}", bands=(2, 3))) for n in range(8)),
        New(post("ancient", bands=(4,), first_seen=long_ago)),
        New(post("z", bands=(2,))),
    )
    world.poll(B, New(post("own", B, bands=(4,))))
    lease = world.lease(NOW + HOUR)[B]
    nearest = frozenset(post(f"q{n}").id for n in range(16))
    judged = {1: frozenset(), 2: nearest, 3: nearest, 4: frozenset()}
    new = New(post("new", B, bands=(1, 2, 3, 4)))
    (done,) = world.store.polls.commit([outcome(lease, new, judged_bands=judged, at=NOW + HOUR)], NOW + HOUR)
    assert done == Committed(frozenset({"news"}))


def test_who_came_in_long_ago_makes_nothing_stale(world):
    """Its bands wait for housekeeping only."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one", bands=(1,))))
    later = NOW + dedupe.CANDIDATES_SEEN + HOUR
    lease = world.lease(later)[B]
    new = outcome(lease, New(post("new", B, bands=(1,))), judged_bands={1: frozenset()}, at=later)
    assert world.store.polls.commit([new], later) == [Committed(frozenset({"news"}))]


COPIES = {
    A: ("Ferry stops in March", TEXT),
    B: ("No boat to the islands for weeks", f"<p>From our correspondent.</p>{TEXT}"),
    C: ("Bridge replaces ferry for a while", TEXT.replace("the company said", "the company has said")),
}


def told(url):
    """What reading a feed gives in which a source tells it its way."""
    title, text = COPIES[url]
    name = url.split("/")[2][0]
    made = post(name, url, title=title, content=text, labels=(), keys=(), categories=())
    (stamped,), _ = dedupe.stamp([made], source(url))
    return Reading(SourceInfo(url, "A title"), (stamped,))


def decided(polls, lease):
    """What a poll that brings it comes to, as the store is now."""
    url, reading = lease.source.url, told(lease.source.url)
    known = polls.known(pipeline.lookup(lease, reading, NOW))
    fetched = Fetched(b"x", "", url, Validators(), Hints())
    return pipeline.decide(lease, fetched, reading, known, Polling(), NOW)


def settled(polls, lease):
    """Decide again, as the poller does, until it is written."""
    for _ in range(4):
        (done,) = polls.commit([decided(polls, lease)], NOW)
        if isinstance(done, Committed):
            return done
    raise AssertionError("stale for ever")


def test_near_copies_in_one_batch_end_in_one_story(world):
    """All are judged before any is there; whoever comes second looks again and joins."""
    world.sync(*map(source, COPIES))
    leases, polls = world.lease(), world.store.polls
    results = polls.commit([decided(polls, leases[url]) for url in COPIES], NOW)
    assert [type(result) for result in results] == [Committed, Stale, Stale]
    for url in (C, B):
        settled(polls, leases[url])
    assert world.shown() == [(post("a").id, ["a", "c", "b"])]


def test_near_copies_through_two_pollers_end_in_one_story(world):
    """Below the lock that keeps the second out so far: what one wrote, the other has not seen."""
    one, two = world.store.polls, world.beside(world.sync(*map(source, COPIES)))
    (first, second) = one.lease_due(NOW, 1)[0], two.lease_due(NOW, 1)[0]
    here, there = decided(one, first), decided(two, second)
    assert isinstance(one.commit([here], NOW)[0], Committed)
    assert isinstance(two.commit([there], NOW)[0], Stale)
    settled(two, second)
    assert world.shown() == [(post("a").id, ["a", "b"])]
    (last,) = one.lease_due(NOW, 1)
    result = one.commit_locked(
        pipeline.lookup(last, told(C), NOW),
        lambda known: pipeline.decide(
            last, Fetched(b"x", "", C, Validators(), Hints()), told(C), known, Polling(), NOW
        ),
        NOW,
    )
    assert isinstance(result, Committed)
    assert world.shown() == [(post("a").id, ["a", "b", "c"])]
