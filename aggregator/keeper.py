"""Shell. From stored posts to stored posts: edits of the file reach them, and old ones lose their content.

Knows ports, not adapters, and decides nothing: `revision` says what a post becomes. Works in batches, so that
nothing waits for long, and never asks a source.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from aggregator import pipeline
from aggregator.model import Config, Outdated, Revision, SiteIdentity
from aggregator.pipeline import revision
from aggregator.ports import Clock, Revisions

log = logging.getLogger(__name__)

BATCH = 500
"""Posts in one transaction at most: a fraction of a second."""
FUTILE = 5
"""Batches in a row of which nothing could be written, after which the rest waits for another occasion."""


class Keeper:
    """Keeps stored posts as the file says. Blocks; one batch at a time, from any thread."""

    def __init__(
        self, store: Revisions, identity: SiteIdentity, clock: Clock, config: Config, batch: int = BATCH
    ) -> None:
        self._store, self._identity, self._clock = store, identity, clock
        self._config, self._batch = config, batch
        self._turn = threading.Lock()
        self._futile = 0
        self.behind = True  # whether a stored post may be classified as the file no longer says

    def adopt(self, config: Config) -> None:
        """The store was synced with another configuration: what it outdates is to be revised."""
        self._config, self._futile, self.behind = config, 0, True

    def revise(self) -> int:
        """One batch, what subscribers see first; how many posts it wrote. Clears `behind` when all is done.

        Raises `StoreError`; nothing is lost by that.
        """
        with self._turn:
            config = self._config
            self.behind = False  # first, so that an edit that comes while we look is not forgotten
            try:
                batch = self._store.outdated(self._batch)
            except BaseException:
                self.behind = True
                raise
            if not batch:
                return 0
            self.behind = True
            written = self._store.revise(self._revised(batch), self._clock.now())
            self._futile = 0 if written else self._futile + 1
            if self._futile >= FUTILE and self._config is config:
                log.error("posts could not be revised again and again; the next edit or start tries again")
                self.behind = False
            return written

    def revise_all(self) -> int:
        """Batch after batch until nothing is outdated; how many posts that wrote."""
        written = 0
        while self.behind:
            written += self.revise()
        return written

    def purge(self) -> int:
        """Let posts that are older than `output.keep`, and in no document, lose their content; how many.

        Raises `StoreError`.
        """
        before, purged = self._clock.now() - self._config.output.keep, 0
        while True:
            some = self._store.purge(before, self._batch, pipeline.ON_HOME)
            purged += some
            if some < self._batch:
                return purged

    def _revised(self, batch: Sequence[Outdated]) -> Sequence[Revision]:
        sorted_ = [self._classified(outdated) for outdated in batch]
        known = self._store.known([revision.lookup(outdated) for outdated in sorted_])
        return [revision.revise(*each) for each in zip(sorted_, known, strict=True)]

    def _classified(self, outdated: Outdated) -> Outdated:
        try:
            return revision.classified(outdated, self._identity)
        except (
            Exception
        ):  # one source never harms another, whatever our own fault: its posts stay as they are
            log.exception("fault while revising posts of %s", outdated.source.label)
            return outdated
