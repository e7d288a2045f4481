"""Pure. The items of a document that are read, judged and stored as they stand, and need no more of that.

What is kept of each is enough for those that come beside it. Wherever an item that is not read could matter
to one that is, or the other way round, there is a doubt, and the document is read whole: the outcome is
always that of a whole document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from aggregator import normalize
from aggregator.model import (
    NO_POST,
    Changed,
    Duplicate,
    Fetched,
    Item,
    Items,
    Known,
    Lease,
    New,
    Parsed,
    Post,
    PostId,
    Reading,
    Rejected,
    SiteIdentity,
    SourceInfo,
    Unchanged,
    Url,
    Verdict,
    replace,
)

_NOBODY, _NOWHERE = SourceInfo("", ""), Url("")


class Doubt(Exception):
    """This document must be read whole; the text says why. Never leaves the room `pipeline`."""


def salt(lease: Lease, fetched: Fetched, identity: SiteIdentity, reader: str) -> str | None:
    """What the digests of items depend on beside the document; None where they are of no use.

    An errand's page is another document. What the definition of a source says, where a body came from and
    which version of us reads it decide what becomes of its items.
    """
    if lease.errand is not None:
        return None
    source = lease.source
    return "\0".join((reader, source.url, source.definition, lease.first_url, fetched.url, identity.uuid))


@dataclass(frozen=True, slots=True)
class Beside:
    """The known items of a document, for those that are read."""

    items: tuple[Item, ...] = ()

    @classmethod
    def of(cls, parsed: Parsed, items: Items | None) -> Beside:
        """Those that were left out of a document, at their places in it."""
        if not parsed.left_out or items is None:
            return cls()
        known = {item.digest: item for item in items.items}
        return cls(tuple(replace(known[parsed.digests[n]], position=n) for n in parsed.left_out))

    def among(self, posts: Iterable[Post], now: datetime) -> list[Post]:
        """All of a document in its order: posts, and for each known item one that has but its dates.

        What has no date of its own is as old as the poll.
        """
        known = (
            Post(
                id=item.post, source=_NOWHERE, guid="", title="", link="", origin=_NOBODY, dated=item.dated,
                published=own, updated=own, first_seen=now, position=item.position,
            )
            for item in self.items
            for own in (now if item.dated == "first-seen" else item.published,)
        )  # fmt: skip
        return sorted((*posts, *known), key=lambda post: post.position)

    def apart(self, posts: Iterable[Post]) -> tuple[list[Post], list[Post]]:
        """What was read, and what stands for known items."""
        places = {item.position for item in self.items}
        read: list[Post] = []
        known: list[Post] = []
        for post in posts:
            (known if post.position in places else read).append(post)
        return read, known

    def fits(self, posts: Sequence[Post], octets: int) -> bool:
        """Whether the posts and these items together are no more than a document of this size may hold."""
        held = sum(item.size for item in self.items) + sum(map(normalize.size, posts))
        return held <= normalize.room(octets)

    def check(self, posts: Iterable[Post]) -> None:
        """Raises `Doubt` where what was read has the guid or the link of a known item."""
        guids = {item.guid for item in self.items}
        links = {item.link for item in self.items if item.link}
        for post in posts:
            if _named(post) in guids or _short(post.link_key or "") in links:
                raise Doubt("an entry has the id or the link of another one")


def found(
    parsed: Parsed, stable: Mapping[int, Post], stamped: Iterable[Post], beside: Beside
) -> Items | None:
    """The items that may be settled once they are judged, and those that are.

    `stable` has the posts, by position, whose dates will stay, as they were before others were looked at.
    """
    if not parsed.digests:
        return None
    read = (
        Item(
            digest=parsed.digests[post.position],
            published=(own := stable[post.position]).published,
            dated=own.dated,
            size=normalize.size(own),
            guid=_named(post),
            link=_short(post.link_key or ""),
            position=post.position,
        )
        for post in stamped
        if post.position in stable
    )
    return Items(parsed.context, tuple(sorted((*read, *beside.items), key=lambda item: item.position)))


def judged(reading: Reading, posts: Sequence[Post], verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts of a whole document: known items are unchanged."""
    placed = [(post.position, verdict) for post, verdict in zip(posts, verdicts, strict=True)]
    placed += [(item.position, Unchanged(item.post)) for item in reading.known]
    return tuple(verdict for _, verdict in sorted(placed, key=lambda one: one[0]))


def settled(
    lease: Lease, reading: Reading, posts: Sequence[Post], verdicts: Sequence[Verdict]
) -> Items | None:
    """What is kept of a document's items; None where that is kept already."""
    if lease.errand is not None:
        return None
    if reading.items is None:
        return Items("", ()) if lease.items is not None and lease.items.items else None
    stored = {post.position: _stored_as(verdict) for post, verdict in zip(posts, verdicts, strict=True)}
    items = (
        item if item.post else replace(item, post=stored.get(item.position, NO_POST))
        for item in reading.items.items
    )
    kept = Items(reading.items.context, tuple(item for item in items if item.post))
    return kept if kept != lease.items else None


def _stored_as(verdict: Verdict) -> PostId:
    """The stored post that says now what the item says; "" where it does not."""
    match verdict:
        case New(post=post) | Changed(post=post) | Duplicate(post=post) | Rejected(post=post):
            return post.id
        case Unchanged(id=id, reason=reason):
            return NO_POST if reason else id


def in_doubt(reading: Reading, known: Known, withdrawn: Collection[object]) -> bool:
    """Whether what was read has to do with a known item after all, by what is stored of both."""
    here = {item.post for item in reading.known}
    if not here:
        return False
    return bool(withdrawn) or any(k.id in here for there in known.by_key.values() for k in there)


def _named(post: Post) -> str:
    """What an entry is called: its guid, else what stands for one."""
    return _short(post.guid or post.keys[0])


def _short(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest() if text else ""
