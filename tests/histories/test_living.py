"""Five hundred polls of a source that lives: subscribers see each post once, and each real edit once."""

import pytest

from aggregator.model import Changed, Duplicate, New, Rejected
from aggregator.store import open_store
from tests.histories.reader import World
from tests.histories.simulated import START, LivingSource

POLLS = 500


def live(world, source, polls):
    """Poll so often; every poll must bring what the source knows that it told, and nothing else."""
    for number in range(polls):
        told = source.poll(world.clock.now())
        noticed = world.poll(told.result)
        assert (noticed.new, noticed.edited) == (dict.fromkeys(told.new, 1), dict.fromkeys(told.edited, 1)), (
            f"poll {number}"
        )
        yield told


def in_atom(moment):
    """A date as our documents write it, to the second."""
    return moment.isoformat(timespec="seconds").removesuffix("+00:00")


@pytest.fixture
def world(tmp_path):
    """On a real store."""
    with open_store(str(tmp_path / "s.db"), output=str(tmp_path / "out"), loops=True, now=START) as store:
        with World(store) as world:
            yield world


def test_each_post_and_each_edit_comes_once(world):
    """Whatever the feed does, a subscriber gets new articles and real edits, each once, and nothing else."""
    source = LivingSource(2026)
    for number, told in enumerate(live(world, source, POLLS)):
        written = world.written()
        assert written == {New: told.new, Changed: told.edited, Duplicate: set(), Rejected: set()}
        if number % 50 == 49:
            posts = world.subscriber.posts
            document = {id: dates for id, *dates in world.document()}
            assert document.keys() == posts.keys()
            assert all(
                given.startswith(in_atom(moment))
                for id, dates in document.items()
                for given, moment in zip(dates, (posts[id].published, posts[id].updated), strict=True)
            )
    assert len(source.moves) == 14
    assert len(world.subscriber.posts) == len(source.articles) > 100
