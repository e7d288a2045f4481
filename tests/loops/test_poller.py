"""Loop one: whatever happens in one poll ends in one outcome, and stays in that poll."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.errors import StoreError
from aggregator.model import (
    Duplicate,
    FetchFailed,
    Hints,
    New,
    NotModified,
    Sent,
    Validators,
)
from aggregator.poller import POLLS_PER_EXCHANGE
from tests.fakes import ScriptedFetcher
from tests.loops.scene import InThisThread, Scene, Waiting, body, telling_shared, until, url
from tests.pipeline.given import HOUR, fetched, item, rss


class Broken:
    """A fetcher or reader that fails at one source, and does its work at others."""

    def __init__(self, inner, name, fault):
        self._inner, self._url, self._fault = inner, url(name), fault

    async def fetch(self, lease, /):
        return await self._or_fail("fetch", lease)

    async def read(self, lease, fetched, now, /):
        return await self._or_fail("read", lease, fetched, now)

    async def _or_fail(self, method, lease, *more):
        if lease.source.url == self._url:
            raise self._fault
        return await getattr(self._inner, method)(lease, *more)


def run(main):
    return asyncio.run(asyncio.wait_for(main, 30))


class TakingTime(ScriptedFetcher):
    """One that takes its time: a quarter of a second of the clock."""

    clock = None

    async def fetch(self, lease, /):
        result = await super().fetch(lease)
        self.clock.advance(seconds=0.25)
        return result


def test_how_long_an_exchange_took_is_noted():
    """From the first question to the last byte, kept with its outcome."""
    fetcher = TakingTime({url("a"): [body("a")]})
    scene = Scene("a", fetcher=fetcher)
    fetcher.clock = scene.clock
    run(scene.finish())
    [outcome] = scene.outcomes
    assert outcome.exchange.took == timedelta(seconds=0.25)
    assert scene.store.sources.exchanges(url("a")) == [outcome.exchange]


def test_what_is_due_is_polled_once():
    """Each source gives one outcome, its posts are stored, its lease is over, and it is not due again."""
    scene = Scene("a", "b", "c")

    async def main():
        assert await scene.finish() == 3
        assert await scene.finish() == 0

    run(main())
    assert sorted(o.lease.source.url for o in scene.outcomes) == [url("a"), url("b"), url("c")]
    assert scene.results() == dict.fromkeys("abc", "1 new")
    assert sorted(scene.stories()) == [["a"], ["b"], ["c"]]
    assert not scene.leased()
    assert len(scene.fetcher.asked) == 3


def test_nothing_to_wait_for():
    """Waiting for a poll to end is over at once where none is under way."""
    scene = Scene()

    async def main():
        await scene.poller.any_ended()
        assert await scene.poller.start_due() == 0
        assert await scene.poller.stop(1) == 0

    run(main())


def test_never_more_at_once_than_asked_for():
    """`polling.concurrency` bounds what is under way; a freed place is filled, an edit counts at once."""
    scene = Scene(*"abcdefgh", fetcher=Waiting(), concurrency=3)

    async def main():
        assert await scene.poller.start_due() == 3
        assert await scene.poller.start_due() == 0
        assert scene.poller.running == 3
        await until(lambda: scene.fetcher.under_way.total() == 3)
        scene.fetcher.let_go("b")
        await scene.poller.any_ended()
        assert await scene.poller.start_due() == 1
        await until(lambda: scene.fetcher.under_way.total() == 3)
        assert scene.fetcher.most == 3
        scene.poller.polling = scene.polling.__class__(concurrency=5)
        assert await scene.poller.start_due() == 2
        await scene.poller.stop(0)

    run(main())


def test_two_who_start_polls_share_one_limit():
    """The tick and the end of a poll may both look for due sources at the same moment."""
    scene = Scene(*"abcdefgh", fetcher=Waiting(), concurrency=3)

    async def main():
        started = await asyncio.gather(*(scene.poller.start_due() for _ in range(4)))
        assert sum(started) == 3
        await scene.poller.stop(0)

    run(main())


def test_what_to_poll_is_passed_on():
    """A round that asks every source once says so to the store, which would give them again and again."""
    scene = Scene("a", "b", min_interval=timedelta(0), per_host_gap=timedelta(0))

    async def main():
        await scene.finish()
        assert await scene.finish() == 0
        started = scene.clock.advance(seconds=1)
        assert await scene.finish(everything=True, not_since=started) == 2
        assert await scene.finish(everything=True, not_since=started) == 0
        assert await scene.finish(everything=True) == 2

    run(main())


def test_a_stale_outcome_is_decided_again():
    """Another source tells the same story between look and commit: ours joins it, and is read only once."""
    scene = Scene("a", "b", concurrency=1)
    scene.fetcher.say(url("a"), telling_shared("a"))
    scene.polls.before("commit", scene.slips_in("b"))
    run(scene.finish())
    assert (scene.polls.times("known"), scene.polls.times("commit")) == (2, 2)
    assert [type(v) for o in scene.outcomes for v in o.verdicts] == [Duplicate]
    assert scene.stories() == [["b", "a"]]
    assert len(scene.reader.read_as) == 1
    assert not scene.leased()


def test_the_fourth_time_nobody_comes_between():
    """An outcome that was stale three times is decided and written in one step."""
    scene = Scene("a", "b", "c", "d", concurrency=1)
    scene.fetcher.say(url("a"), telling_shared("a"))
    scene.polls.before("commit", *(scene.slips_in(name) for name in "bcd"))
    run(scene.finish())
    methods = [name for name, _ in scene.polls.called if name not in ("lease_due", "items")]
    assert methods == ["known", "commit"] * 3 + ["commit_locked"]
    assert scene.stories() == [["b", "c", "d", "a"]]
    assert [type(v) for o in scene.outcomes for v in o.verdicts] == [Duplicate]
    assert scene.results()["a"] == "1 duplicate"
    assert not scene.leased()


def test_the_whole_is_asked_for_when_it_is_time():
    """Half a year of nothing but 304: the lease that is fetched and decided leaves its validators at home."""
    scene = Scene("a")
    row = scene.store.data.sources[url("a")]
    row.memory = replace(
        row.memory, validators=Validators('"x"'), whole=scene.clock.now() - timedelta(days=200)
    )
    scene.fetcher.say(url("a"), NotModified(Validators(), Hints(), sent=Sent()))

    async def main():
        await scene.finish()
        scene.clock.advance(days=2)
        await scene.finish()

    run(main())
    assert [lease.conditional for lease in scene.fetcher.asked] == [False, True]
    assert [outcome.lease.conditional for outcome in scene.outcomes] == [False, True]


class Slow:
    """A reader that reads when it is let go."""

    def __init__(self, inner):
        self.inner, self.go, self.asked = inner, asyncio.Event(), []

    async def read(self, lease, fetched, now, /):
        self.asked.append(lease.source.url)
        await self.go.wait()
        return await self.inner.read(lease, fetched, now)


def test_what_waits_to_be_read_keeps_nobody_from_being_asked():
    """`concurrency` counts exchanges; what has come is bounded too, but not by that."""
    names = [str(n) for n in range(POLLS_PER_EXCHANGE + 2)]
    scene = Scene(*names, concurrency=1)
    reader = scene.poller._reader = Slow(scene.reader)

    async def main():
        while await scene.poller.start_due():
            await until(lambda: len(reader.asked) == scene.poller.running)
        assert scene.poller.running == POLLS_PER_EXCHANGE == len(reader.asked)
        reader.go.set()
        while scene.poller.running or await scene.poller.start_due():
            await scene.poller.any_ended()

    run(main())
    assert set(scene.results().values()) == {"1 new"}


def test_a_page_that_is_no_feed_is_read_once():
    """Nothing of ours failed."""
    scene = Scene("a")
    scene.fetcher.say(url("a"), fetched(b"<html><title>x</title></html>", url=url("a")))
    run(scene.finish())
    assert scene.results() == {"a": "unreadable"}
    assert len(scene.reader.read_as) == 1


class Pages(ScriptedFetcher):
    """Answers what is asked for, be it the source or an older page."""

    async def fetch(self, lease, /):
        self.asked.append(lease)
        results = self.script[lease.url]
        return results.pop(0) if len(results) > 1 else results[0]


def test_what_was_missed_is_fetched():
    """An overrun asks for the older page; its posts are stored, and its source's next poll is its own."""
    scene = Scene("a", fetcher=Pages(), per_host_gap=timedelta(0))
    dated = {"date": "Tue, 24 Nov 2026 11:00:00 GMT"}
    older = "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='/2'/>"
    page = fetched(rss(item("2", **dated), item("1")), url="https://a.example/2")
    scene.fetcher.say(
        url("a"), body("a", item("1")), fetched(rss(item("3", **dated), extra=older), url=url("a"))
    )
    scene.fetcher.say("https://a.example/2", page)

    async def main():
        await scene.finish()
        scene.clock.advance(days=1)
        assert await scene.finish() == 1
        [before] = scene.store.sources.sources()
        scene.clock.advance(seconds=1)
        assert await scene.finish() == 1
        [after] = scene.store.sources.sources()
        assert (after.memory, after.due) == (before.memory, before.due)

    run(main())
    assert [outcome.result for outcome in scene.outcomes] == ["", "", "1 new"]
    assert [lease.url for lease in scene.fetcher.asked] == [url("a"), url("a"), "https://a.example/2"]
    assert not scene.fetcher.asked[-1].conditional
    assert scene.store.sources.sources()[0].posts == 3


