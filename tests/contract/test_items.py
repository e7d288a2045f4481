"""`ports.PollStore`: what is known of the items of a document: its polls keep it, other changes forget it."""

from dataclasses import replace
from datetime import timedelta

from aggregator.model import Committed, Errand, Item, Items, New, PostId, Stale, Unchanged
from tests.contract.made import NOW, SECOND, A, B, outcome, post, source
from tests.contract.test_takedown import take

LATER = NOW + SECOND


def items(*names, context="of the feed"):
    """Items of these names, settled."""
    return Items(
        context,
        tuple(
            Item(
                f"digest of {name}", NOW - timedelta(days=n), "published", 100 + n, f"g{n}", "", PostId(name)
            )
            for n, name in enumerate(names)
        ),
    )


def test_what_a_poll_keeps_is_there_for_the_next(world):
    """As it was, of this source alone; also after a restart."""
    world.sync(source(A), source(B))
    assert world.store.polls.items(A) is None
    kept = items("one", "zwei", "三")
    assert isinstance(world.poll(A, New(post("one")), items=kept), Committed)
    world.restart()
    assert world.store.polls.items(A) == kept
    assert world.store.polls.items(B) is None


def test_another_document_takes_the_place_of_the_last(world):
    """A poll that brought none leaves what is kept."""
    world.sync(source(A))
    world.poll(A, items=items("one", "two"), due=timedelta(0))
    world.poll(A, due=timedelta(0), now=NOW + timedelta(hours=1))
    assert world.store.polls.items(A) == items("one", "two")
    world.poll(A, items=items("three"), now=NOW + timedelta(hours=2))
    assert world.store.polls.items(A) == items("three")


def test_an_older_page_may_bring_what_has_to_do_with_them(world):
    """So they are forgotten; not by a page that brought nothing."""
    wanted = [Errand("archive", f"https://a.example/feed?page={n}", NOW) for n in (2, 3)]
    world.sync(source(A))
    world.poll(A, New(post("one")), items=items("one"), errands=tuple(wanted), due=timedelta(days=1))
    (held,) = world.store.polls.lease_due(LATER, 1)
    world.store.polls.commit([outcome(held, at=LATER)], LATER)
    assert world.store.polls.items(A) == items("one")
    (held,) = world.store.polls.lease_due(LATER + SECOND, 1)
    world.store.polls.commit([outcome(held, New(post("old")), at=LATER)], LATER)
    assert world.store.polls.items(A) is None


def test_a_takedown_forgets_them(world):
    """A poll that counts on them is told to look again, and counts on none then."""
    world.sync(source(A))
    world.poll(A, New(post("one")), items=items("one"), due=timedelta(0))
    held = world.lease(NOW + timedelta(hours=1))[A]
    held = replace(held, items=world.store.polls.items(A))
    take(world, "one")
    assert world.store.polls.items(A) is None
    (stale,) = world.store.polls.commit([outcome(held, items=items("one"))], NOW)
    assert isinstance(stale, Stale)
    assert stale.lease == replace(held, items=None)
    assert world.store.polls.items(A) is None


def test_a_push_comes_between(world):
    """What it changed is not what a poll has found that began before: nothing is known after either."""
    world.sync(source(A))
    world.poll(A, New(post("one")), items=items("one"), due=timedelta(0))
    begun = NOW + timedelta(hours=1)
    held = replace(world.lease(begun)[A], items=None)  # it reads all
    pushed = world.store.polls.lease_push(A, A, begun)
    (done,) = world.store.polls.commit([outcome(pushed, New(post("two")), at=begun)], begun)
    assert isinstance(done, Committed)
    assert world.store.polls.items(A) is None
    (done,) = world.store.polls.commit([outcome(held, items=items("one"), at=begun)], begun + SECOND)
    assert isinstance(done, Committed)
    assert world.store.polls.items(A) is None


def test_a_push_that_changes_nothing_forgets_nothing(world):
    """It said again what is known."""
    world.sync(source(A))
    world.poll(A, New(post("one")), items=items("one"))
    pushed = world.store.polls.lease_push(A, A, NOW)
    world.store.polls.commit([outcome(pushed, Unchanged(post("one").id))], NOW)
    assert world.store.polls.items(A) == items("one")
