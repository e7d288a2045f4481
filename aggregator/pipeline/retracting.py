"""Pure. Which stored posts a source has deleted by its own tombstones, and which it has sent again since.

RFC 6721: an entry that is updated later than a tombstone's `when` is not deleted by it. A tombstone is obeyed
for entries of the very source that says so, by their guid: it deletes nothing that another source tells, and
nothing comes of it where we never had the entry. What the operator has taken down stays down all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from aggregator import dedupe
from aggregator.model import (
    Changed,
    DeletedEntry,
    Deletion,
    Key,
    Known,
    KnownPost,
    Lease,
    Post,
    PostId,
    Retraction,
    Source,
    Verdict,
)
from aggregator.syntax import dates, text


def deletions(
    said: Iterable[DeletedEntry], source: Source, first_url: str, now: datetime
) -> tuple[Deletion, ...]:
    """Tombstones as posts may be found by them. One without a `when`, or with one to come, is of now."""
    found: dict[Key, Deletion] = {}
    for one in said:
        when = dates.parse(one.when, source.timezone)
        at = min(when, now) if when is not None else now
        key = dedupe.guid_key(text.clean(one.ref).strip(), source, first_url)
        if key not in found or found[key].at < at:
            found[key] = Deletion(key, at, text.fold(one.comment))
    return tuple(found.values())


def retractions(
    lease: Lease,
    deleted: Sequence[Deletion],
    posts: Sequence[Post],
    verdicts: Sequence[Verdict],
    known: Known,
) -> tuple[Retraction, ...]:
    """What a document's tombstones, and the entries that it has later than those, do to stored posts."""
    if lease.errand is not None:  # an older page may say what is not so any more
        return ()
    here = {key: post for post in posts for key in post.keys}
    # What is in the document under another guid by now has not gone with its old one.
    done = {one.post.id for one in verdicts if isinstance(one, Changed) and one.reason == "re-keyed"}
    found = []
    for one in deleted:
        for stored in _own(lease.source, one.key, known):
            buried = stored.retracted is not None and (not stored.back or one.at <= stored.retracted)
            if not buried and stored.id not in done and not _is_later(here.get(one.key), one.at):
                found.append(Retraction(stored.id, one.at, one.comment))
    done |= {one.post for one in found}
    return (*found, *_returned(lease.source, here, known, done))


def _returned(
    source: Source, here: Mapping[Key, Post], known: Known, done: set[PostId]
) -> Iterable[Retraction]:
    """The posts that were deleted, and are in the document as entries that are later than that."""
    for key, post in here.items():
        for stored in _own(source, key, known):
            if stored.id in done or stored.retracted is None or stored.back or stored.guid != post.guid:
                continue
            if _is_later(post, stored.retracted):
                done.add(stored.id)
                yield Retraction(stored.id, stored.retracted, back=True)


def _own(source: Source, key: Key, known: Known) -> Iterable[KnownPost]:
    return (one for one in known.by_key.get(key, ()) if one.source == source.url)


def _is_later(post: Post | None, at: datetime) -> bool:
    """Whether an entry says itself that it is later; one that does not say is not."""
    if post is None:
        return False
    own = [post.claims_updated, post.published if post.dated in ("published", "updated") else None]
    return max((moment for moment in own if moment is not None), default=at) > at
