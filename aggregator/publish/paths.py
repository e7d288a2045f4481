"""Pure. Where the documents of a scope are, what its feed is called, and which links lead anywhere.

Every format uses these, so that one scope has one id and one address. Nothing here looks at a file system.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID, uuid5

from aggregator.model import Category, PostId, Scope, Site, SiteIdentity, Slug

STYLE = "style.css"
HOME = "index.html"
ABOUT = "about.html"
POSTS = "post/"

_FOLLOWED = re.compile(
    r"https?://[^\s/?#\x00-\x20\"'<>\\^`{|}\x7f-\x9f][^\s\x00-\x20\"<>\\^`{|}\x7f-\x9f]*", re.I
)


def folder(scope: Scope) -> str:
    """The folder of a scope's documents, empty or with a slash at its end."""
    return "" if scope is None else f"category/{scope}/"


def archive(slug: Slug, number: int) -> str:
    """Where an archive of a category is; the path is never given to another one."""
    return f"{folder(slug)}archive/{number}.atom"


def scope_of(category: Category | None) -> Scope:
    """The scope that a category's documents make up; without one, that of the site."""
    return None if category is None else category.slug


def post_path(story: PostId, slug: str, published: datetime) -> str:
    """Where the page of a story is: by its id, and the slug and date of the post that founded it.

    The hash of the id keeps apart what has one slug, and is the same whatever becomes of the story.
    """
    told = blake2b(story.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{POSTS}{published.astimezone(UTC):%Y/%m}/{slug}-{told}.html"


def address(site: Site, path: str) -> str:
    """The public URL of a path; `site.url` ends in a slash."""
    return site.url + path


def feed_id(identity: SiteIdentity, scope: Scope) -> str:
    """The id of a scope's feed: `urn:uuid:`, computed from the site's uuid, so that no URL is part of it."""
    return _urn(identity, "feed" if scope is None else f"category/{scope}")


def status_id(identity: SiteIdentity) -> str:
    """The id of `status.atom`."""
    return _urn(identity, "status")


def scheme(identity: SiteIdentity) -> str:
    """What says that a category of an entry is one of ours (RFC 4287, 4.2.2.2)."""
    return _urn(identity, "categories")


def label(slug: Slug, title: str) -> str:
    """What people read for a category."""
    return title or slug


def followed(url: str) -> str:
    """The URL where it is an absolute http(s) one in characters that URLs have (RFC 3986), else empty.

    `normalize` gives no others; what a reader or browser will follow is looked at once more all the same.
    """
    return url if _FOLLOWED.fullmatch(url) else ""


@lru_cache(maxsize=1024)
def _urn(identity: SiteIdentity, name: str) -> str:
    return uuid5(UUID(identity.uuid), name).urn
