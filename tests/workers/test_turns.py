"""Waiting for a place: in order, and without losing one to who gives up."""

import asyncio

from aggregator.workers.turns import Turns


class Scene:
    """Turns, and readers that come, wait, and go when told; `seen` is who got a place, in order."""

    def __init__(self, places=1, most=100.0):
        self.turns, self.seen, self.refused = Turns(places, most=most), [], []
        self._go = {}

    async def come(self, name, cost=1.0):
        """Let one come, and all do what they can now."""
        self._go[name] = asyncio.Event()
        task = asyncio.create_task(self._read(name, cost))
        await self.settle()
        return task

    async def go(self, name):
        self._go[name].set()
        await self.settle()

    async def settle(self):
        for _ in range(5):
            await asyncio.sleep(0)

    async def _read(self, name, cost):
        async with self.turns.turn(cost) as granted:
            (self.seen if granted else self.refused).append(name)
            if granted:
                await self._go[name].wait()


def test_the_cheapest_is_next():
    """Not who came first."""

    async def main():
        scene = Scene()
        for name, cost in (("first", 1), ("costly", 5), ("cheap", 1)):
            await scene.come(name, cost)
        await scene.go("first")
        await scene.go("cheap")
        return scene.seen

    assert asyncio.run(main()) == ["first", "cheap", "costly"]


def test_the_costliest_is_refused_where_the_line_is_full():
    """At once, and it never had a place."""

    async def main():
        scene = Scene(most=4)
        for name, cost in (("first", 1), ("costly", 3), ("cheap", 2)):
            await scene.come(name, cost)
        return scene.seen, scene.refused

    assert asyncio.run(main()) == (["first"], ["costly"])


def test_who_gives_up_costs_nobody_a_place():
    """Whether while waiting, while having it, or in the moment in which it is given."""

    async def main():
        scene = Scene()
        first = await scene.come("first")
        waiting = await scene.come("waiting")
        waiting.cancel()
        await scene.settle()
        late = await scene.come("late")
        scene._go["first"].set()
        await asyncio.sleep(0)  # `first` is leaving: `late` is given its place, and gives up
        late.cancel()
        await scene.come("last")
        await scene.go("last")
        again = await scene.come("again")
        again.cancel()
        await scene.settle()
        await scene.come("end")
        assert first.done()
        return scene.seen

    assert asyncio.run(main()) == ["first", "last", "again", "end"]


def test_who_was_cancelled_is_passed_over():
    """A place that is passed on while one who waits was cancelled and does not know it yet."""

    async def main():
        scene = Scene(most=2)
        await scene.come("first")
        waiting = await scene.come("waiting", 2)
        waiting.cancel()  # and it does not know yet
        await scene.come("next", 1)
        await scene.go("first")
        return scene.seen

    assert asyncio.run(main()) == ["first", "next"]
