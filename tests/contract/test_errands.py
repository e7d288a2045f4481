"""`ports.PollStore`: errands, which are leased, paced, fenced and committed like polls."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import (
    BodyHints,
    Committed,
    Errand,
    ErrandStatus,
    LeaseLost,
    Memory,
    New,
    Polling,
    Stale,
    UnreadEntry,
)
from tests.contract.made import HOUR, NOW, SECOND, A, B, outcome, post, source

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
PAGE = "https://a.example/feed?page=2"
NEXT = "https://a.example/feed?page=3"
FAR = "https://archive.example/feed?page=2"
LATER = NOW + SECOND  # the gap after the poll that asks for them


def errand(url=PAGE, due=NOW, **said):
    return Errand("archive", url, due, **said)


def asked(world, *errands, memory=None, **said):
    """A source at A, due again in a day, whose poll has asked for these errands."""
    world.sync(source(A, **said))
    world.poll(A, errands=errands, due=DAY, memory=memory)


def lease(world, now=LATER, **said):
    """The errand that is leased now; nothing else is."""
    (found,) = world.store.polls.lease_due(now, 9, **said)
    assert found.errand is not None
    return found


def commit(world, held, *verdicts, now=LATER, **said):
    """End an errand; what the commit said."""
    return world.store.polls.commit([outcome(held, *verdicts, at=now, **said)], now)[0]


def errands(world):
    """What operators see of the errands of the first source."""
    return world.store.sources.sources()[0].errands


def test_an_errand_is_leased_with_the_memory_of_its_source(world):
    """It waits for the gap of its host like anything else; its URL is what is asked for."""
    memory = Memory(last_poll=NOW, rhythm=HOUR)
    wanted = errand(since=NOW - DAY, pages=3, attempts=1)
    asked(world, wanted, memory=memory)
    assert world.store.polls.next_due(NOW) == LATER
    assert not world.lease()
    held = lease(world)
    assert (held.errand, held.url, held.memory, held.source.url) == (wanted, PAGE, memory, A)
    assert (held.added, held.first_url) == (NOW, A)
    assert not world.lease(LATER + 5 * SECOND)


def test_an_errand_ends_without_a_trace_in_its_source(world):
    """Its posts are stored; memory, next poll and unread entries stay; people see the result."""
    world.sync(source(A))
    unread = (UnreadEntry(1, "no title"),)
    world.poll(A, errands=(errand(),), due=DAY, unread=unread)
    before = world.store.sources.sources()[0]
    held = lease(world)
    said = {"result": "1 new", "memory": Memory(failures=9, gone=True), "unread": (), "due": 5 * SECOND}
    assert commit(world, held, New(post("one")), **said) == Committed(frozenset({"news"}))
    assert world.shown() == [(post("one").id, ["one"])]
    after = world.store.sources.sources()[0]
    assert (after.memory, after.due, after.unread) == (before.memory, before.due, unread)
    assert [(e.errand.url, e.result, e.ended) for e in after.errands] == [(PAGE, "1 new", LATER)]
    assert not world.lease(NOW + DAY - SECOND, everything=False)
    assert commit(world, held) == LeaseLost()


def test_earliest_first_and_no_more_than_asked_for(world):
    """Polls and errands come in one order, and `limit` counts both."""
    world.sync(source(A), source(B))
    world.poll(A, errands=(errand(FAR, NOW + 2 * HOUR), errand(PAGE, NOW + HOUR)), due=5 * HOUR)
    world.poll(B, due=90 * MINUTE)
    late = NOW + 3 * HOUR
    assert [held.url for held in world.store.polls.lease_due(late, 2)] == [PAGE, B]
    assert [held.url for held in world.store.polls.lease_due(late, 2)] == [FAR]


@pytest.mark.parametrize(("per_host", "first"), [(1, [A]), (2, [A, PAGE])])
def test_polls_and_errands_share_the_slots_of_a_host(world, per_host, first):
    """A poll is due before the errand here; they are under way together only where there are two slots."""
    polling = Polling(per_host=per_host, per_host_gap=timedelta(0))
    world.sync(source(A), polling=polling)
    world.poll(A, errands=(errand(PAGE, NOW + 2 * HOUR), errand(NEXT, NOW + 3 * HOUR)), due=HOUR)
    late = NOW + 4 * HOUR
    held = world.store.polls.lease_due(late, 9)
    assert [each.url for each in held] == first
    assert not world.store.polls.lease_due(late, 9)
    assert world.store.polls.next_due(late) is None
    commit(world, held[0], now=late)
    assert len(world.store.polls.lease_due(late, 9)) == 1


def test_an_errand_keeps_the_host_of_its_url_busy(world):
    """Not that of its source; a gap follows it, and a pause that it brings is that host's."""
    world.sync(source(A), source(FAR))
    world.poll(FAR, due=HOUR)
    world.poll(A, errands=(errand(FAR),), due=HOUR)
    held = lease(world)
    until = NOW + 9 * HOUR
    assert set(world.lease(NOW + HOUR)) == {A}
    world.store.polls.commit([outcome(held, pause_host_until=until)], NOW + HOUR)
    assert [s.host_paused_until for s in world.store.sources.sources()] == [None, until]
    assert world.store.polls.next_due(NOW + HOUR) == until