def test_an_edited_source_is_read_again():
    """Its posts are what the new definition makes of the body that was fetched under the old one."""
    scene = Scene("a")
    scene.polls.before(
        "commit", lambda *_: scene.configure(definition="d2", tags=("edited",), categories=("news", "more"))
    )
    run(scene.finish())
    assert scene.reader.read_as == ["d1", "d2"]
    assert len(scene.fetcher.asked) == 1
    [verdict] = scene.outcomes[0].verdicts
    assert (verdict.post.tags, verdict.post.categories) == (("edited",), ("news", "more"))
    assert scene.outcomes[0].lease.source.definition == "d2"


def test_an_edit_makes_a_known_body_worth_reading():
    """The same body as last time is not read, unless an edit comes in between."""
    scene = Scene("a")

    async def main():
        await scene.finish()
        scene.clock.advance(days=1)
        await scene.finish()
        assert scene.reader.read_as == ["d1"]
        assert scene.results() == {"a": "same body"}
        scene.clock.advance(days=1)
        scene.polls.before("commit", lambda *_: scene.configure(definition="d2", tags=("edited",)))
        await scene.finish()

    run(main())
    assert scene.reader.read_as == ["d1", "d2"]
    assert scene.results() == {"a": "1 changed"}


def test_a_source_that_is_edited_all_the_time_is_left_for_later(caplog):
    """Four edits in one poll end it without an outcome and without a lease that nobody holds."""
    scene = Scene("a")
    edits = [lambda *_, n=n: scene.configure(definition=f"e{n}") for n in range(4)]
    scene.polls.before("commit", *edits[:3])
    scene.polls.before("commit_locked", edits[3])
    run(scene.finish())
    assert scene.outcomes == []
    assert not scene.leased()
    assert "its configuration changes faster than it is read" in caplog.text


