"""Pure. What we say: the post schema (DESIGN section 5), and what reading a body gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from aggregator.model.articles import Extracted, RobotsRules
from aggregator.model.names import Key, PostId, Republish, Slug, Url
from aggregator.model.said import BodyHints, Enclosure, Person, Unreadable, UnreadEntry


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """The feed that an entry comes from, as atom:source shows it (RFC 4287, 4.2.11)."""

    id: str
    title: str
    home: str = ""  # rel=alternate
    feed: str = ""  # rel=self; empty for a confidential source
    updated: datetime | None = None
    rights: str = ""
    license: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What templates and rules are filled from, beyond the post's own fields; stored for later edits."""

    author: str = ""  # the entry's first, before any fallback
    publisher: str = ""
    terms: tuple[str, ...] = ()
    feed_title: str = ""
    language: str = ""  # the entry's or the feed's own, whatever the file says


@dataclass(frozen=True, slots=True)
class Label:
    """A category as a feed or template names it, before it has a slug."""

    value: str
    templated: bool = False
    slug: str = ""  # that it would like to have


DateRule: TypeAlias = Literal["published", "updated", "first-seen", "position"]


@dataclass(frozen=True, slots=True)
class Post:
    """One item in our schema (DESIGN section 5): safe, absolute, dated, labelled.

    Out of `read` it is a proposal: `id` and `slug` are those it would get, `categories` is empty and
    `labels` says what they will come from, `published` is what its own dates give. `decide` settles all
    of that against what the store knows; after that they never change by themselves.
    """

    id: PostId  # empty: to be minted
    source: Url
    guid: str
    title: str
    link: str  # absolute http(s), "" only where nothing at all was offered
    published: datetime
    updated: datetime
    first_seen: datetime
    origin: SourceInfo
    slug: str = ""
    labels: tuple[Label, ...] = ()
    categories: tuple[Slug, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[Person, ...] = ()
    summary: str = ""  # sanitized HTML
    content: str = ""  # sanitized HTML
    article: str = ""  # the text out of its page, sanitized HTML; it is judged and sorted by `content`
    language: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    republish: Republish = "full"
    whole: bool = False  # its feed lets us show the article instead of the content
    said: Said = field(default_factory=Said)
    dated: DateRule = "published"  # which rule gave `published`
    claims_updated: datetime | None = None  # the entry's own `updated`, where believable
    standing: int = 0  # who tells it: 0 its own site, 1 somebody else, 2 who names another feed
    via: str = ""  # the title of the feed that brought it, where `origin` is another
    names_entry: bool = True  # its link names this one entry, so that it may be a key
    canonical: str = ""  # the page that it says it is a form or copy of, absolute; "": its link
    forms: tuple[str, ...] = ()  # other addresses of that page, as the entry says: its AMP form
    keys: tuple[Key, ...] = ()  # strongest first
    link_key: Key | None = None  # the one of `keys` that is its canonical URL
    digest: str = ""  # of what a reader sees
    label_digest: str = ""  # of what `classify` made of it: labels, tags, how much is shown, dropped or not
    text_digest: str = ""  # of title and content as plain text: do two copies agree? "" where there is none
    bands: tuple[int, ...] = ()  # by which near duplicates are looked for (`dedupe.shingles`)
    dropped: str = ""  # the rule that dropped it
    position: int = 0  # in the document it came in


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a source says of an entry of its own: it is deleted (RFC 6721)."""

    key: Key  # that a post of that guid has
    at: datetime  # never later than the poll
    comment: str = ""  # plain text


NO_POST = PostId("")


@dataclass(frozen=True, slots=True)
class Item:
    """What is kept of an item in a document so that, as long as it stays as it is, it need not be read again.

    Only what others of its document are judged by: dates, and what no two of them may share.
    """

    digest: str  # of its bytes and of all that it inherits
    published: datetime  # as it says itself
    dated: DateRule  # likewise
    size: int  # characters of its post (`normalize.bounded`)
    guid: str  # short digest; where it has none, of its strongest key
    link: str  # short digest of its link's key; "" where that names no entry
    post: PostId = NO_POST  # that it is stored as; empty: it was read just now
    position: int = field(default=0, compare=False)  # in the document


@dataclass(frozen=True, slots=True)
class Items:
    """The items of the last document of a source that are settled: read, judged, and stored as they stand."""

    context: str  # digest of what that document said of the feed
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one body gave. `posts` are of the items that were read; known ones are in `items` alone."""

    info: SourceInfo
    posts: tuple[Post, ...]
    hints: BodyHints = field(default_factory=BodyHints)
    unread: tuple[UnreadEntry, ...] = ()
    hubs: tuple[str, ...] = ()
    older: str = ""  # where the document's older entries are: its prev-archive or next page (RFC 5005)
    deleted: tuple[Deletion, ...] = ()
    repairs: tuple[str, ...] = ()
    topic: str = ""  # what the document calls itself (rel=self)
    items: Items | None = None  # that may be settled, in order; None: they could not be told apart
    known_dates: tuple[datetime, ...] = ()  # of the known items that have one
    whole: str = ""  # why all was read although items were known

    @property
    def known(self) -> tuple[Item, ...]:
        """The items that were not read, since they are as they were."""
        return tuple(item for item in self.items.items if item.post) if self.items is not None else ()


ReadResult: TypeAlias = Reading | Extracted | RobotsRules | Unreadable
"""`Extracted` and `RobotsRules` are what an errand for an article reads, and nothing else does."""
