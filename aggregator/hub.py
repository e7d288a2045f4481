"""Shell. Our WebSub hub: requests are verified, what changed is sent out, or another hub is told of it.

Knows ports, not adapters; `websub` says what is asked, sent and believed. Everything that waits is a row. Of
one callback no more than one exchange is under way. Who failed, or took long, waits in a place apart, and so
does who has never taken anything yet: those that answer are delayed by nobody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Hashable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aggregator import websub
from aggregator.errors import AggregatorError
from aggregator.model import (
    Answer,
    Config,
    Delivered,
    Delivery,
    Document,
    Ping,
    Pinged,
    Refusal,
    Topic,
    Verification,
)
from aggregator.ports import Clock, Courier, DocumentStore, Subscriptions

log = logging.getLogger(__name__)

VERIFIED_AT_ONCE, VERIFIED_AT_HOST = 50, 4
SENT_AT_ONCE, NEW_AT_ONCE, RETRIED_AT_ONCE = 200, 100, 20
"""Deliveries under way: to those that took the last one, to new ones, to those that did not or were slow."""
SENT_AT_HOST = 50
PINGED_AT_ONCE = 4
SLOW = 2.0
"""Seconds after which a delivery counts as slow, though it succeeds."""
CONTENTS = 16
"""Contents that are kept: who had the same before gets the same now."""


class Hub:
    """Is told what has `changed`, is woken for what may be due, `take`s requests. Of one event loop."""

    def __init__(
        self,
        store: Subscriptions,
        documents: DocumentStore,
        courier: Courier,
        clock: Clock,
        config: Config,
        challenge: Callable[[], str],
    ) -> None:
        """`challenge` makes a random text that nobody can guess."""
        self._store, self._documents, self._courier, self._clock = store, documents, courier, clock
        self._challenge = challenge
        self.config = config
        self.works = True  # False: requests are taken, and another process verifies and delivers
        self._allowance = websub.Allowance()
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._callbacks = _Places(1)
        self._verified_at, self._sent_at = _Places(VERIFIED_AT_HOST), _Places(SENT_AT_HOST)
        self._verifying = asyncio.Semaphore(VERIFIED_AT_ONCE)
        self._sending = asyncio.Semaphore(SENT_AT_ONCE)
        self._sending_new = asyncio.Semaphore(NEW_AT_ONCE)
        self._retrying = asyncio.Semaphore(RETRIED_AT_ONCE)
        self._pinging = asyncio.Semaphore(PINGED_AT_ONCE)
        self._slow: set[str] = set()  # callbacks that took long last time
        self._ended: list[Delivered] = []  # that the store does not know of yet
        self._contents: OrderedDict[tuple[str, int, int | None], tuple[bytes, str]] = OrderedDict()
        self._making = asyncio.Lock()
        self._round: asyncio.Task[None] | None = None
        self._again = self._stopped = False
        self._look = True  # topics may be other documents than we know
        self._written: frozenset[str] = frozenset()  # paths that were put since we looked
        self._complained = ""

    async def take(self, content_type: str, body: bytes) -> Refusal | None:
        """A request (W3C WebSub, 5.1): kept to be verified, or why it is not. Raises `StoreError`."""
        intent = websub.intent(content_type, body, self.config.site)
        if isinstance(intent, Refusal):
            return intent
        now = self._clock.now()
        if not self._allowance.take(intent.host, now):
            return Refusal(429, "too many requests for this host; try again in a minute")
        if await asyncio.to_thread(self._documents.get, intent.path) is None:
            return Refusal(404, "hub.topic is no document of ours")
        refusal = await asyncio.to_thread(self._store.ask, intent, now)
        self.wake()
        return refusal

    def changed(self, written: Collection[str]) -> None:
        """Documents were put at these paths. Who wants them is told soon."""
        self._written |= frozenset(written)
        self._look = True
        self.wake()

    def wake(self) -> None:
        """Something may be due: start what is, without waiting for it."""
        self._again = True
        if self.works and not self._stopped and (self._round is None or self._round.done()):
            self._round = asyncio.create_task(self._start_due(), name="hub")

    async def finish(self) -> None:
        """Start all that is due, and wait for its end (`once`); what fails waits for another time."""
        self.wake()
        while (self._round is not None and not self._round.done()) or self._running:
            await asyncio.wait({*self._running.values(), *({self._round} if self._round else ())})

    async def stop(self, seconds: float) -> None:
        """Let what is under way end for so long; what does not is tried again by whoever starts next."""
        self._stopped = True
        tasks = {*self._running.values(), *({self._round} if self._round else ())}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._note_ended()

    async def _start_due(self) -> None:
        while self._again and not self._stopped:
            self._again = False
            try:
                await self._note_ended()
                await self._note_changed()
                await self._start()
            except AggregatorError as trouble:  # the next tick tries again
                if str(trouble) != self._complained:
                    log.error("hub: %s", trouble)
                self._complained = str(trouble)
                return
            except Exception:  # a fault of ours must not end the hub
                log.exception("hub: fault")
                return
            self._complained = ""

    async def _note_ended(self) -> None:
        ended, self._ended = self._ended, []
        if not ended:
            return
        try:
            await asyncio.to_thread(self._store.delivered, ended, self._clock.now())
        except BaseException:
            self._ended = ended + self._ended
            raise

    async def _note_changed(self) -> None:
        if not self._look:
            return
        written, self._written, self._look = self._written, frozenset(), False
        try:
            await asyncio.to_thread(self._compare, written)
        except BaseException:
            self._written, self._look = self._written | written, True
            raise

    def _compare(self, written: Collection[str]) -> None:
        """Note which topics are other documents by now: also what was put before a crash is found. Blocks."""
        pings = bool(websub.pinged_hub(self.config.server))
        known = {topic.path: topic.etag for topic in self._store.topics()}
        new = {path for path in written if websub.is_topic(path)} - known.keys() if pings else set()
        for path in sorted(known.keys() | new):
            document = self._documents.get(path)
            if document is not None and document.etag != known.get(path):
                items = {} if pings else _items(document)
                now = self._clock.now()
                self._store.changed(Topic(path, document.etag), items, now, ping=pings)

    async def _start(self) -> None:
        now, server = self._clock.now(), self.config.server
        if hub := websub.pinged_hub(server):
            for ping in await asyncio.to_thread(self._store.pings, now, websub.MOST):
                self._run(("ping", ping.path), self._ping(ping, hub))
        if not websub.own_hub(server):
            return
        for verification in await asyncio.to_thread(self._store.intents, now, websub.MOST_WAITING):
            self._run(verification, self._verify(verification))
        for failing in (False, True):
            due = await asyncio.to_thread(self._store.deliveries, now, websub.MOST, failing=failing)
            for delivery in due:
                self._run((delivery.callback, delivery.path), self._deliver(delivery))

    def _run(self, name: Hashable, work: Coroutine[Any, Any, None]) -> None:
        """Start a piece of work, but where the same is under way: it waits for long in a crowd."""
        if name in self._running:
            work.close()
            return
        task = asyncio.create_task(work, name="hub exchange")
        self._running[name] = task
        task.add_done_callback(lambda _: self._done(name))

    def _done(self, name: Hashable) -> None:
        del self._running[name]
        self.wake()

    async def _verify(self, waiting: Verification) -> None:
        intent, challenge = waiting.intent, self._challenge()
        private = self.config.server.private_hub
        letter = websub.verification(intent, challenge, self.config.site, private=private)
        async with self._callbacks.at(intent.callback), self._verified_at.at(intent.host), self._verifying:
            now = self._clock.now()
            answer = await self._courier.send(letter)
        confirmed = websub.confirms(answer, challenge)
        try:
            await asyncio.to_thread(self._carry_out, waiting, confirmed, now)
        except AggregatorError as trouble:
            log.error("hub: a request is verified once more: %s", trouble)
            return
        said = f"{intent.mode} host={intent.host} topic={intent.path}"
        if confirmed:
            log.info("hub: done: %s", said)
        else:
            why = "another body than the challenge" if answer.ok else _why(answer)
            log.info("hub: not confirmed: %s: %s", said, why)

    def _carry_out(self, waiting: Verification, confirmed: bool, now: datetime) -> None:
        """Do what was confirmed. Blocks."""
        path = waiting.intent.path
        document = self._documents.get(path) if confirmed else None
        if document is None:
            self._store.forget(waiting)
            return
        self._store.confirm(waiting, Topic(path, document.etag), _items(document), now)

    async def _deliver(self, to: Delivery) -> None:
        if to.failures or to.callback in self._slow:
            lane = self._retrying
        else:
            lane = self._sending_new if to.delivered is None else self._sending
        async with self._callbacks.at(to.callback), self._sent_at.at(to.host), lane:
            try:
                body, media_type = await self._content(to)
                answer = await self._send(to, body, media_type) if body else Answer(204)
            except AggregatorError as trouble:
                answer = Answer(kind="fault", detail=str(trouble))
            except Exception as fault:  # one subscriber, or document, never harms another
                log.exception("hub: fault while sending %s", to.path)
                answer = Answer(kind="fault", detail=type(fault).__name__)
        now = self._clock.now()
        if answer.ok or answer.status == 410:
            self._ended.append(Delivered(to, gone=not answer.ok))
        else:
            retry = websub.again(now, to.failures + 1, to.row, answer.hints.retry_after)
            self._ended.append(Delivered(to, retry))
        if not answer.ok:
            log.info("hub: not delivered host=%s topic=%s: %s", to.host, to.path, _why(answer))

    async def _send(self, to: Delivery, body: bytes, media_type: str) -> Answer:
        private = self.config.server.private_hub
        began = asyncio.get_running_loop().time()
        answer = await self._courier.send(
            websub.delivery(to, body, media_type, self.config.site, private=private)
        )
        if asyncio.get_running_loop().time() - began > SLOW:
            self._slow.add(to.callback)
        else:
            self._slow.discard(to.callback)
        return answer

    async def _content(self, to: Delivery) -> tuple[bytes, str]:
        """What is new to a subscriber, and its media type; made once for all that had the same."""
        key = (to.path, to.version, to.delivered)
        async with self._making:
            if key not in self._contents:
                self._contents[key] = await asyncio.to_thread(self._make, to)
                while len(self._contents) > CONTENTS:
                    self._contents.popitem(last=False)
            return self._contents[key]

    def _make(self, to: Delivery) -> tuple[bytes, str]:
        """Of the document as it is now, which may be newer than what is due. Blocks."""
        document = self._documents.get(to.path)
        if document is None:
            return b"", ""
        had = None if to.delivered is None else self._store.items(to.path, to.delivered)
        return websub.unseen(to.path, document.body, had), document.media_type

    async def _ping(self, ping: Ping, hub: str) -> None:
        async with self._pinging:
            answer = await self._courier.send(websub.ping(hub, ping.path, self.config.site))
        now = self._clock.now()
        retry = None
        if not answer.ok:
            retry = websub.again(now, ping.failures + 1, 0, answer.hints.retry_after)
            log.warning("hub: not told of %s: %s", ping.path, _why(answer))
        try:
            await asyncio.to_thread(self._store.pinged, [Pinged(ping, retry)], now)
        except AggregatorError as trouble:
            log.error("hub: told once more of %s: %s", ping.path, trouble)


class _Places:
    """So many at once at each name; names that nobody is at are forgotten."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._there: dict[str, tuple[asyncio.Semaphore, set[object]]] = {}

    @asynccontextmanager
    async def at(self, name: str) -> AsyncIterator[None]:
        """A place there, when it is free; first come, first served."""
        places, who = self._there.setdefault(name, (asyncio.Semaphore(self._at_once), set()))
        me = object()
        who.add(me)
        try:
            async with places:
                yield
        finally:
            who.discard(me)
            if not who:
                del self._there[name]


def _items(document: Document) -> Mapping[str, str]:
    """Of one that cannot be read, which is our own fault, nothing counts as delivered."""
    try:
        return websub.items(document.path, document.body)
    except Exception:
        log.exception("hub: fault while reading %s", document.path)
        return {}


def _why(answer: Answer) -> str:
    return f"status {answer.status}" if answer.status else answer.detail
