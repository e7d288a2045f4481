"""Shell. Waiting for one of a few places, in the order that `lanes` decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aggregator.workers.lanes import Line


class Turns:
    """Places that bodies are read in. Belongs to one event loop."""

    def __init__(self, places: int, *, most: float) -> None:
        """`most`: seconds that those who wait may cost together; see `lanes.Line`."""
        self._free = places
        self._line: Line[asyncio.Future[bool]] = Line(most)

    @asynccontextmanager
    async def turn(self, cost: float) -> AsyncIterator[bool]:
        """A place for as long as this lasts; False, and none, where the line is full of cheaper ones."""
        granted = await self._wait(cost)
        try:
            yield granted
        finally:
            if granted:
                self._pass_on()

    async def _wait(self, cost: float) -> bool:
        if self._free:
            self._free -= 1
            return True
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        for leaves in self._line.join(cost, turn):
            if not leaves.done():  # one that was cancelled may not know it yet
                leaves.set_result(False)
        try:
            return await turn
        except asyncio.CancelledError:
            self._line.leave(turn)
            if not turn.cancelled() and turn.result():  # it came in the moment in which we were cancelled
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while (following := self._line.next()) is not None:
            if not following.done():
                following.set_result(True)
                return
        self._free += 1
