"""Shell. Loop two, from stored posts to documents: claim what is dirty, select, render, put, settle.

Knows ports, not adapters, and decides nothing: `pipeline` says what a document holds. A mark is settled only
after its documents are in place, so that a crash in between renders once more and loses nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator import pipeline
from aggregator.errors import AggregatorError, PublishError, StoreError
from aggregator.model import Claim, Config, Document
from aggregator.ports import Clock, DocumentStore, PostReader, SourceReader

log = logging.getLogger(__name__)

AFTER_FAILURE = timedelta(seconds=15)
"""How long to wait before a disk that was full, or a directory that was read-only, is tried again."""


@dataclass(frozen=True, slots=True)
class Published:
    """What one round of publishing came to."""

    scopes: int = 0
    written: tuple[str, ...] = ()  # paths whose bytes are new
    failures: tuple[str, ...] = ()


class Publisher:
    """Renders every dirty scope, one after the other. Blocks; one round at a time."""

    def __init__(
        self,
        posts: PostReader,
        sources: SourceReader,
        documents: DocumentStore,
        clock: Clock,
        config: Config,
    ) -> None:
        self._posts, self._sources, self._documents, self._clock = posts, sources, documents, clock
        self._identity = posts.identity()
        self._turn = threading.Lock()
        self._owed: list[Claim] = []  # claims that could not be given back yet: the store was in trouble
        self._not_before: datetime | None = None
        self._complained: tuple[str, ...] = ()
        self.config = config

    def publish(self) -> Published:
        """Render what is dirty. What cannot be put in place is reported, stays dirty, and is tried again."""
        now = self._clock.now()
        if self._not_before is not None and now < self._not_before:
            return Published()
        owed, self._owed = self._owed, []
        self._give_back(owed)
        scopes = 0
        written: list[str] = []
        failures: list[str] = []
        unsettled: list[Claim] = []
        while True:
            with self._turn:
                claim = self._documents.claim(now)
                if claim is None:
                    break
                scopes += 1
                trouble = self._publish_scope(claim, now, written)
            if trouble:
                unsettled.append(claim)  # given back after the round, so that the round comes to an end
                failures += trouble
        self._give_back(unsettled)
        self._not_before = now + AFTER_FAILURE if failures else None
        self._complain(tuple(failures))
        return Published(scopes, tuple(written), tuple(failures))

    def paused(self) -> AbstractContextManager[object]:
        """Between two scopes: while it is held, nothing is rendered from the configuration."""
        return self._turn

    def _publish_scope(self, claim: Claim, now: datetime, written: list[str]) -> list[str]:
        """Render one scope, put its documents in place, settle its mark; what went wrong, in words."""
        try:
            rendered = self._render(claim)
            self._documents.promise(claim, rendered.updated)
            trouble = self._put(rendered.documents, now, written)
            if not trouble:
                self._documents.settle(claim, rendered.updated)
        except AggregatorError as fault:
            return [str(fault)]
        except Exception as fault:  # a category that cannot be rendered must not take the others with it
            log.exception("fault while rendering %s", claim.scope or "the site")
            return [f"{claim.scope or 'the site'}: {type(fault).__name__}: {fault}"]
        return trouble

    def _give_back(self, claims: Sequence[Claim]) -> None:
        """Release claims; what the store cannot take now is owed until the next round."""
        for claim in claims:
            try:
                self._documents.release(claim)
            except StoreError as trouble:
                log.error("cannot give back the claim on %s: %s", claim.scope or "the site", trouble)
                self._owed.append(claim)

    def _put(self, documents: Sequence[Document], now: datetime, written: list[str]) -> list[str]:
        failures = []
        for document in documents:
            try:
                if self._documents.put(document, now):
                    written.append(document.path)
            except PublishError as trouble:
                failures.append(str(trouble))
        return failures

    def _complain(self, failures: tuple[str, ...]) -> None:
        """Say each trouble once, not at every try, and say when it is over."""
        if failures and failures != self._complained:
            for failure in dict.fromkeys(failures):
                log.error("publish failed: %s", failure)
        elif self._complained and not failures:
            log.info("publish works again")
        self._complained = failures

    def _render(self, claim: Claim) -> pipeline.Rendered:
        config, categories = self.config, self._posts.categories()
        if claim.scope is not None:
            category = next(c for c in categories if c.slug == claim.scope)
            stories = self._posts.newest(claim.scope, category.entries)
            return pipeline.render_category(category, stories, claim, categories, config, self._identity)
        newest = {c.slug: self._posts.newest(c.slug, pipeline.ON_HOME) for c in categories}
        infos = {s.url: s.memory.info for s in self._sources.sources() if s.memory.info is not None}
        stories = self._posts.newest(None, config.output.entries)
        return pipeline.render_site(stories, newest, claim, categories, infos, config, self._identity)