@pytest.mark.parametrize("how", ["restart", "removed"])
def test_a_lost_lease_writes_nothing(how, caplog):
    """Whoever lost its lease, to another process or to an edit of the file, leaves no trace and no noise."""
    caplog.set_level(logging.INFO)
    scene = Scene("a", "b")
    loses = {
        "restart": lambda *_: scene.store.restart(),
        "removed": lambda *_: scene.configure("b"),
    }
    scene.fetcher.say(url("b"), FetchFailed("dns", "x"))
    scene.polls.before("commit", loses[how])  # both have been asked by then, none has committed

    async def main():
        asyncio.get_running_loop().set_default_executor(InThisThread())
        await scene.finish()

    run(main())
    assert scene.results()["a"] == ""
    assert scene.stories() == []
    assert not scene.leased()
    assert [o.lease.source.url for o in scene.outcomes] == ([url("b")] if how == "removed" else [])
    assert "lease lost source=https://a.example/feed.xml" in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize("part", ["fetcher", "reader", "known", "commit"])
def test_a_fault_of_ours_stays_in_its_poll(part, caplog):
    """It counts as a failure of that source, which backs off, and its neighbours are polled as ever."""
    scene = Scene("a", "b", "c")
    fault = ZeroDivisionError("oops")
    if part in ("fetcher", "reader"):
        setattr(scene.poller, f"_{part}", Broken(getattr(scene, part), "b", fault))
    else:

        def fail_for_b(subject, *_):
            urls = {o.lease.source.url for o in subject} if part == "commit" else {subject.source}
            written = [v for o in subject for v in o.verdicts] if part == "commit" else [subject.keys]
            if url("b") in urls and any(written):
                raise fault

        scene.polls.before(part, *[fail_for_b] * 9)
    run(scene.finish())
    assert scene.results() == {"a": "1 new", "b": "fault", "c": "1 new"}
    [failed] = [o for o in scene.outcomes if o.lease.source.url == url("b")]
    assert (failed.memory.failures, failed.memory.last_error) == (1, "ZeroDivisionError: oops")
    assert failed.due.at >= scene.clock.now() + HOUR
    assert not scene.leased()
    assert "fault while polling https://b.example/feed.xml" in caplog.text
    assert sorted(scene.stories()) == [["a"], ["c"]]


