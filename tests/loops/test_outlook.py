"""When documents can change at the earliest, by what the store and the poller say."""

import asyncio

from aggregator.daemon.outlook import Outlook
from tests.loops.scene import Scene, Waiting, until
from tests.pipeline.given import NOW


def run(main):
    return asyncio.run(asyncio.wait_for(main, 30))


def test_next_poll():
    """Until somebody has looked it is now; then it is when the next source is due."""
    scene = Scene("a")
    outlook = Outlook(scene.polls, scene.poller, scene.clock)

    async def main():
        assert outlook.next_change() == NOW
        await scene.finish()
        await outlook.look()

    run(main())
    assert outlook.next_change() == scene.store.polls.next_due(NOW) > NOW


def test_nothing_to_come():
    """Without sources nothing is foreseen, and the store is asked each time, since an edit may bring some."""
    scene = Scene()
    outlook = Outlook(scene.polls, scene.poller, scene.clock)

    async def main():
        await outlook.look()
        assert outlook.next_change() is None
        await outlook.look()

    run(main())
    assert scene.polls.times("next_due") == 2


def test_store_is_asked_no_more_than_needed():
    """Between two polls its answer stands; when that time has come it is asked again."""
    scene = Scene("a")
    outlook = Outlook(scene.polls, scene.poller, scene.clock)

    async def main():
        await scene.finish()
        await outlook.look()
        await outlook.look()
        assert scene.polls.times("next_due") == 1
        scene.clock.advance(seconds=(outlook.next_change() - NOW).total_seconds())
        await outlook.look()
        assert scene.polls.times("next_due") == 2

    run(main())


def test_polls_under_way():
    """They may bring something at any moment, whatever the store says of the others."""
    waiting = Waiting()
    scene = Scene("a", fetcher=waiting)
    outlook = Outlook(scene.polls, scene.poller, scene.clock)

    async def main():
        await scene.poller.start_due()
        await until(lambda: waiting.under_way.total())
        scene.clock.advance(seconds=5)
        assert outlook.next_change() == scene.clock.now() > NOW
        await outlook.look()
        assert scene.polls.times("next_due") == 0
        waiting.let_go("a")
        await scene.finish()
        await outlook.look()

    run(main())
    assert outlook.next_change() > NOW
