"""Pure. What goes out, and what operators see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from aggregator.model.names import PostId, Slug, Url
from aggregator.model.polled import Due
from aggregator.model.post import NO_POST, Post, SourceInfo
from aggregator.model.remembered import Errand, Memory
from aggregator.model.said import UnreadEntry


@dataclass(frozen=True, slots=True)
class Story:
    """Posts of several sources that tell one thing, as readers get it; `id` stays whoever leads."""

    id: PostId
    members: tuple[Post, ...]  # visible ones, in order of arrival; never empty


class StoryVersion(NamedTuple):
    """A story as a scope shows it: the same value, the same members, each as it was."""

    shown: PostId  # the id that it is shown under
    story: PostId
    mark: int  # that the story was given last; it only grows
    apart: bool  # one telling of it by itself, where near duplicates are kept


def rank(
    standing: int, published: datetime, position: int, post: PostId
) -> tuple[int, datetime, int, PostId]:
    """Who speaks for a story: of its visible members the one whose rank is the lowest.

    Standing first (0 its own site, 1 somebody else, 2 who names another feed), since a date is anybody's
    claim; then the earliest `published`; then the place of its source in the file; then the id.
    """
    return standing, published, position, post


@dataclass(frozen=True, slots=True)
class Member:
    """Where else a story is told."""

    origin: SourceInfo
    link: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A story in a document: its primary under the story's id, with what its other members add."""

    post: Post  # `id`, `categories` and `tags` are the story's
    also_in: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One rendered output. `modified` is when its bytes last changed; the store sets it."""

    path: str  # relative to the output directory, with slashes
    media_type: str  # with charset
    body: bytes
    modified: datetime | None = None
    etag: str = ""  # strong, with quotes, of the identity encoding
    gzip: bytes = b""  # the stored twin
    gzip_etag: str = ""


Scope: TypeAlias = Slug | None
"""What is rendered together: the documents of one category, or (None) those of the site."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A story that has changed since its Jekyll file was written, and the mark that writing it settles."""

    story: PostId
    mark: int
    told: Story | None  # None: no member is visible


@dataclass(frozen=True, slots=True)
class Founder:
    """What the address of a story's page is made of, beside its id: the post that founded it, for good."""

    slug: str
    published: datetime


@dataclass(frozen=True, slots=True)
class Unpaged:
    """A story that has changed since its page was rendered, and the mark that rendering it settles."""

    story: PostId
    mark: int
    founder: Founder  # whoever leads it now
    told: Story | None  # None: no member is visible


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a category shows, or is to keep, and no archive holds yet."""

    shown: PostId  # the id that it is shown under
    arrived: int  # grows with every post that comes
    source: int  # tells apart the sources that lead, no more
    held: bool = False  # a `backlog` keeps it out of the subscription document
    story: PostId = NO_POST  # these three, with `shown`, are its `StoryVersion`
    mark: int = 0
    apart: bool = False

    @property
    def version(self) -> StoryVersion:
        return StoryVersion(self.shown, self.story, self.mark, self.apart)


@dataclass(frozen=True, slots=True)
class Uncut:
    """What a category's archives do not hold, newest `published` first, then id."""

    arrivals: tuple[Arrival, ...]
    day: str | None  # on which its archives were cut last, ISO 8601, in the site's time zone; None: never


@dataclass(frozen=True, slots=True)
class Archive:
    """A closed archive of a category whose document is to be rendered, or (stories None) to go."""

    category: Slug
    number: int  # from 1
    mark: int  # that rendering it settles
    previous: int | None  # the archive before it, of those that are still there
    closed: datetime  # when: the `updated` of a document without entries
    updated: datetime | None  # what its document said last, and never goes back behind
    members: tuple[PostId, ...]  # the ids that it was closed with, shown or not, in order of arrival
    stories: tuple[Story, ...] | None  # those that are shown; None: retention has dropped it


@dataclass(frozen=True, slots=True)
class PostFile:
    """What is to become of the Jekyll file of one story."""

    story: PostId
    mark: int
    wish: str = ""  # the name that it would like to have, the first time
    body: bytes | None = None  # None: it goes, unless retention alone has hidden its story


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to render one scope now, and the mark that rendering it settles."""

    scope: Scope
    mark: int
    token: int
    updated: datetime | None  # what its documents said last, and never go back behind; None: never rendered
    created: datetime  # when the scope entered the store: the `updated` of an empty document


Basis: TypeAlias = Claim | Archive | Unpaged
"""What a document was rendered from, as it was then."""


@dataclass(frozen=True, slots=True)
class SiteIdentity:
    """Minted when the store is created; every id of ours is computed from it."""

    uuid: str
    created: datetime


@dataclass(frozen=True, slots=True)
class ErrandStatus:
    """An errand of a source that waits, or that ended not long ago and how."""

    errand: Errand
    result: str = ""
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One line of `aggregator status`."""

    url: Url
    active: bool  # still in the configuration
    memory: Memory
    due: Due | None  # None: never again by itself (gone, paused, removed)
    posts: int
    dropped: int = 0
    unread: tuple[UnreadEntry, ...] = ()
    definition: str = ""  # that is in force (`Source.definition`)
    host_paused_until: datetime | None = None  # its host said 429 to one of its sources
    errands: tuple[ErrandStatus, ...] = ()  # that wait first, then the newest
    taken: datetime | None = None  # all of it was taken down then, for good
