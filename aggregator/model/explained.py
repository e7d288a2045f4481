"""Pure. What operators ask about a post, what the store has of it, and the answer (`aggregator explain`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.model.configured import Category
from aggregator.model.names import Key, PostId, Republish, Slug, Url
from aggregator.model.polled import Candidate, JoinedBy, Retraction
from aggregator.model.post import DateRule, Post
from aggregator.model.published import Scope, SourceStatus, Story
from aggregator.model.said import UnreadEntry
from aggregator.model.taken import Ended


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody asks about, in every form in which the store may know it."""

    name: str  # as asked: perhaps the id of a post or story
    keys: frozenset[Key] = frozenset()  # that posts of that id or link have
    texts: frozenset[str] = frozenset()  # that a guid or link may be, letter for letter
    source: Url | None = None  # the stored source that it is the URL of


@dataclass(frozen=True, slots=True)
class StoredPost:
    """A post as it is stored, shown or not."""

    post: Post
    story: PostId
    definition: str  # of its source, that it was last classified under
    active: bool  # its source is in the configuration
    purged: bool = False  # its content is gone after `output.keep`
    telling: PostId | None = None  # the first of its story in these words; None: itself, or not recorded
    joined: JoinedBy | None = None  # None: it founded its story, or nobody recorded how it joined
    similarity: float = 1.0  # to the founder, where it joined by its words
    held: frozenset[Scope] = frozenset()  # scopes that the backlog of its source keeps it out of
    ended: Ended | None = None  # of its story: it was taken down
    retracted: Retraction | None = None  # its source has deleted it, and not sent it again since
    article_said: str = ""  # what came of the errand for its article; "": none has ended
    awaits: datetime | None = None  # it is hidden until its article has come, or until then


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story, or a telling of it, stands in a scope: among all, whatever fits into a document."""

    scope: Scope
    shown: PostId  # the id that it is shown under
    number: int  # from 1, newest first
    of: int  # all that the scope has
    published: datetime
    waits: bool = False  # the documents of the scope are still to be rendered


@dataclass(frozen=True, slots=True)
class StoredStory:
    """A story with all its members, visible or not, in order of arrival."""

    id: PostId
    members: tuple[StoredPost, ...]
    places: tuple[Place, ...] = ()
    files: tuple[str, ...] = ()  # names of its Jekyll files
    archives: tuple[tuple[Slug, int], ...] = ()  # that hold it, in order


@dataclass(frozen=True, slots=True)
class Findings:
    """What the store has that an answer is worked out from."""

    stories: tuple[StoredStory, ...] = ()
    newest: tuple[StoredPost, ...] = ()  # of the source that was asked about
    sources: tuple[SourceStatus, ...] = ()
    categories: tuple[Category, ...] = ()
    documents: Mapping[Scope, tuple[Story, ...]] = field(default_factory=dict)  # what each scope shows
    # By id of a story: the founders of others that share bands with its founder (`Known.by_band`).
    lookalikes: Mapping[PostId, Mapping[int, tuple[Candidate, ...]]] = field(default_factory=dict)
    pages: Mapping[PostId, str] = field(default_factory=dict)  # paths of pages that are there, by story
    adopted: Mapping[PostId, tuple[str, ...]] = field(default_factory=dict)  # files that tell a post
    stored: bool = True  # False: there is no store yet
    more: bool = False  # there are more stories than these


@dataclass(frozen=True, slots=True)
class ExplainedCategory:
    """A category that a post is in, and what put it there."""

    slug: Slug
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class ExplainedPost:
    """One post of a story. Texts are phrases for people, without a full stop."""

    id: PostId
    id_why: str
    guid: str  # "": it has none, or it would name a confidential source
    title: str
    link: str
    source: str  # its name
    first_seen: datetime
    published: datetime
    dated: DateRule
    published_why: str
    updated: datetime
    updated_why: str
    categories: tuple[ExplainedCategory, ...]
    tags: tuple[str, ...]
    republish: Republish
    republish_why: str
    rules: tuple[str, ...]  # that fit it, as they stand in the file
    joined: JoinedBy | None
    similarity: float
    joined_why: str
    hidden: str  # why it is shown nowhere; "" where it may be
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedDocument:
    """One document that a story is in, or might be expected in."""

    path: str  # under the output directory
    place: int | None  # from 1; None: it is not in it
    of: int  # entries that the document has
    shown: PostId | None  # the id of the entry
    why: str  # it is not in it, or what else there is to know


@dataclass(frozen=True, slots=True)
class ExplainedLookalike:
    """Another story whose founder has much in common with the founder of this one."""

    story: PostId
    title: str
    similarity: float  # share of the shorter text that the other one has too, 0 to 1
    apart: str  # why they are two stories


@dataclass(frozen=True, slots=True)
class ExplainedStory:
    """A story, who speaks for it, and where it is; posts come as they rank, hidden ones last."""

    id: PostId
    leader: PostId | None  # None: nothing of it is shown
    leads_why: str
    posts: tuple[ExplainedPost, ...]
    documents: tuple[ExplainedDocument, ...]
    files: tuple[str, ...] = ()  # of a Jekyll site
    adopted: tuple[str, ...] = ()  # of a Jekyll site that were there before us and tell it
    page: str = ""  # path of its own page; "": there is none
    archives: tuple[str, ...] = ()  # paths of those that hold it
    lookalikes: tuple[ExplainedLookalike, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedPost:
    """A post of a source, in short."""

    id: PostId
    title: str
    hidden: str  # why it is shown nowhere; "" where it may be


@dataclass(frozen=True, slots=True)
class ExplainedSource:
    """A source that was asked about, or that might have brought what was not found."""

    source: str  # its name
    url: Url | None  # None: nobody may see it
    state: tuple[str, ...]
    unread: tuple[UnreadEntry, ...] = ()
    newest: tuple[ListedPost, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer: what was found, and where nothing was, what may have kept it out."""

    asked: str
    found: bool
    stories: tuple[ExplainedStory, ...] = ()
    sources: tuple[ExplainedSource, ...] = ()
    notes: tuple[str, ...] = ()
