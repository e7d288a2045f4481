"""A guid that changes hands from poll to poll, on one store: nobody's document fails for it."""

from datetime import timedelta

from aggregator import pipeline
from aggregator.model import Committed, Config, Polling
from tests.fakes import MemoryStore
from tests.pipeline.given import NOW, decide, fetched, item, kinds, rss, source


def test_an_id_that_was_minted_today_is_minted_for_nobody_else():
    """The key that made it leads to it no more, once the post has another link."""
    store, now = MemoryStore(NOW), NOW
    store.polls.sync(Config(sources=(source(),), polling=Polling()), NOW)
    first = item("1", guid="x", link="https://a.example/1")
    second = item("2", guid="x", link="https://a.example/2")
    came = []
    for items in ([first], [second], [second, first, item("3")]):
        [lease] = store.polls.lease_due(now, 1)
        body = fetched(rss(*items))
        reading = pipeline.read(lease, body, now, store.site)
        known = store.polls.known(pipeline.lookup(lease, reading, now))
        outcome = decide(lease, body, reading, known, now=now)
        assert isinstance(store.polls.commit([outcome], now)[0], Committed)
        came.append(kinds(outcome))
        now += timedelta(hours=5)
    assert came == [["New"], ["Changed"], ["Unchanged", "New", "New"]]
    assert len(store.posts.newest(None, 9)) == 3
