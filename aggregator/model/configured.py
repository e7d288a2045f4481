"""Pure. What the operator asked for: feeds.yaml as values, made by `config`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from aggregator.model.names import NearDuplicates, Republish, Slug, Updates, Url


@dataclass(frozen=True, slots=True)
class Condition:
    """Patterns (RE2) by field of a post; each field matches if any of its patterns is found in it."""

    title: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    term: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    feed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to posts that a condition fits: dropped, moved, added, tagged, or shown in part."""

    name: str  # where it stands in the file, for people: `rules.0`, `feeds.3.rules.1`
    when: Condition | None = None
    unless: Condition | None = None
    drop: bool = False
    category: tuple[str, ...] = ()  # moves: values or templates
    also: tuple[str, ...] = ()  # adds: values or templates
    tags: tuple[str, ...] = ()
    republish: Republish | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """One subject that subscribers follow: a slug, a title, and documents of its own."""

    slug: Slug
    title: str
    description: str = ""
    language: str = ""  # BCP 47; empty: the site's
    near_duplicates: NearDuplicates = "merge"
    entries: int = 50
    formerly: tuple[str, ...] = ()
    configured: bool = True  # False: a template or a feed named it


LONGEST_HOST = 253
"""Characters (RFC 1035, 2.3.4)."""


@dataclass(frozen=True, slots=True)
class Source:
    """One feed to poll, as configured. It *is* its configured URL: any other edit keeps its state."""

    url: Url  # as written in the file
    path: str = ""  # of a `file:` source: its absolute path; moves with the folder, unlike the URL
    title: str = ""  # empty: the feed's own
    categories: tuple[str, ...] = ("general",)  # slugs, titles or templates
    tags: tuple[str, ...] = ()
    every: timedelta | None = None  # fixed interval; None: adapted
    insist: bool = False
    timezone: str = "UTC"  # IANA name, for dates without an offset
    language: str = ""  # empty: the feed's own
    republish: Republish = "full"
    full_text: bool = False  # fetch its articles; only where the feed itself says `republish: full`
    updates: Updates = "replace"
    backlog: int = 3
    private: bool = False  # its own host may have an address that is not public
    confidential: bool = False  # its URL appears in no public document, log or metric
    headers: tuple[tuple[str, str], ...] = ()
    drop_params: tuple[str, ...] = ()
    keep_params: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()  # its own, then the file's
    was: str = ""
    paused: bool = False
    position: int = 0  # place in the file, from 0
    definition: str = ""  # digest of all of the above that decides what a post becomes

    @property
    def host(self) -> str:
        """The host that its slots and gaps are counted for; "" for files, which have none.

        Nor does a name that no DNS can have: nobody is asked for it, and no index takes it.
        """
        parts = urlsplit(self.url)
        host = (parts.hostname or "").lower() if parts.scheme != "file" else ""
        return host if len(host) <= LONGEST_HOST else ""

    @property
    def label(self) -> str:
        """How logs and tables name it: its URL, or for a confidential one its title or place in the file."""
        if not self.confidential:
            return self.url
        return self.title or f"confidential source {self.position + 1}"


@dataclass(frozen=True, slots=True)
class Site:
    """Who publishes, where, and in which language and time zone."""

    title: str = "Feeds"
    url: str = "http://127.0.0.1:8080/"  # ends in a slash
    language: str = "en"
    timezone: str = "UTC"
    author: str = "Feeds"
    contact: str = "http://127.0.0.1:8080/"
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Polling:
    """How sources are polled where they say nothing of their own."""

    every: timedelta = timedelta(hours=1)
    min_interval: timedelta = timedelta(hours=1)
    max_interval: timedelta = timedelta(days=1)
    timeout: timedelta = timedelta(seconds=30)
    max_size: int = 10_000_000  # bytes, after decompression
    concurrency: int = 50
    per_host: int = 1
    per_host_gap: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Jekyll:
    """Where and how posts are written as files of a Jekyll site."""

    directory: str
    layout: str = "post"
    category_url: str = ""
    home_url: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """What is published, and how much of it."""

    directory: str = "public"  # absolute once loaded
    formats: tuple[str, ...] = ("atom", "rss", "json", "html")
    entries: int = 50
    credit: tuple[str, ...] = ("author", "footer")
    index: bool = False
    keep: timedelta = timedelta(days=365)
    per_source: int = 0
    jekyll: Jekyll | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """Where we listen. `None` is `off`."""

    listen: str | None = "127.0.0.1:8080"
    admin: str | None = "127.0.0.1:8081"
    admin_token: str = ""
    hub: bool | str = True
    private_hub: bool = False
    # Where a browser on this machine finds what the file's `listen` names; what `site.url` is by default.
    reached: str = "http://127.0.0.1:8080/"


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of feeds.yaml, checked and with every default filled in."""

    site: Site = field(default_factory=Site)
    store: str = "data/aggregator.db"  # an absolute path or a postgresql:// URL once loaded
    polling: Polling = field(default_factory=Polling)
    output: Output = field(default_factory=Output)
    server: Server = field(default_factory=Server)
    categories: tuple[Category, ...] = ()
    sources: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()  # what the file asks for and this version does not do yet, and the like