def test_a_paused_host_pauses_errands(world):
    """And so does what the source was told by Retry-After, which may be the source's alone."""
    world.sync(source(A))
    until = NOW + 9 * HOUR
    world.poll(A, errands=(errand(),), due=DAY, pause_host_until=until)
    assert world.store.polls.next_due(NOW) == until
    assert not world.lease(until - SECOND)
    commit(world, lease(world, until), now=until)
    memory = Memory(last_poll=NOW, retry_after=NOW + 30 * HOUR)
    world.poll(A, now=NOW + DAY, memory=memory, errands=(errand(NEXT),), due=DAY)
    assert world.store.polls.next_due(NOW + DAY) == NOW + 30 * HOUR
    assert not world.lease(NOW + 30 * HOUR - SECOND)
    assert lease(world, NOW + 30 * HOUR).url == NEXT


def test_errands_keep_excluded_hours_free(world):
    """NOW is ten o'clock, and at eleven nobody is to come; who insists may."""
    eleven = NOW.replace(hour=11, minute=0, second=0, microsecond=0)
    memory = Memory(last_poll=NOW, hints=BodyHints(skip_hours=frozenset({11})))
    asked(world, errand(due=eleven), memory=memory)
    assert not world.lease(eleven)
    assert world.store.polls.next_due(eleven) == eleven + HOUR
    world.sync(source(A, insist=True))
    assert lease(world, eleven).url == PAGE


@pytest.mark.parametrize("state", ["paused", "gone", "removed"])
def test_errands_of_who_is_not_polled_wait_or_go(world, state):
    """A paused or gone source sends nobody anywhere; those of a removed one are dropped."""
    asked(world, errand(), memory=Memory(last_poll=NOW, gone=state == "gone"))
    if state != "gone":
        world.sync(*[source(A, paused=True)] * (state == "paused"))
    late = NOW + 10 * DAY
    assert not world.lease(late)
    assert world.store.polls.next_due(late) is None
    assert len(errands(world)) == (state != "removed")
    world.sync(source(A), now=late)
    urls = {PAGE: state == "paused", A: state == "removed"}
    found = {held.url for held in world.store.polls.lease_due(late, 9)}
    assert found >= {url for url, expected in urls.items() if expected}
    assert (PAGE in found) == (state == "paused")


def test_a_round_runs_what_is_due_and_ends(world):
    """`not_since` holds no errand back; each is leased once for each time that it is due."""
    asked(world, errand())
    held = lease(world, not_since=NOW)
    assert not world.lease(LATER, not_since=NOW, everything=True)
    assert world.store.polls.next_due(LATER, not_since=NOW, everything=True) is None
    follow = errand(NEXT, LATER)
    commit(world, held, errands=(follow, errand(attempts=1, due=LATER + HOUR)), result="status 503")
    assert world.store.polls.next_due(LATER, not_since=NOW) == LATER + SECOND
    assert commit(world, lease(world, LATER + SECOND, not_since=NOW), now=LATER + SECOND)
    assert world.store.polls.next_due(LATER + SECOND, not_since=NOW) == LATER + HOUR
    assert not world.lease(LATER + 2 * SECOND, not_since=NOW, everything=True)


def test_an_errand_that_is_tried_again_says_why(world):
    """The same errand again: it waits as it was asked for, and what came of the last try is seen."""
    asked(world, errand())
    again = errand(due=LATER + MINUTE, attempts=1)
    commit(world, lease(world), errands=(again,), result="status 503")
    assert errands(world) == (ErrandStatus(again, "status 503"),)
    held = lease(world, LATER + MINUTE)
    assert held.errand == again
    assert commit(world, held, now=LATER + MINUTE, result="2 new") == Committed(frozenset())
    assert [(e.result, e.ended) for e in errands(world)] == [("2 new", LATER + MINUTE)]
    world.poll(A, now=NOW + DAY, errands=(errand(due=NOW + DAY),))
    assert errands(world) == (ErrandStatus(errand(due=NOW + DAY)),)


def test_one_that_waits_is_not_hurried(world):
    """Asked for again it waits as long as it had to, and fills the larger of both holes."""
    asked(world, errand(due=NOW + 3 * DAY, since=NOW - 2 * HOUR, pages=4, attempts=2))
    world.poll(A, now=NOW + DAY, errands=(errand(due=NOW + DAY, since=NOW - HOUR, pages=9),), due=9 * DAY)
    merged = errand(due=NOW + 3 * DAY, since=NOW - 2 * HOUR, pages=9)
    assert errands(world) == (ErrandStatus(merged),)
    assert not world.lease(NOW + 3 * DAY - SECOND)
    assert lease(world, NOW + 3 * DAY).errand == merged


