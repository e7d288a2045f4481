"""Shell. Loop two, archive by archive: closes new ones, renders those that have changed, removes old ones.

Knows ports, not adapters, and decides nothing: `pipeline` says where to cut, and renders. An archive is
settled only after its document is in place.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from aggregator import pipeline
from aggregator.errors import PublishError, StoreError
from aggregator.model import Archive, Category, Claim, Config, StoryVersion
from aggregator.ports import ArchiveStore, DocumentStore, PostReader

log = logging.getLogger(__name__)

REMOVED = 200
"""Archives that are removed between two looks at the configuration."""
ARCHIVES = 10
"""Archives that are rendered between two looks at the configuration: some tenths of a second."""
FIRST = ("", 0)
"""What a walk over archives begins after."""


class Archivist:
    """Closes the archives of a category when it is published, and renders those that have changed since.

    New ones are rendered at once; an edit, or another configuration, has the others wait for a batch.
    """

    def __init__(self, posts: PostReader, documents: DocumentStore, archives: ArchiveStore) -> None:
        self._posts, self._documents, self._archives = posts, documents, archives
        self._identity = posts.identity()
        self._after = FIRST  # the last archive that was tried in this walk over those that wait

    def cut(
        self,
        claim: Claim,
        category: Category,
        config: Config,
        now: datetime,
        written: list[str],
        trouble: list[str],
    ) -> tuple[Sequence[StoryVersion], int | None]:
        """Close what is to be closed and put it in place; what the subscription document then holds.

        And the number of the archive that comes before it. Archives that a crash or a full disk has kept
        from their place are put there, too.
        """
        slug = category.slug
        uncut = self._archives.uncut(slug)
        cut = pipeline.cut(uncut, category, config, now)
        if cut.closed or cut.day != uncut.day:
            self._archives.close(claim, cut.closed, cut.day, now)
        while not trouble and (fresh := self._archives.fresh(slug, ARCHIVES)):
            self._put(fresh, config, now, written, trouble)
        versions = {one.shown: one.version for one in uncut.arrivals}
        return [versions[id] for id in cut.stays], self._archives.newest(slug)

    def again(self, config: Config, now: datetime, written: list[str], trouble: list[str]) -> bool:
        """Render one batch of those that have changed; whether there may be another one in this walk."""
        changed = self._archives.changed(ARCHIVES, self._after)
        more = len(changed) == ARCHIVES
        self._after = (changed[-1].category, changed[-1].number) if more else FIRST
        self._put(changed, config, now, written, trouble)
        return more

    def remove(self, config: Config, now: datetime, written: list[str], trouble: list[str]) -> None:
        """Remove what retention has dropped, once no document names it any more.

        The caller has put in place what waited, so that subscription documents name the archives of now.
        """
        if not self._archives.changed(1, FIRST):
            self._put(self._archives.dropped(REMOVED), config, now, written, trouble)

    def _put(
        self,
        archives: Sequence[Archive],
        config: Config,
        now: datetime,
        written: list[str],
        trouble: list[str],
    ) -> None:
        """Put the documents of archives in place, or remove those that are not to be there."""
        if not archives:
            return
        categories = self._posts.categories()
        done: list[Archive] = []
        for archive in archives:
            path = pipeline.archive_path(archive)
            try:
                buried = self._posts.buried(archive.members)
                rendered = pipeline.render_archive(archive, buried, categories, config, self._identity)
                if rendered is None:
                    self._documents.remove(path, basis=archive)
                else:
                    self._archives.promise(archive, rendered.updated)
                    written += [
                        one.path for one in rendered.documents if self._documents.put(one, now, basis=archive)
                    ]
                done.append(archive)
            except PublishError as fault:
                trouble.append(str(fault))
            except StoreError:
                raise
            except Exception as fault:  # an archive that cannot be rendered must not take the others with it
                log.exception("fault while rendering %s", path)
                trouble.append(f"{path}: {type(fault).__name__}: {fault}")
        self._archives.settle(done)
