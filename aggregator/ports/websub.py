"""Pure. What WebSub needs from the world, as a hub, a publisher and a subscriber (W3C WebSub)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from aggregator.model import (
    Answer,
    Delivered,
    Delivery,
    Following,
    Intent,
    Letter,
    Ping,
    Pinged,
    Refusal,
    Topic,
    Url,
    Verification,
)


class Courier(Protocol):
    """The same door to the network for what is no poll."""

    async def send(self, letter: Letter, /) -> Answer:
        """One exchange under one deadline, redirects not followed; trouble at the far end is an `Answer`.

        Of the answer's body no more is read than is wanted, and it is not inflated.
        """


class Subscriptions(Protocol):
    """What our hub remembers (W3C WebSub): who wants which topic, what they had, who is to be told."""

    def ask(self, intent: Intent, now: datetime, /) -> Refusal | None:
        """Keep an intent until its callback has confirmed it; why not, where it cannot be kept.

        It replaces one of the same callback and topic that waits. Refused are those beyond `websub.MOST`,
        `MOST_PER_HOST` and `MOST_WAITING`, and the end of what there is not; a renewal is never one too many.
        """

    def intents(self, now: datetime, limit: int, /) -> Sequence[Verification]:
        """At most `limit` intents that wait, the oldest first. In the same write they wait for a minute.

        An intent that was given out three times without an end (we were killed over it) is given up.
        """

    def confirm(self, done: Verification, topic: Topic, items: Mapping[str, str], now: datetime, /) -> None:
        """Carry an intent out: make or renew the subscription until its lease is over, or end it.

        `topic`, `items`: the document as it is now, which a new subscriber is taken to have seen (it found us
        in it), and yet has not been sent. Nothing where another intent has taken its place meanwhile.
        """

    def forget(self, done: Verification, /) -> None:
        """Drop an intent: its callback has not confirmed it. The subscription stays as it was."""

    def topics(self) -> Sequence[Topic]:
        """The documents that somebody is subscribed to or another hub is told of, as they were last."""

    def changed(
        self, topic: Topic, items: Mapping[str, str], now: datetime, /, *, ping: bool = False
    ) -> None:
        """A document is another one now: who is subscribed gets it; `ping`: another hub is told.

        Nothing for the etag that was there before, but where `ping` is said of a topic for the first time.
        """

    def items(self, path: str, version: int, /) -> Mapping[str, str]:
        """What a topic held in a version that is somebody's last, with digests; {} for another one."""

    def deliveries(self, now: datetime, limit: int, /, *, failing: bool) -> Sequence[Delivery]:
        """At most `limit` deliveries that are due, earliest first; to those that failed last, or the others.

        In the same write they are put off for a minute: a crash in between sends nothing twice at once.
        """

    def delivered(self, ended: Sequence[Delivered], now: datetime, /) -> None:
        """How deliveries ended. A topic that has changed meanwhile is due at once."""

    def pings(self, now: datetime, limit: int, /) -> Sequence[Ping]:
        """At most `limit` pings that are due; put off for a minute like deliveries."""

    def pinged(self, ended: Sequence[Pinged], now: datetime, /) -> None:
        """How pings ended."""

    def prune(self, now: datetime, /) -> int:
        """Drop what has run out: leases, and versions that are nobody's last; how many subscriptions."""


class Followings(Protocol):
    """Which sources' hubs are to push to us (W3C WebSub, as a subscriber), one for each source."""

    def want(self, following: Following, now: datetime, /) -> None:
        """Follow a source so, instead of however it was; nothing where hub and topic are the same.

        Its hub is asked at once.
        """

    def end(self, source: Url, now: datetime, /) -> None:
        """Follow it no more: its hub is told at once."""

    def drop(self, following: Following, /) -> None:
        """Forget it, unless it is another by now (of another token or mode)."""

    def due(self, now: datetime, limit: int, /) -> Sequence[Following]:
        """At most `limit` whose hubs are to be asked, earliest first; put off for a minute by that."""

    def asked(self, following: Following, again: datetime, /) -> None:
        """The hub was asked; it is `again`, unless it confirms before. Until then that is a failure.

        Nothing where it has confirmed or denied since `following` was read: some hubs do before they answer.
        """

    def confirmed(self, following: Following, expires: datetime, renew: datetime, /) -> None:
        """The hub has confirmed it until `expires`; it is asked again at `renew`."""

    def find(self, token: str, /) -> Following | None:
        """The one whose callback this is; `token` comes from a stranger."""

    def every(self) -> Sequence[Following]:
        """All of them, by source."""

    def offered(self) -> Mapping[Url, tuple[str, str]]:
        """The hub and the topic that each source in the file offered at its last poll, of those that did."""
