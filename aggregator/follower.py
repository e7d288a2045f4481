"""Shell. Follows the hubs of sources (W3C WebSub, as a subscriber): asks, confirms, takes what is pushed.

Knows ports, not adapters; `websub` says what is asked and believed. A push is read like a body that was
fetched, under a lease out of turn; polling goes on as if there were none, so that a hub that is silent, or
lies by leaving out, hides nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from datetime import datetime
from functools import partial
from hashlib import blake2b

from aggregator import websub
from aggregator.errors import AggregatorError
from aggregator.model import (
    Answer,
    Config,
    Fetched,
    Following,
    Hints,
    Lease,
    Letter,
    Memory,
    PollOutcome,
    Refusal,
    Url,
    Validators,
)
from aggregator.ports import Clock, Courier, Followings, PollStore

log = logging.getLogger(__name__)

AT_ONCE = 10
"""Hubs that are asked at once."""
BATCH = 100
WAITING_OF_SOURCE, WAITING = 2, 20
"""Pushes that are under way or wait, of one source and in all; who pushes more is told to come back."""
GIVEN_UP = 5
"""Failures after which a hub that cannot be told of our leaving is left to its lease."""
HOPS = 3
"""Redirects of a hub that are followed (307 and 308; W3C WebSub, 5.1.2)."""


class Follower:
    """Learns what sources offer, is woken for what is due, and answers their hubs. Of one event loop."""

    def __init__(
        self,
        store: Followings,
        polls: PollStore,
        push: Callable[[Lease, Fetched], Awaitable[None]],
        courier: Courier,
        clock: Clock,
        config: Config,
        token: Callable[[], str],
    ) -> None:
        """`push` reads and commits what came under a lease; `token` makes a text that nobody can guess."""
        self._store, self._polls, self._push = store, polls, push
        self._courier, self._clock, self._token = courier, clock, token
        self.config = config
        self.asks = True  # False: another process asks the hubs; what sources offer is noted all the same
        self._known: dict[Url, tuple[str, str]] | None = None  # hub and topic of what is followed
        self._news: dict[Url, tuple[str, str]] = {}  # what sources offer by now
        self._asking = asyncio.Semaphore(AT_ONCE)
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._turns: dict[Url, asyncio.Lock] = {}
        self._waiting: Counter[Url] = Counter()
        self._last: dict[Url, bytes] = {}  # digests of what was pushed last
        self._round: asyncio.Task[None] | None = None
        self._stopped = False

    def learn(self, outcome: PollOutcome) -> None:
        """What a poll has said of hub and topic; taken over at the next `wake`."""
        if outcome.lease.errand is None:
            self.heard(outcome.lease.source.url, outcome.memory)

    def heard(self, source: Url, memory: Memory) -> None:
        """What is remembered of a source."""
        self._news[source] = (memory.hub, memory.topic)

    def wake(self) -> None:
        """Something may be due: ask the hubs that are to be asked, without waiting for them."""
        if not self._stopped and (self._round is None or self._round.done()):
            self._round = asyncio.create_task(self._start_due(), name="follow hubs")

    async def finish(self) -> None:
        """Ask all that are to be asked, and wait for the end of that."""
        self.wake()
        while (self._round is not None and not self._round.done()) or self._running:
            await asyncio.wait({*self._running.values(), *({self._round} if self._round else ())})

    async def stop(self) -> None:
        """Ask nobody any more."""
        self._stopped = True
        tasks = {*self._running.values(), *({self._round} if self._round else ())}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_due(self) -> None:
        try:
            news, self._news = self._news, {}
            for one in await asyncio.to_thread(self._settle, news):
                if one.source not in self._running:
                    task = asyncio.create_task(self._ask(one), name=f"ask the hub of {one.source}")
                    self._running[one.source] = task
                    task.add_done_callback(partial(self._asked, one.source))
        except AggregatorError as trouble:  # the next tick tries again
            log.error("cannot look for hubs to be asked: %s", trouble)
        except Exception:  # a fault of ours must not end the loop
            log.exception("fault while looking for hubs to be asked")

    def _asked(self, source: Url, _: asyncio.Task[None]) -> None:
        del self._running[source]

    def _settle(self, news: Mapping[Url, tuple[str, str]]) -> Iterable[Following]:
        """Take over what is wanted by now; what is due. Blocks."""
        now = self._clock.now()
        wanted = self._wanted()
        if self._known is None:
            news = {**self._store.offered(), **news}
        if self._known is None or any(self._is_new(*one) for one in news.items() if one[0] in wanted):
            # Another process may have heard it before: who asks again would spoil the first one's secret.
            every = self._store.every()
            self._known = {one.source: (one.hub, one.topic) for one in every if one.mode == "subscribe"}
        for source, offer in news.items():
            if source not in wanted:
                continue
            if all(offer) and self._known.get(source) != offer:
                self._store.want(Following(source, *offer, self._token(), self._token()), now)
                self._known[source] = offer
            elif not all(offer) and source in self._known:
                self._leave(source, now)
        for source in self._known.keys() - wanted:
            self._leave(source, now)
        return self._store.due(now, BATCH) if self.asks else ()

    def _is_new(self, source: Url, offer: tuple[str, str]) -> bool:
        known = self._known.get(source) if self._known is not None else None
        return known != offer if all(offer) else known is not None

    def _wanted(self) -> Collection[Url]:
        """The sources that may be followed: none where no hub can reach us."""
        if not websub.may_follow(self.config.site, self.config.server):
            return frozenset()
        return {source.url for source in self.config.sources if not source.paused}

    def _label(self, one: Following) -> str:
        """How logs name its source: a confidential one not by its URL, which its own hub alone hears."""
        return next((s.label for s in self.config.sources if s.url == one.source), "a source that has left")

    def _leave(self, source: Url, now: datetime) -> None:
        assert self._known is not None
        self._store.end(source, now)
        del self._known[source]

    async def _ask(self, one: Following) -> None:
        """Send the request of a following, and note when to send it again."""
        letter = websub.request(one, self.config.site, private=self.config.server.private_hub)
        async with self._asking:
            answer = await self._send(letter)
        now = self._clock.now()
        try:
            if one.mode == "unsubscribe" and (one.expires is None or one.failures + 1 >= GIVEN_UP):
                await asyncio.to_thread(self._store.drop, one)
                return
            if answer.ok:
                # If it does not confirm; with ever longer waits, where it never does.
                again = max(now + websub.UNANSWERED, websub.again(now, one.failures + 1, 0))
            else:
                again = websub.again(now, one.failures + 1, 0, answer.hints.retry_after)
                why = f"status {answer.status}" if answer.status else answer.detail
                log.info("hub of %s: %s: %s", self._label(one), one.mode, why)
            await asyncio.to_thread(self._store.asked, one, again)
        except AggregatorError as trouble:
            log.error("the hub of %s is asked once more: %s", self._label(one), trouble)

    async def _send(self, letter: Letter) -> Answer:
        """A request; a hub may hand it on to another one (5.1.2)."""
        for _ in range(HOPS):
            answer = await self._courier.send(letter)
            onward = websub.handed_on(letter, answer)
            if onward is None:
                return answer
            letter = onward
        return Answer(kind="redirect", detail=f"handed on more than {HOPS} times")

    async def confirm(self, token: str, said: Mapping[str, str]) -> str | None:
        """A hub asks whether we asked (5.3): what it is to hear, None if we did not. Raises `StoreError`."""
        one = await asyncio.to_thread(self._store.find, token)
        now = self._clock.now()
        if one is not None and websub.is_denied(one, said):
            await asyncio.to_thread(self._store.asked, one, now + websub.DENIED)
            log.info("hub of %s: denied", self._label(one))
            return ""
        echo = websub.challenge(one, said)
        if one is None or not echo:
            return None
        if one.mode == "unsubscribe":
            await asyncio.to_thread(self._store.drop, one)
        else:
            expires, renew = websub.leased(said, now)
            await asyncio.to_thread(self._store.confirmed, one, expires, renew)
        log.info("hub of %s: %s confirmed", self._label(one), one.mode)
        return echo

    async def admit(self, token: str) -> Refusal | None:
        """Whether content may come to this callback at all, before it is read. Raises `StoreError`."""
        one = await asyncio.to_thread(self._store.find, token)
        if one is None or one.mode != "subscribe" or one.expires is None:
            return Refusal(410, "there is no such subscription")
        if self._waiting[one.source] >= WAITING_OF_SOURCE or self._waiting.total() >= WAITING:
            return Refusal(503, "too much at once; send it again in a minute")
        return None

    async def take(self, token: str, fields: Mapping[str, str], body: bytes) -> Refusal | None:
        """Content that a hub pushes (7): taken, or why not. `fields` by lower-case names.

        Raises `StoreError`. What is not signed as it should be is taken and ignored (7.1.2): who guesses
        learns nothing.
        """
        one = await asyncio.to_thread(self._store.find, token)
        if (refusal := await self.admit(token)) is not None or one is None:
            return refusal
        coding = fields.get("content-encoding", "identity").strip().lower()
        if coding not in ("", "identity") and not websub.is_plain(body):
            return Refusal(415, "send it without a content coding")
        if not websub.is_signed(one, fields.get("x-hub-signature", ""), body):
            log.info("hub of %s: what it pushed is not signed with our secret, and ignored", self._label(one))
            return None
        digest = blake2b(body, digest_size=16).digest()
        if not body or self._last.get(one.source) == digest:
            return None
        self._last[one.source] = digest
        fetched = Fetched(body, fields.get("content-type", ""), Url(one.topic), Validators(), Hints())
        self._waiting[one.source] += 1
        task = asyncio.create_task(self._read(one, fetched), name=f"push {one.source}")
        self._running[task] = task
        task.add_done_callback(lambda done: self._running.pop(done, None))
        return None

    async def _read(self, one: Following, fetched: Fetched) -> None:
        """One after the other of a source, since each is judged against the one before."""
        try:
            async with self._turns.setdefault(one.source, asyncio.Lock()):
                now = self._clock.now()
                lease = await asyncio.to_thread(self._polls.lease_push, one.source, Url(one.topic), now)
                if lease is not None:
                    await self._push(lease, fetched)
        except AggregatorError as trouble:  # the next poll brings it
            log.error("cannot take what the hub of %s pushed: %s", self._label(one), trouble)
            self._last.pop(one.source, None)
        finally:
            self._waiting[one.source] -= 1
            if not self._waiting[one.source]:
                del self._waiting[one.source]
                self._turns.pop(one.source, None)
