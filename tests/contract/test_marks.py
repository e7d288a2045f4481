"""`ports.DocumentStore`: marks, claims and watermarks."""

from aggregator.model import Changed, New
from tests.contract.made import HOUR, NOW, SECOND, A, B, post, source


def test_a_mark_lives_until_it_is_settled(world):
    """Claimed, released and claimed again, then settled: clean."""
    world.sync(source(A), categories=("news",))
    documents = world.store.documents
    claim = documents.claim(NOW)
    assert (claim.scope, claim.updated, claim.created) == ("news", None, NOW)
    assert documents.claim(NOW).scope is None
    assert documents.claim(NOW) is None
    documents.release(claim)
    again = documents.claim(NOW)
    assert (again.scope, again.mark) == ("news", claim.mark)
    documents.settle(again, NOW)
    assert documents.claim(NOW) is None


def test_a_mark_that_comes_while_rendering_is_not_lost(world):
    """What was marked again since its claim is dirty again once that is settled, and not before."""
    world.sync(source(A), categories=("news",))
    world.dirty()
    one = post("one")
    world.poll(A, New(one))
    claim = world.store.documents.claim(NOW)
    world.poll(A, Changed(one), now=NOW + HOUR)
    assert world.store.documents.claim(NOW).scope is None
    world.store.documents.settle(claim, NOW)
    newer = world.store.documents.claim(NOW)
    assert newer.scope == "news"
    assert newer.mark > claim.mark


def test_the_watermark_never_goes_back(world):
    """`updated` of a scope's documents only grows, and survives."""
    world.sync(source(A), categories=())
    for updated, expected in ((NOW, NOW), (NOW - HOUR, NOW), (NOW + HOUR, NOW + HOUR)):
        world.store.documents.mark_all()
        world.store.documents.settle(world.store.documents.claim(NOW), updated)
        world.restart()
        world.store.documents.mark_all()
        claim = world.store.documents.claim(NOW)
        assert claim.updated == expected
        world.store.documents.release(claim)


def test_what_was_promised_is_never_undercut(world):
    """`updated` is remembered before documents are put, so that no failure takes it back."""
    world.sync(source(A), categories=())
    for promised, expected in ((NOW, NOW), (NOW - HOUR, NOW), (NOW + HOUR, NOW + HOUR)):
        claim = world.store.documents.claim(NOW)
        world.store.documents.promise(claim, promised)
        world.restart()
        world.store.documents.promise(claim, NOW + 9 * HOUR)  # void by now
        again = world.store.documents.claim(NOW)
        assert (again.updated, again.mark) == (expected, claim.mark)
        world.store.documents.release(again)


def test_claims_of_a_dead_process_are_void(world):
    """After a crash the scope can be claimed again, and the old claim settles nothing."""
    world.sync(source(A), categories=())
    old = world.store.documents.claim(NOW)
    world.restart()
    world.store.documents.settle(old, NOW + HOUR)
    new = world.store.documents.claim(NOW)
    assert (new.scope, new.updated) == (None, None)
    world.store.documents.release(old)
    assert world.store.documents.claim(NOW) is None
    world.store.documents.settle(old, NOW + HOUR)
    world.store.documents.settle(new, NOW)
    world.store.documents.mark_all()
    assert world.store.documents.claim(NOW).updated == NOW


def test_whoever_waits_longest_comes_first(world):
    """A category that is marked all the time does not keep another waiting; the site comes last."""
    world.sync(source(A), source(B), categories=("news", "world"))
    world.dirty()
    world.poll(A, New(post("one")), New(post("two", categories=("world",))))
    documents = world.store.documents
    claim = documents.claim(NOW)
    assert claim.scope == "news"
    documents.settle(claim, NOW)
    world.poll(B, New(post("three", B)), now=NOW + SECOND)
    assert world.dirty() == ["world", "news", None]


def test_marking_all_counts_scopes(world):
    """Every category and the site."""
    world.sync(source(A), categories=("news", "world"))
    world.dirty()
    assert world.store.documents.mark_all() == 3
    assert world.dirty() == ["news", "world", None]
