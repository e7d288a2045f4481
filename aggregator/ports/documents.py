"""Pure. The ports of what is published: documents, archives, pages of posts, files of a Jekyll site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from aggregator.errors import PublishError
from aggregator.model import (
    Archive,
    Basis,
    Claim,
    Document,
    Founder,
    PostFile,
    PostId,
    Slug,
    Uncut,
    Unpaged,
    Unwritten,
)


class ArchiveStore(Protocol):
    """The archives of categories (RFC 5005, 4): which posts are in which, and which are to be rendered.

    A post is in one archive of a category at most, under the id that it was shown under, for good: one that
    leaves the category and returns is in its archive again.
    """

    def uncut(self, category: Slug, /) -> Uncut:
        """What a category shows, or a `backlog` has kept out of its document, and no archive holds."""

    def close(self, claim: Claim, cut: Sequence[Sequence[PostId]], day: str, now: datetime, /) -> None:
        """Close archives of the claimed category, numbered in this order, and remember the day.

        Raises `StoreError` for a claim that is void: another process publishes by now.
        """

    def newest(self, category: Slug, /) -> int | None:
        """The number of a category's newest archive, of those that are still there."""

    def fresh(self, category: Slug, limit: int, /) -> Sequence[Archive]:
        """At most `limit` archives of a category that have had no document yet, oldest first."""

    def changed(self, limit: int, after: tuple[str, int], /) -> Sequence[Archive]:
        """At most `limit` archives that changed since their document was rendered, by category and number.

        Those after that category and number; ("", 0) comes before all. Dropped ones, and those that have had
        no document, are not among them.
        """

    def dropped(self, limit: int, /) -> Sequence[Archive]:
        """At most `limit` archives that retention has dropped and whose document is to go, in that order."""

    def promise(self, archive: Archive, updated: datetime, /) -> None:
        """Remember what its document will say of its last update, before it is put."""

    def settle(self, done: Sequence[Archive], /) -> None:
        """The documents of these are in place, or gone. What changed again since waits again."""


class DocumentStore(Protocol):
    """Where documents are kept, and which scopes wait to be rendered."""

    def get(self, path: str, /) -> Document | None:
        """A whole document, or None. `path` may come from a stranger."""

    def peek(self, path: str, /) -> Document | None:
        """What `get` would give, where that is in memory already. Reads nothing: it may run in a loop."""

    def put(self, document: Document, now: datetime, /, *, basis: Basis | None = None) -> bool:
        """Replace a document atomically, its gzip twin too; False when the bytes were already there.

        `basis`: what it was rendered from. Where another process may have rendered it meanwhile from what
        came later, it is not put: False. It waits to be rendered then.

        Raises `PublishError` (full disk, read-only directory, a file at that path that we did not write);
        the old document then stays whole.
        """

    def remove(self, path: str, /, *, basis: Basis | None = None) -> bool:
        """Remove a document of ours and its gzip twin; False where there is none of ours.

        `basis`: as in `put`. Raises `PublishError` where it cannot be removed, or was changed since we wrote
        it.
        """

    def held(self, folder: str, limit: int, after: str, /) -> Sequence[str]:
        """At most `limit` paths of documents of ours in a folder (`post/`), in order, those after `after`."""

    def gone(self, path: str, /) -> bool:
        """Whether what a page showed was taken down for good. `path` may come from a stranger."""

    def claim(self, now: datetime, /) -> Claim | None:
        """The next dirty scope that nobody renders, categories before the site."""

    def promise(self, claim: Claim, updated: datetime, /) -> None:
        """Remember what the documents of a claim will say of their last update, before any is put.

        Who has read one that was put must not see `updated` go back, whatever becomes of the others.
        """

    def settle(self, claim: Claim, updated: datetime, /) -> None:
        """The documents of a claim are in place: clear its mark, unless it was marked again since."""

    def release(self, claim: Claim, /) -> None:
        """Give a claim back unsettled; the mark stays."""

    def mark_all(self) -> int:
        """Mark every scope and archive (the command `publish`); how many scopes there are."""


class PageStore(Protocol):
    """Which stories wait for a page of their own."""

    def made_with(self, settings: str, /) -> None:
        """Let every story wait again unless the pages were last made with these settings."""

    def changed(self, limit: int, after: PostId, /) -> Sequence[Unpaged]:
        """At most `limit` stories that changed since their page was rendered, by id, those after `after`.

        Each as it is now.
        """

    def founders(self, stories: Sequence[PostId], /) -> Mapping[PostId, Founder]:
        """What the addresses of the pages of some stories are made of; other ids are left out."""

    def settle(self, done: Sequence[Unpaged], /) -> None:
        """The pages of these are in place, or gone. What changed again since waits again."""


class JekyllStore(Protocol):
    """Which stories wait to be written as files of a Jekyll site, and the files that we wrote."""

    def changed(self, limit: int, after: PostId, /) -> Sequence[Unwritten]:
        """At most `limit` stories that changed since their file was written, by id, those after `after`.

        Each as it is now. A store that never wrote any gives all of them.
        """

    def put(self, files: Sequence[PostFile], directory: str, /) -> Sequence[str | PublishError]:
        """Write or remove these files in a directory (absolute), and settle their marks.

        One result for each, in order: the name of a file whose bytes changed or that went, "" where nothing
        had to be done, or why it could not be; then nothing is settled. A story gets its name with its first
        file, and keeps it; no two have one. What lies there and is not ours stays, and an edited file of
        ours is not removed.
        """

    def lost(self, directory: str, /) -> int:
        """Mark the stories whose file in a directory is not there any more; how many there are."""

    def mark_all(self) -> int:
        """Mark every story (the command `publish`); how many there are."""