def test_one_that_is_under_way_is_left_alone(world):
    """A poll that asks for it meanwhile changes nothing of it."""
    polling = Polling(per_host=2, per_host_gap=timedelta(0))
    world.sync(source(A), polling=polling)
    world.poll(A, errands=(errand(),), due=HOUR)
    (held,) = world.store.polls.lease_due(NOW, 9)
    world.poll(A, now=NOW + HOUR, errands=(errand(due=NOW + HOUR, pages=9),), due=DAY)
    assert not world.lease(NOW + HOUR)
    assert [e.errand.pages for e in errands(world)] == [0]
    assert commit(world, held, now=NOW + HOUR, result="done") == Committed(frozenset())
    assert [e.result for e in errands(world)] == ["done"]
    assert not world.lease(NOW + 2 * HOUR)


@pytest.mark.parametrize(("gap", "wait"), [(SECOND, MINUTE), (5 * MINUTE, 5 * MINUTE)], ids=str)
def test_giving_an_errand_back(world, gap, wait):
    """It is due again in a minute, or when the host allows it; a second time does nothing."""
    world.sync(source(A), polling=Polling(per_host_gap=gap))
    world.poll(A, errands=(errand(),), due=DAY)
    begun = NOW + gap
    held = lease(world, begun)
    world.store.polls.give_back(held, begun)
    assert commit(world, held) == LeaseLost()
    assert world.store.polls.next_due(begun) == begun + wait
    again = lease(world, begun + wait)
    assert again.token > held.token
    world.store.polls.give_back(held, begun + wait)
    assert commit(world, again, now=begun + wait) == Committed(frozenset())


def test_a_crash_in_an_errand_asks_nothing_early(world):
    """Its lease is void, it is due again after an hour, and the old outcome is refused."""
    asked(world, errand())
    old = lease(world)
    world.restart()
    world.sync(source(A))
    assert commit(world, old) == LeaseLost()
    assert world.store.polls.next_due(LATER) == LATER + HOUR
    new = lease(world, LATER + HOUR)
    assert commit(world, old) == LeaseLost()
    assert commit(world, new, now=LATER + HOUR) == Committed(frozenset())


def test_the_outcome_of_an_errand_may_be_stale(world):
    """It keeps its lease then, and nothing is written: not its posts, not what it asks for."""
    asked(world, errand())
    held = lease(world)
    world.sync(source(A, definition="e"))
    result = commit(world, held, New(post("one")), errands=(errand(NEXT),))
    assert result == Stale(replace(held, source=replace(held.source, definition="e")))
    assert (world.shown(), len(errands(world))) == ([], 1)
    held = result.lease
    taken = New(post("two")), New(post("two", keys=()))
    assert isinstance(commit(world, held, *taken, errands=(errand(NEXT),)), Stale)
    assert (world.shown(), len(errands(world))) == ([], 1)
    assert commit(world, held, New(post("two"))) == Committed(frozenset({"news"}))


def test_an_errand_that_outlives_its_source_is_dropped(world):
    """Its outcome is lost; its host is busy until it ends, and then has its gap."""
    world.sync(source(A), source(f"{A}/2"))
    world.poll(A, errands=(errand(),), due=DAY)
    world.poll(f"{A}/2", now=LATER, due=HOUR)
    held = lease(world, LATER + SECOND)
    world.sync(source(f"{A}/2"))
    late = NOW + 2 * HOUR
    assert not world.lease(late)
    assert commit(world, held, New(post("one")), now=late) == LeaseLost()
    assert world.store.polls.next_due(late) == late + SECOND
    assert set(world.lease(late + SECOND)) == {f"{A}/2"}
    assert world.store.sources.sources()[1].errands == ()


def test_an_errand_of_a_source_that_moves(world):
    """The lease ends with the URL; the errand stays, and is asked for again later."""
    asked(world, errand())
    held = lease(world)
    world.sync(source(B, was=A))
    assert commit(world, held) == LeaseLost()
    assert [e.errand.url for e in errands(world)] == [PAGE]
    found = {each.url: each.source.url for each in world.store.polls.lease_due(LATER + HOUR, 9)}
    assert found[PAGE] == B


def test_ended_errands_are_kept_for_a_month(world):
    """Operators see at most ten: those that wait first, then the newest."""
    urls = [f"{A}?page={n}" for n in range(12)]
    polling = Polling(per_host_gap=timedelta(0))
    world.sync(source(A), polling=polling)
    world.poll(A, errands=tuple(errand(url, NOW + n * SECOND) for n, url in enumerate(urls)), due=100 * DAY)
    for n in range(9):
        now = NOW + n * HOUR
        commit(world, world.store.polls.lease_due(now, 1)[0], now=now)
    seen = [e.errand.url for e in errands(world)]
    assert seen == urls[9:] + urls[8:1:-1]
    world.store.housekeep(NOW + 30 * DAY + 5 * HOUR)
    assert [e.errand.url for e in errands(world)] == urls[9:] + urls[8:4:-1]
