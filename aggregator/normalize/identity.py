"""Pure. Ids of posts: the source's own where it can be one, else one of ours that never needs to change.

Which of the two a post gets is decided against the store (another post may have the id already).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from aggregator.model import PostId, Source
from aggregator.syntax import urls

NOWHERE = "aggregator.invalid"
"""The authority of ids whose source has no name that the public may know (RFC 2606: never registered)."""

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?!\d+$)[a-z0-9-]{2,}")
# Names that mean another machine to everybody (RFC 6761, 6762, 8375; the rest by custom).
_PRIVATE = frozenset({
    "local", "localhost", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "test",
    "invalid", "arpa",
})  # fmt: skip


def wanted_id(guid: str) -> PostId:
    """The guid or atom:id as given, where it is an absolute IRI and valid URI; else "".

    isPermaLink does not matter (DESIGN, section 5).
    """
    guid = guid.strip()
    return PostId(guid if urls.is_iri(guid) else "")


def mint(source: Source, first_seen: datetime, best_key: str) -> PostId:
    """An id of ours: `tag:HOST,YYYY-MM-DD:HASH` (RFC 4151).

    The same for the same source, day (UTC) and key. Neither a path nor a query can be read in it, and the
    host only where it is public and the source not confidential.
    """
    first_url = source.was or source.url
    hidden = source.confidential or source.private
    day = first_seen.astimezone(UTC).date().isoformat()
    digest = sha256(f"{first_url}\n{best_key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return PostId(f"tag:{NOWHERE if hidden else _authority(source.url)},{day}:{digest}")


@lru_cache(maxsize=64)
def _authority(url: str) -> str:
    host = (urlsplit(urls.absolute("", url)).hostname or "").rstrip(".")
    public = _DOMAIN.fullmatch(host) is not None and host.rpartition(".")[2] not in _PRIVATE
    return host if public else NOWHERE
