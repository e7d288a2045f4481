"""Pure. The whole origin: which behaviour a request is for, and what holds for hosts, not for feeds.

Both ways to it, over sockets (`server`) and within the process (`door`), tell it when an exchange began and
ended; it never asks a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from tests.origin import words
from tests.origin.feed import NOT_THERE, Behaviour
from tests.origin.knowledge import NEVER, Rules
from tests.origin.messages import Answer, Field, Request
from tests.origin.score import Hop, Watch


@dataclass
class Host:
    """One host as its administrator sees it."""

    name: str
    now: int = 0  # exchanges under way
    most: int = 0
    ended: datetime = NEVER
    paused: datetime = NEVER  # by a 429 with a Retry-After
    crowded: int = 0
    close: int = 0  # begun before the gap was over
    pressed: int = 0  # begun in spite of a 429


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that waits for its answer, or has it."""

    host: Host
    began: datetime
    answer: Answer
    watch: Watch | None = None
    hop: Hop | None = None


@dataclass
class Origin:
    """Every behaviour under `BASE/NAME/`, at two bases for the two hosts of each."""

    rules: Rules = field(default_factory=Rules)
    watches: dict[str, Watch] = field(default_factory=dict)  # by the place of their folder: `host:port/NAME/`
    hosts: dict[str, Host] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)  # of hosts
    strays: int = 0  # requests for what is no behaviour's
    under_way: int = 0
    most: int = 0
    per_minute: Counter[datetime] = field(default_factory=Counter)

    def play(self, behaviours: Iterable[Behaviour]) -> None:
        """From now on, serve these."""
        for behaviour in behaviours:
            watch = Watch(behaviour, self.rules)
            for folder in (behaviour.here, behaviour.elsewhere):
                self.watches[folder.partition("//")[2]] = watch

    def begin(
        self, host: str, target: str, fields: Iterable[Field], now: datetime, method: str = "GET"
    ) -> Exchange:
        """A request has come, for a target (path and query) at a host (with its port, if it has one)."""
        parts = urlsplit(target)
        folder, _, rest = parts.path.lstrip("/").partition("/")
        watch = self.watches.get(f"{host}/{folder}/")
        there = self.hosts.setdefault(host, Host(host))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.per_minute[now.replace(second=0, microsecond=0)] += 1
        if watch is None:
            self.strays += 1
            self._pace(there, now, follows=False)
            return Exchange(there, now, NOT_THERE)
        elsewhere = watch.behaviour.elsewhere.partition("//")[2] == f"{host}/{folder}/"
        request = Request(rest, tuple(fields), elsewhere, parts.query, method)
        before = watch.exchanges + watch.columns.pages
        hop, answer = watch.asked(request, now)
        follows = watch.exchanges + watch.columns.pages == before
        self._pace(there, now, follows=follows and watch.last_host == host)
        watch.last_host = host
        if answer is NOT_THERE:
            watch.columns.strays += 1
        return Exchange(there, now, answer, watch, hop)

    def end(self, exchange: Exchange, now: datetime, *, whole: bool) -> None:
        """An answer has gone out to its end, or (not `whole`) the connection has gone before."""
        self.under_way -= 1
        host, answer = exchange.host, exchange.answer
        host.now -= 1
        host.ended = now
        if exchange.watch is None or exchange.hop is None:
            return
        exchange.watch.answered(exchange.hop, answer, now, whole=whole)
        if answer.status == 429 and whole and self.rules.pauses:
            host.paused = max(host.paused, words.retry_after(answer, now) or NEVER)

    def killed(self, now: datetime) -> None:
        """The reader died before it could remember its last exchanges, and what they told it of hosts."""
        for watch in self.each():
            watch.killed(now)
        for host in self.hosts.values():
            host.paused = NEVER

    def complaints(self) -> list[str]:
        """Every violation, in words."""
        found = list(self.violations)
        for watch in self.each():
            watch.finish()
            found += watch.violations
        return found

    def each(self) -> list[Watch]:
        """Every watch once, in the order in which they came."""
        return list({id(watch): watch for watch in self.watches.values()}.values())

    def _pace(self, host: Host, now: datetime, *, follows: bool) -> None:
        host.now += 1
        host.most = max(host.most, host.now)
        if host.now > self.rules.per_host:
            host.crowded += 1
            self._blame(host, now, f"{host.now} exchanges at once")
        if follows:  # a redirect within the host: they are one exchange
            return
        if host.ended is not NEVER and now - host.ended < self.rules.gap:
            host.close += 1
            self._blame(host, now, f"{now - host.ended} after the one before")
        if now < host.paused:
            host.pressed += 1
            self._blame(host, now, f"in spite of a 429 until {host.paused:%Y-%m-%d %H:%M:%S}")

    def _blame(self, host: Host, now: datetime, what: str) -> None:
        self.violations.append(f"{now:%Y-%m-%d %H:%M:%S} host {host.name}: {what}")