def test_a_fault_that_cannot_even_be_noted(caplog):
    """Where the store fails at every commit, the lease is given back and the others go on."""
    scene = Scene("a", "b")

    def fail_for_b(outcomes, _):
        if any(outcome.lease.source.url == url("b") for outcome in outcomes):
            raise ZeroDivisionError("always")

    scene.polls.before("commit", *[fail_for_b] * 9)
    run(scene.finish())
    assert scene.results() == {"a": "1 new", "b": ""}
    assert not scene.leased()
    assert "fault while noting the fault of https://b.example/feed.xml" in caplog.text


def test_a_report_that_fails_harms_no_poll(caplog):
    """What was committed stays committed, whatever becomes of the line in the log."""
    scene = Scene("a", "b")

    def report(outcome):
        if outcome.lease.source.url == url("a"):
            raise ZeroDivisionError("cannot say it")
        scene.outcomes.append(outcome)

    scene.poller._report = report
    run(scene.finish())
    assert scene.results() == {"a": "1 new", "b": "1 new"}
    assert not scene.leased()
    assert "cannot say it" in caplog.text


def test_trouble_of_the_store_shows_at_the_source(caplog):
    """Where only this outcome could not be stored, the poll counts as failed, and its posts come later."""
    scene = Scene("a", min_interval=HOUR)
    scene.polls.before("commit", *[StoreError("it does not fit")] * 2)  # in its batch, and alone

    async def main():
        await scene.finish()
        assert scene.results() == {"a": "fault"}
        assert not scene.leased()
        scene.clock.advance(days=1)
        await scene.finish()

    run(main())
    assert [o.memory.last_error for o in scene.outcomes] == ["it does not fit", ""]
    assert scene.stories() == [["a"]]
    assert "cannot store the poll of https://a.example/feed.xml: it does not fit" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


def test_a_full_disk_loses_nothing_and_polls_nothing_early(caplog):
    """A poll of which nothing can be stored gives its lease back; its posts come after its floor."""
    scene = Scene("a", min_interval=HOUR)
    scene.polls.before("commit", *[StoreError("the disk is full")] * 4)

    async def main():
        await scene.finish()
        assert scene.outcomes == []
        assert not scene.leased()
        assert scene.results() == {"a": ""}
        assert await scene.finish() == 0
        scene.clock.advance(hours=1)
        assert await scene.finish() == 1

    run(main())
    assert "cannot store the poll of https://a.example/feed.xml: the disk is full" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]
    assert scene.results() == {"a": "1 new"}


def test_one_unwritable_outcome_does_not_cost_its_batch():
    """A batch that fails is written outcome by outcome, so that only the bad one is lost."""
    scene = Scene(*"abcde")
    sizes = []

    def refuse(outcomes, _):
        sizes.append(len(outcomes))
        if any(o.lease.source.url == url("c") and o.verdicts for o in outcomes):
            raise ZeroDivisionError("cannot be written")

    scene.polls.before("commit", *[refuse] * 9)

    async def main():
        asyncio.get_running_loop().set_default_executor(InThisThread())
        await scene.finish()

    run(main())
    assert sizes[:6] == [5, 1, 1, 1, 1, 1]
    assert scene.results() == {**dict.fromkeys("abde", "1 new"), "c": "fault"}
    assert not scene.leased()


def test_outcomes_of_one_batch_see_each_other():
    """Two sources that tell one story at the same moment make one story of it."""
    scene = Scene("a", "b")
    for name in "ab":
        scene.fetcher.say(url(name), telling_shared(name))

    async def main():
        asyncio.get_running_loop().set_default_executor(InThisThread())
        await scene.finish()

    run(main())
    assert scene.stories() == [["a", "b"]]
    assert sorted(type(v).__name__ for o in scene.outcomes for v in o.verdicts) == ["Duplicate", "New"]


def test_stopping_lets_polls_finish():
    """What is under way at a stop is written, and nothing is cut short that ends in time."""
    scene = Scene("a", "b", fetcher=Waiting())

    async def main():
        await scene.poller.start_due()
        await until(lambda: scene.fetcher.under_way.total() == 2)
        stopping = asyncio.create_task(scene.poller.stop(20))
        scene.fetcher.let_go("a")
        scene.fetcher.let_go("b")
        assert await stopping == 0

    run(main())
    assert scene.results() == {"a": "1 new", "b": "1 new"}
    assert scene.fetcher.cancelled == []


