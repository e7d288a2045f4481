"""Pure. What a poll is judged against, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from aggregator.model.articles import Article, Robots
from aggregator.model.names import EndedKind, Key, PostId, Slug, Url
from aggregator.model.post import DateRule, Items, Post
from aggregator.model.remembered import Errand, Lease, Memory
from aggregator.model.said import UnreadEntry
from aggregator.model.watched import Event, Exchange


@dataclass(frozen=True, slots=True)
class KnownPost:
    """A stored post, as far as judging another needs it."""

    id: PostId
    source: Url
    guid: str
    slug: str
    digest: str
    text_digest: str
    link: str
    link_key: Key | None
    published: datetime
    updated: datetime
    first_seen: datetime
    story: PostId  # the output id of its story
    telling: PostId | None = None  # the first of its story in these words; None: itself
    standing: int = 0  # Post.standing
    categories: tuple[Slug, ...] = ()
    dropped: str = ""
    dated: DateRule = "published"
    label_digest: str = ""
    ended: EndedKind | None = None  # it was taken down, alone or with all of its source
    retracted: datetime | None = None  # its source has deleted it then, or once did
    back: bool = False  # ... and has sent it again since


@dataclass(frozen=True, slots=True)
class Candidate:
    """The founding member of a story that another post may tell in other words."""

    known: KnownPost
    title: str
    markup: str  # sanitized HTML: its content, else its summary
    sources: frozenset[Url]  # of the members of its story


@dataclass(frozen=True, slots=True)
class Lookup:
    """What `decide` wants to know of the store about the posts of one document."""

    source: Url
    keys: frozenset[Key] = frozenset()
    ids: frozenset[PostId] = frozenset()
    labels: frozenset[str] = frozenset()  # folded category values (`syntax.labels.fold`)
    slugs: frozenset[Slug] = frozenset()  # that those values would like to have
    # Bands of posts by their strongest key: looked for only where that key leads to no post yet.
    bands: Mapping[Key, tuple[int, ...]] = field(default_factory=dict)
    seen_since: datetime | None = None  # candidates that were first seen before are out of the question
    first: bool = False  # a first poll, which may not flood what is out: `Known.opened` is wanted


@dataclass(frozen=True, slots=True)
class Known:
    """The store's answer to a `Lookup`."""

    by_key: Mapping[Key, tuple[KnownPost, ...]] = field(default_factory=dict)
    by_band: Mapping[int, tuple[Candidate, ...]] = field(default_factory=dict)  # without those of too many
    ids: frozenset[PostId] = frozenset()  # of those asked for, the ones that posts already have
    withdrawn: frozenset[Key] = frozenset()  # link keys that turned out not to name one entry of the source
    labels: Mapping[str, Slug] = field(default_factory=dict)  # folded value -> its category
    slugs: frozenset[Slug] = frozenset()  # every slug that is taken and starts like one asked for
    configured: frozenset[Slug] = frozenset()  # of those, the ones that the file names under `categories`
    templated: int = 0  # categories that templates of this source have made
    opened: Mapping[Slug | None, datetime] = field(default_factory=dict)  # scope -> its first publish


JoinedBy: TypeAlias = Literal["link", "id", "alike"]
"""What ties a post to the story that it joined: a member's link or id, or that it is like the founder."""


@dataclass(frozen=True, slots=True)
class New:
    """Not seen before: a story of its own."""

    post: Post


@dataclass(frozen=True, slots=True)
class Changed:
    """A stored post that a reader would see differently now; `post` is the whole new state."""

    post: Post
    reason: str = ""  # where it is no edit of the source: `re-keyed`, `moved`, `sorted anew`; no date moves


@dataclass(frozen=True, slots=True)
class Duplicate:
    """New from this source, but its story is told already: it joins `story`."""

    post: Post
    story: PostId
    reason: JoinedBy = "link"
    telling: PostId | None = None  # of the post that it is a copy of; None: it has words of its own
    similarity: float = 1.0  # to the founder of the story


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stored, and nothing that a reader sees differs."""

    id: PostId
    reason: str = ""  # where something differs and was not taken over: `updates: ignore`


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rule dropped it. Stored all the same, so that it can return with an edit of the rule."""

    post: Post
    reason: str
    story: PostId | None = None  # that it would join, so that it can return there; None: its own
    joined: JoinedBy = "link"  # if it would, with the rest that `Duplicate` has
    telling: PostId | None = None
    similarity: float = 1.0
    again: bool = False  # it is stored already, under this id; False: an id that must be free


Verdict: TypeAlias = New | Changed | Duplicate | Unchanged | Rejected


@dataclass(frozen=True, slots=True)
class Parting:
    """Stored posts that told something else all along: they leave a story for one named after the first."""

    leaves: PostId
    posts: tuple[PostId, ...]  # never empty, and not the one that `leaves` is named after


@dataclass(frozen=True, slots=True)
class Retraction:
    """A stored post that its own source has deleted, or sends again later than it deleted it."""

    post: PostId
    at: datetime  # when it was deleted: an entry that is later is a new one
    comment: str = ""
    back: bool = False  # it is sent again


@dataclass(frozen=True, slots=True)
class Due:
    """When to poll next, and the reasons in the order in which they moved it."""

    at: datetime
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A category that a post names and the store does not have yet."""

    slug: Slug
    title: str
    folded: str  # `syntax.labels.fold(title)`
    templated_by: Url | None = None


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """Everything that one poll changes: the only thing that a poll writes, on every path.

    That of an errand ends the errand and leaves `memory`, `due` and `unread` of its source alone.
    """

    lease: Lease
    at: datetime
    due: Due
    memory: Memory
    verdicts: tuple[Verdict, ...] = ()
    unread: tuple[UnreadEntry, ...] | None = None  # None: no feed was read, so the last ones stay
    categories: tuple[NewCategory, ...] = ()
    withdrawn: frozenset[Key] = frozenset()  # link keys that name no one entry of this source
    partings: tuple[Parting, ...] = ()  # what those had tied together, in the order to carry them out
    held: frozenset[tuple[PostId, Slug | None]] = frozenset()  # new posts, and scopes they stay out of
    judged: Mapping[Key, frozenset[PostId]] = field(default_factory=dict)  # what each key led to then
    # The same for the bands of posts that found a story or join one by their words; not of too many.
    judged_bands: Mapping[int, frozenset[PostId]] = field(default_factory=dict)
    ended: frozenset[PostId] = frozenset()  # stories that were known to have ended
    retractions: tuple[Retraction, ...] = ()
    pause_host_until: datetime | None = None
    items: Items | None = None  # of its document from now on; None: those that are stored stay
    errands: tuple[Errand, ...] = ()  # to be run from now on; one that is there already starts anew
    exchange: Exchange | None = None  # how it went; None: of an errand
    events: tuple[Event, ...] = ()  # that operators are told of
    result: str = ""  # of an errand, for people: `34 new`, `status 404`
    article: Article | None = None  # that an errand was for, when it is over
    robots: Robots | None = None  # what a site has said


@dataclass(frozen=True, slots=True)
class Committed:
    """Written; the documents of these categories may differ now."""

    dirty: frozenset[Slug]


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """Another process has the source, or the configuration has dropped it. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Stale:
    """What the outcome was judged against has changed. Nothing was written: look and decide again.

    `lease` has the same token and the source as it is configured now.
    """

    lease: Lease


CommitResult: TypeAlias = Committed | LeaseLost | Stale
