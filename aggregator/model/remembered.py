"""Pure. What is remembered of a source from poll to poll, and the right to ask it something."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from aggregator.model.articles import Robots
from aggregator.model.configured import Source
from aggregator.model.exchanged import Validators
from aggregator.model.names import PostId, Url
from aggregator.model.post import Items, Post, SourceInfo
from aggregator.model.said import BodyHints


@dataclass(frozen=True, slots=True)
class Score:
    """How a publisher who keeps score would judge our polls: the columns of the feed reader score project.

    Counted from what went out (`Sent`) and what the server had given before. A validator that was given but
    is not the last one is out of sequence; one that never was is bogus.
    """

    requests: int = 0  # exchanges in which something was sent; redirects on the way are not counted
    unconditional: int = 0  # of those, without a validator
    etag_good: int = 0
    etag_late: int = 0  # out of sequence
    etag_bogus: int = 0
    modified_good: int = 0
    modified_late: int = 0
    modified_bogus: int = 0
    cookies: int = 0
    referers: int = 0
    queries: int = 0
    early: int = 0  # before the server's word allowed it


@dataclass(frozen=True, slots=True)
class Memory:
    """What we keep of a source from poll to poll. Never edited by the configuration."""

    validators: Validators = field(default_factory=Validators)
    validators_from: str = ""  # the URL that gave them; they go to no other host
    former: tuple[Validators, ...] = ()  # those before, newest first, to tell late ones from bogus ones
    whole: datetime | None = None  # when it was last asked without validators, or sent a body
    body: str = ""  # digest of the last body that was read, with the definition that it was read under
    failures: int = 0  # in a row
    score: Score = field(default_factory=Score)
    last_poll: datetime | None = None
    last_success: datetime | None = None  # a feed that could be read, or a 304
    last_new: datetime | None = None
    last_result: str = ""  # `3 new, 27 unchanged`, `not modified`, `dns`
    last_error: str = ""  # in words; empty after a success
    unreadable: str = ""  # why the last body was no feed: a 304 does not make it one
    reader: str = ""  # the version of ours that found it so: another one gets to read it once
    not_before: datetime | None = None  # the server's word, which only `insist` does not bind
    retry_after: datetime | None = None  # the part of that word that binds everybody
    lifetime: timedelta | None = None  # of its last answer (max-age, Expires), which a bare 304 repeats
    gone: bool = False
    filled: bool = False  # an entry was read once: what comes now is no first poll
    entries: int = 0  # posts of the last document
    whole_because: str = ""  # why that was read whole although items of it were known
    newest: datetime | None = None  # the latest date among them
    overruns: int = 0  # documents that had nothing left of the one before: some entries were missed
    hurried: timedelta | None = None  # the interval that an overrun asks for, until it is not needed any more
    hole: datetime | None = None  # entries that are later than this may be missing, and were not asked for
    older_asked: datetime | None = None  # when an older page was asked for last
    moved_to: str = ""  # where permanent redirects lead
    moved_times: int = 0  # in a row
    adopted: str = ""  # the URL that is asked instead of the configured one, which has moved for good
    abandoned: str = ""  # the one that was adopted and failed; asked again where the configured one fails too
    answered_by: str = ""  # the URL that answered last: where redirects led
    leads_to: str = ""  # the URL that was to answer last, whether it did or not
    info: SourceInfo | None = None
    hints: BodyHints = field(default_factory=BodyHints)
    rhythm: timedelta | None = None  # between its posts, smoothed
    hub: str = ""  # that offers to push it, and under which name (W3C WebSub); both or neither
    topic: str = ""
    silent: datetime | None = None  # `newest` when it was found silent; None: it is not

    def name_of(self, source: Source) -> str:
        """How people are told of a source: its URL; for a confidential one its title, or the feed's own."""
        if not source.confidential or source.title or self.info is None:
            return source.label
        return f"{self.info.title} ({source.label})"


Wanted: TypeAlias = Literal["feed", "page", "robots"]
ErrandKind: TypeAlias = Literal["archive", "push", "article"]


@dataclass(frozen=True, slots=True)
class Errand:
    """Any other exchange for a source, kept as a row: an `archive` page that fills a hole (RFC 5005).

    A `push` (W3C WebSub, 7) asks nobody: its content has come already, and it is never due.
    An `article` is the page of a post; what robots may fetch is asked first, where nobody knows.

    A source has one of a kind and URL at most; asking for it again is the same errand.
    """

    kind: ErrandKind
    url: Url
    due: datetime
    since: datetime | None = None  # entries that are not later are none of the hole
    pages: int = 0  # that may follow it
    attempts: int = 0  # that failed
    post: PostId | None = None  # whose article it is

    @property
    def site(self) -> str:
        """Scheme, host and port that its robots.txt is about."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll one source now. Who holds an older token than the store's has lost it.

    With an `errand`, the right to run that; its token is the errand's.
    """

    source: Source
    token: int
    memory: Memory
    added: datetime | None = None  # when the source came into the configuration
    first_url: str = ""  # its first URL, which its posts are known by (`was`); "": the one it has
    errand: Errand | None = None
    conditional: bool = True  # False: the validators stay at home, this once
    items: Items | None = None  # settled ones of its last document, once a body has come
    post: Post | None = None  # whose article is to be fetched; None: it is not to be shown any more
    robots: Robots | None = None  # what the article's site has said; None: it is to be asked
    compares: bool = True  # it matters who tells the same in other words: some category merges them

    @property
    def url(self) -> str:
        """What is asked for: the errand's URL, that which the source has moved to, or that in the file."""
        if self.errand is None:
            return self.memory.adopted or self.source.url
        return f"{self.errand.site}/robots.txt" if self.wants == "robots" else self.errand.url

    @property
    def wants(self) -> Wanted:
        """What kind of document is asked for."""
        if self.errand is None or self.errand.kind != "article":
            return "feed"
        return "robots" if self.robots is None else "page"