def test_stopping_cuts_the_others_short():
    """A poll that does not end in time gives its lease back, and waits for its floor like any other."""
    scene = Scene("a", "b", fetcher=Waiting(), min_interval=HOUR)

    async def main():
        await scene.poller.start_due()
        await until(lambda: scene.fetcher.under_way.total() == 2)
        scene.fetcher.let_go("a")
        await until(lambda: scene.poller.running == 1)
        assert await scene.poller.stop(0) == 1
        assert scene.poller.running == 0

    run(main())
    assert scene.fetcher.cancelled == [url("b")]
    assert scene.results() == {"a": "1 new", "b": ""}
    assert not scene.leased()
    assert [given[0].source.url for name, given in scene.polls.called if name == "give_back"] == [url("b")]
    assert scene.store.polls.lease_due(scene.clock.advance(minutes=59), 9) == []
    assert [lease.source.url for lease in scene.store.polls.lease_due(scene.clock.advance(minutes=1), 9)] == [
        url("b")
    ]


def test_nothing_starts_during_a_stop():
    """A tick that comes while polls are finishing leases nothing that nobody would poll."""
    scene = Scene("a", "b", fetcher=Waiting(), concurrency=1)

    async def main():
        await scene.poller.start_due()
        await until(lambda: scene.fetcher.under_way.total() == 1)
        stopping = asyncio.create_task(scene.poller.stop(20))
        await asyncio.sleep(0)
        late = asyncio.create_task(scene.poller.start_due())
        scene.fetcher.let_go("a")
        await stopping
        assert not late.done()
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)

    run(main())


def test_owed_leases_are_given_back_later():
    """A lease that the store could not take back goes back before anything else is leased."""
    scene = Scene("a", "b", min_interval=HOUR)
    full = StoreError("the disk is full")
    scene.fetcher.say(url("b"), FetchFailed("dns", "x"))
    scene.polls.before("commit", *[full] * 99)
    scene.polls.before("give_back", *[full] * 3)

    async def main():
        await scene.finish()
        scene.polls.hooks["commit"].clear()
        assert scene.leased() == {"a", "b"}
        with pytest.raises(StoreError):
            await scene.finish()  # the store is still in trouble, and its caller says so
        assert scene.leased() == {"a", "b"}
        assert await scene.finish() == 0
        assert not scene.leased()
        scene.clock.advance(hours=1)
        assert await scene.finish() == 2

    run(main())
    assert scene.results() == {"a": "1 new", "b": "dns"}


def test_trouble_while_leasing_is_the_callers():
    """The daemon says that the store is in trouble, and tries again at the next tick."""
    scene = Scene("a")
    scene.polls.before("lease_due", StoreError("locked"))

    async def main():
        with pytest.raises(StoreError):
            await scene.poller.start_due()
        assert await scene.finish() == 1

    run(main())


def test_failures_and_successes_take_turns():
    """A source that fails backs off and recovers without a word to its neighbours."""
    scene = Scene("a", "b")
    scene.fetcher.say(url("a"), FetchFailed("timeout", "30 s"), FetchFailed("dns", "no name"), body("a"))

    async def main():
        seen = []
        for _ in range(3):
            await scene.finish()
            seen.append(scene.results()["a"])
            scene.clock.advance(days=1)
        assert seen == ["timeout", "dns", "1 new"]

    run(main())
    failures = [o.memory.failures for o in scene.outcomes if o.lease.source.url == url("a")]
    assert failures == [1, 2, 0]
    assert [type(v) for o in scene.outcomes for v in o.verdicts].count(New) == 2


def test_a_process_that_was_stopped_asks_nobody():
    """What it leased long ago may be somebody else's by now: it is given back, and asked when it is due."""
    scene = Scene("a")

    async def main():
        assert await scene.poller.start_due() == 1
        scene.clock.advance(seconds=31)
        while scene.poller.running:
            await scene.poller.any_ended()
        assert scene.fetcher.asked == []
        assert not scene.leased()
        scene.clock.advance(hours=1)
        assert await scene.finish() == 1

    run(main())
    assert scene.results() == {"a": "1 new"}


def test_a_document_is_read_again_where_its_posts_are_to_be_compared_after_all():
    """Every category kept near duplicates when it was leased, and one merges them by now."""
    scene = Scene("a")

    def configure(near_duplicates):
        scene.near_duplicates = near_duplicates
        scene.configure()

    configure("keep")
    scene.polls.before("commit", lambda *_: configure("merge"))
    run(scene.finish())
    assert scene.reader.compared == [False, True]
    assert scene.results()["a"] == "1 new"
