"""Pure. The score of one reader at one behaviour, in the columns of the feed reader score project.

Goes by what was asked and what was answered, and nothing else: it knows no reader from within. What a polite
reader would not have done is told in words, too. An answer counts as given when it was sent whole.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from tests.origin.feed import Behaviour
from tests.origin.knowledge import Knowledge, Rules
from tests.origin.messages import Answer, Request

AGENT = re.compile(rb"[A-Za-z][\w.-]*/[\w.+-]+ .*\(\+https?://[^\s)]+\)")
FEED_TYPES = (b"application/rss+xml", b"application/atom+xml")
FOLLOWED = timedelta(minutes=1)
"""How long after a redirect a request for its target belongs to the same exchange."""
PAGE_AGAIN = timedelta(hours=1)
"""A page of an archive may be asked for twice in that time, since two holes may meet in it; no more often."""


@dataclass
class Columns:
    """What a publisher counts."""

    requests: int = 0  # exchanges; redirects on the way are not counted
    conditional: int = 0
    unconditional: int = 0
    needless: int = 0  # of those, the ones that nothing excuses
    etag_good: int = 0
    etag_late: int = 0  # out of sequence: given before, but not last
    etag_bogus: int = 0
    modified_good: int = 0
    modified_late: int = 0
    modified_bogus: int = 0
    cookies: int = 0
    referers: int = 0
    queries: int = 0
    early: int = 0
    agents: int = 0  # without name, version and address
    accepts: int = 0  # without the types of feeds, or gzip
    strays: int = 0  # for what there is not, or by another method
    pages: int = 0  # of an archive

    def cells(self) -> list[tuple[str, int]]:
        """Each with its name, in this order."""
        return [(one.name, getattr(self, one.name)) for one in fields(self)]


@dataclass(frozen=True, slots=True)
class Hop:
    """One request, judged by itself."""

    elsewhere: bool
    conditional: bool
    etag: str = ""  # good, late, bogus; "" where none was sent
    modified: str = ""
    excuse: str = ""
    cookie: bool = False
    referer: bool = False
    query: bool = False
    page: bool = False


@dataclass
class Watch:
    """Plays one behaviour to one reader and keeps the score."""

    behaviour: Behaviour
    rules: Rules = field(default_factory=Rules)
    columns: Columns = field(default_factory=Columns)
    excused: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    upgraded: bool = False  # the reader was, since it last asked without validators
    exchanges: int = 0  # requests so far, redirects on the way not counted
    last: datetime | None = None  # when the last exchange began
    last_status: int = 0
    last_host: str = ""  # that the last request came to

    def __post_init__(self) -> None:
        self._known: tuple[Knowledge, ...] = (Knowledge(),)
        self._before: tuple[Knowledge, ...] = self._known
        self._history: dict[tuple[bool, str], set[bytes]] = {}
        self._following: tuple[datetime, str] | None = None  # where a redirect led
        self._hop: Hop | None = None  # the last one of the last exchange, not yet counted
        self._pages: dict[str, tuple[datetime, ...]] = {}

    def asked(self, request: Request, now: datetime) -> tuple[Hop, Answer]:
        """Judge a request, and answer it."""
        page = request.path.startswith("archive/")
        hop = self._judged(request, now, page)
        if page:
            self._page(request, now)
        else:
            follows = self._following is not None and self._following[1] == self.url(request)
            if not (follows and self._following is not None and now - self._following[0] < FOLLOWED):
                self._begin(now)
            self._hop = hop
            self._following = None
        return hop, self.behaviour.answer(request, now)

    def answered(self, hop: Hop, answer: Answer, now: datetime, *, whole: bool) -> None:
        """What became of an answer; not `whole`: it did not reach the reader to its end."""
        self.last_status = answer.status
        if hop.page or not whole or answer.drips:
            return
        if answer.redirects:
            self._following = (now, (answer.get("location") or b"").decode())
            return
        if not hop.conditional and hop.excuse.startswith("re-read"):
            self.upgraded = False
        if answer.status in (200, 304):
            for name in ("etag", "last-modified"):
                value = answer.get(name)
                if value is not None:
                    self._history.setdefault((hop.elsewhere, name), set()).add(value)
        said = self.behaviour.said
        self._known = tuple(
            dict.fromkeys(
                known.after(answer, said, elsewhere=hop.elsewhere, conditional=hop.conditional, now=now)
                for known in self._known
            )
        )

    def killed(self, now: datetime) -> None:
        """The reader died before it could remember what came of its last exchange."""
        unheard = tuple(known.unheard(self.last or now) for known in self._before)
        self._known = tuple(dict.fromkeys((*unheard, *self._known)))
        self._following = None
        self._pages.clear()

    def finish(self) -> Columns:
        """The columns, with the last exchange in them."""
        self._count()
        return self.columns

    def url(self, request: Request) -> str:
        """The whole URL that was asked for."""
        return (self.behaviour.elsewhere if request.elsewhere else self.behaviour.here) + request.path

    def blame(self, now: datetime, what: str) -> None:
        """Note what a polite reader does not do."""
        self.violations.append(f"{now:%Y-%m-%d %H:%M:%S} {self.behaviour.name()}: {what}")

    # --- one request --------------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        """Another exchange: is it time?"""
        self._count()
        self.exchanges += 1
        if self.last is not None:
            reasons = [known.too_soon(self.last, now, self.rules) for known in self._known]
            if all(reasons):
                self.columns.early += 1
                self.blame(now, f"too soon: {reasons[0]}")
        self._before = self._known
        self.last = now

    def _judged(self, request: Request, now: datetime, page: bool) -> Hop:
        etag = self._sequence(request, "etag", "if-none-match", page)
        modified = self._sequence(request, "last-modified", "if-modified-since", page)
        excuse = "a page of its archive"
        if not page:
            reasons = [k.excuse(request.elsewhere, now, self.rules, self.upgraded) for k in self._known]
            excuse = next(filter(None, reasons), "")
        hop = Hop(
            elsewhere=request.elsewhere,
            conditional=bool(etag or modified),
            etag=etag,
            modified=modified,
            excuse=excuse,
            cookie=request.get("cookie") is not None,
            referer=request.get("referer") is not None,
            query=bool(request.query),
            page=page,
        )
        for name, word in (("If-None-Match", etag), ("If-Modified-Since", modified)):
            if word in ("late", "bogus"):
                sent = request.get(name.lower())
                self.blame(now, f"{name} {'out of sequence' if word == 'late' else 'made up'}: {sent!r}")
        for there, what in ((hop.cookie, "a cookie"), (hop.referer, "a Referer"), (hop.query, "a query")):
            if there:
                self.blame(now, f"{what} that nobody asked for")
        self._shape(request, now)
        return hop

    def _sequence(self, request: Request, name: str, condition: str, page: bool) -> str:
        sent = request.get(condition)
        if sent is None:
            return ""
        last = [k.given for k in self._known if k.elsewhere is request.elsewhere and not page]
        if sent in [given.etag if name == "etag" else given.modified for given in last]:
            return "good"
        return "late" if sent in self._history.get((request.elsewhere, name), ()) and not page else "bogus"

    def _shape(self, request: Request, now: datetime) -> None:
        if not AGENT.match(request.get("user-agent") or b""):
            self.columns.agents += 1
            self.blame(now, f"User-Agent {request.get('user-agent')!r}")
        accept, coding = request.get("accept") or b"", request.get("accept-encoding") or b""
        if not all(kind in accept for kind in FEED_TYPES) or b"gzip" not in coding:
            self.columns.accepts += 1
            self.blame(now, f"Accept {accept!r}, Accept-Encoding {coding!r}")
        if request.method != "GET":
            self.columns.strays += 1
            self.blame(now, f"the method {request.method}")

    def _page(self, request: Request, now: datetime) -> None:
        self.columns.pages += 1
        times = (*(at for at in self._pages.get(request.path, ()) if now - at < PAGE_AGAIN), now)
        self._pages[request.path] = times
        if len(times) > 2:
            self.blame(now, f"too soon: {request.path} again, after {now - times[0]} for the third time")

    def _count(self) -> None:
        """The last hop of an exchange is what counts: it is the one that was answered, or was to be."""
        hop, self._hop = self._hop, None
        if hop is None:
            return
        columns = self.columns
        columns.requests += 1
        columns.conditional += hop.conditional
        columns.unconditional += not hop.conditional
        if not hop.conditional and not hop.excuse:
            columns.needless += 1
            self.blame(self.last or self.behaviour.start, "asked without the validators that it has")
        elif not hop.conditional:
            self.excused["first" if columns.requests == 1 else hop.excuse] += 1
        for kind, word in (("etag", hop.etag), ("modified", hop.modified)):
            if word:
                name = f"{kind}_{word}"
                setattr(columns, name, getattr(columns, name) + 1)
        columns.cookies += hop.cookie
        columns.referers += hop.referer
        columns.queries += hop.query
