"""Shell. Loop two, from stored posts to documents: claim what is dirty, select, render, put, settle.

Knows ports, not adapters, and decides nothing: `pipeline` says what a document holds. A mark is settled only
after its documents are in place, so that a crash in between renders once more and loses nothing. New archives
are in place before the document that stops holding their posts, so that no reader misses any.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator import pipeline
from aggregator.archivist import Archivist
from aggregator.errors import AggregatorError, PublishError, StoreError
from aggregator.model import Claim, Config, Document, PostId, Scope, Slug, StoryVersion
from aggregator.ports import (
    ArchiveStore,
    Clock,
    DocumentStore,
    JekyllStore,
    PageStore,
    PostReader,
    SourceReader,
)
from aggregator.stories import AFTER_FAILURE, JekyllWriter, PageWriter, StoryWriter

log = logging.getLogger(__name__)

KEPT = 14_000_000
"""Bytes of entries that are kept as they were written: a thousand in every format, of the usual length."""
_HOME = ("home",)
"""What the home page shows is kept by itself: it is written otherwise."""


@dataclass(frozen=True, slots=True)
class Published:
    """What one round of publishing came to."""

    scopes: int = 0
    written: tuple[str, ...] = ()  # paths whose bytes are new, or of pages of posts that went
    failures: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # names of Jekyll files whose bytes are new, or that went


class Publisher:
    """Renders pages of posts, then every dirty scope, one after the other, then Jekyll files.

    Pages come first so that the other documents have something to link to. Blocks; one round at a time.
    """

    def __init__(
        self,
        posts: PostReader,
        sources: SourceReader,
        documents: DocumentStore,
        clock: Clock,
        config: Config,
        files: JekyllStore | None = None,
        pages: PageStore | None = None,
        archives: ArchiveStore | None = None,
    ) -> None:
        """`files`, `pages`: what knows of posts as files of a Jekyll site, and as pages; None: never any.

        Without `archives`, documents hold the newest posts and nothing else.
        """
        self._posts, self._sources, self._documents, self._clock = posts, sources, documents, clock
        self._jekyll = JekyllWriter(posts, files) if files is not None else None
        self._pages = PageWriter(posts, pages, documents) if pages is not None else None
        self._founders = pages
        self._identity = posts.identity()
        self._archivist = Archivist(posts, documents, archives) if archives is not None else None
        self._shelf = pipeline.Shelf(KEPT)
        self._listed: pipeline.Listed | None = None  # as long as nothing that it says has changed
        self._removed = set[str]()  # paths of what this configuration does not want, and that are not there
        self._shelved_for = config
        self._turn = threading.Lock()
        self._owed: list[Claim] = []  # claims that could not be given back yet: the store was in trouble
        self._not_before: datetime | None = None
        self._complained: tuple[str, ...] = ()
        self._failing: tuple[
            str, ...
        ] = ()  # what went wrong with documents the last time that they were tried
        self.config = config
        self.alone = (
            True  # False: another process writes what is not of one scope: pages, files, old archives
        )

    def publish(self, *, whole: bool = True) -> Published:
        """Render what is dirty. What cannot be put in place is reported, stays dirty, and is tried again.

        Not `whole`: at most one batch of pages, of Jekyll files and of archives that have changed, so that
        many of them hold up no documents.
        """
        now = self._clock.now()
        published = Published()
        alone = self.alone
        pages, unpaged = self._publish_stories(self._pages if alone else None, now, whole)
        if self._not_before is None or now >= self._not_before:
            published = self._publish_scopes(now)
            if alone:
                published = self._publish_archives(now, whole, published)
            self._not_before = now + AFTER_FAILURE if published.failures else None
            self._failing = published.failures
        files, refused = self._publish_stories(self._jekyll if alone else None, now, whole)
        failures = (*unpaged, *self._failing, *refused)
        self._complain(failures)
        return replace(
            published,
            written=(*pages, *published.written),
            failures=(*unpaged, *published.failures, *refused),
            files=files,
        )

    def _publish_archives(self, now: datetime, whole: bool, published: Published) -> Published:
        """Render archives that have changed since they were closed; what the whole round came to."""
        if self._archivist is None:
            return published
        written, trouble = list(published.written), list[str]()
        try:
            more = True
            while more:
                with self._turn:
                    more = self._archivist.again(self.config, now, written, trouble) and whole
            if not published.failures and not trouble:
                with self._turn:
                    self._archivist.remove(self.config, now, written, trouble)
        except AggregatorError as fault:
            trouble.append(str(fault))
        return replace(published, written=tuple(written), failures=(*published.failures, *trouble))

    def _publish_stories(
        self, writer: StoryWriter | None, now: datetime, whole: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Write what waits story by story; names, and what went wrong, in words."""
        written: list[str] = []
        if writer is None:
            return (), ()
        try:
            more = True
            while more:
                with self._turn:
                    more = writer.write(self.config, now, written) and whole
        except AggregatorError as fault:
            return tuple(written), (*writer.failures(), str(fault))
        return tuple(written), writer.failures()

    def _publish_scopes(self, now: datetime) -> Published:
        owed, self._owed = self._owed, []
        self._give_back(owed)
        scopes = 0
        written: list[str] = []
        failures: list[str] = []
        unsettled: list[Claim] = []
        try:
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
        finally:
            self._give_back(unsettled)
        return Published(scopes, tuple(written), tuple(failures))

    def paused(self) -> AbstractContextManager[object]:
        """Between two scopes: while it is held, nothing is rendered from the configuration."""
        return self._turn

    def _publish_scope(self, claim: Claim, now: datetime, written: list[str]) -> list[str]:
        """Render one scope, put its documents in place, settle its mark; what went wrong, in words."""
        trouble: list[str] = []
        try:
            rendered = self._render(claim, now, written, trouble)
            self._documents.promise(claim, rendered.updated)
            # Where a new archive is not in place, the old document must go on holding its posts.
            safe = [one for one in rendered.documents if not (trouble and one.path.endswith(".atom"))]
            trouble += self._put(safe, claim, now, written) + self._remove(rendered.unwanted, claim)
            if not trouble:
                self._documents.settle(claim, rendered.updated)
        except AggregatorError as fault:
            trouble.append(str(fault))
        except Exception as fault:  # a category that cannot be rendered must not take the others with it
            log.exception("fault while rendering %s", claim.scope or "the site")
            trouble.append(f"{claim.scope or 'the site'}: {type(fault).__name__}: {fault}")
        return trouble

    def _give_back(self, claims: Sequence[Claim]) -> None:
        """Release claims; what the store cannot take now is owed until the next round."""
        for claim in claims:
            try:
                self._documents.release(claim)
            except StoreError as trouble:
                log.error("cannot give back the claim on %s: %s", claim.scope or "the site", trouble)
                self._owed.append(claim)

    def _put(
        self, documents: Sequence[Document], claim: Claim, now: datetime, written: list[str]
    ) -> list[str]:
        failures = []
        for document in documents:
            try:
                if self._documents.put(document, now, basis=claim):
                    written.append(document.path)
            except PublishError as trouble:
                failures.append(str(trouble))
        return failures

    def _remove(self, paths: Sequence[str], claim: Claim) -> list[str]:
        """Remove what was published in formats that the file asks for no more; what went wrong, in words."""
        failures = []
        for path in paths:
            try:
                if path in self._removed:
                    continue
                removed = self._documents.remove(path, basis=claim)
                self._removed.add(path)
                if removed:
                    log.info("removed %s: `output.formats` does not ask for it any more", path)
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

    def _render(
        self, claim: Claim, now: datetime, written: list[str], trouble: list[str]
    ) -> pipeline.Rendered:
        """The documents of a scope, once what they leave to new archives is in place."""
        if self._shelved_for is not self.config:
            self._shelf.clear()
            self._removed.clear()
            self._listed = None
            self._shelved_for = self.config
        render = self._render_site if claim.scope is None else self._render_category
        try:
            return render(claim, now, written, trouble)
        except pipeline.Unread:
            self._shelf.forget(claim.scope)
            self._shelf.forget(_HOME)
            return render(claim, now, written, trouble)

    def _render_category(
        self, claim: Claim, now: datetime, written: list[str], trouble: list[str]
    ) -> pipeline.Rendered:
        config, categories = self.config, self._posts.categories()
        category = next(c for c in categories if c.slug == claim.scope)
        outline = self._posts.outline(category.slug, category.entries, per_source=config.output.per_source)
        held, previous = None, None
        if self._archivist is not None and "atom" in config.output.formats:
            held, previous = self._archivist.cut(claim, category, config, now, written, trouble)
        kept, there = self._told(category.slug, category.slug, [*outline, *(held or ())])
        entries = _listed(outline, there)
        subscribed = None if held is None else pipeline.Subscribed(tuple(_listed(held, there)), previous)
        rendered = pipeline.render_category(
            *(category, entries, claim, categories, config, self._identity),
            self._posts.tombstones(claim.scope),
            self._pages_of(entries),
            subscribed,
        )
        self._shelf.keep(category.slug, kept)
        return rendered

    def _render_site(
        self, claim: Claim, now: datetime, written: list[str], trouble: list[str]
    ) -> pipeline.Rendered:
        config, categories = self.config, self._posts.categories()
        outline = self._posts.outline(None, config.output.entries, per_source=config.output.per_source)
        kept, there = self._told(None, None, outline)
        on_home: dict[StoryVersion, pipeline.Entry] = {}
        newest: dict[Slug, Sequence[pipeline.Entry]] = {}
        for category in categories:
            shown = self._posts.outline(category.slug, pipeline.ON_HOME)
            of_category, named = self._told(_HOME, category.slug, shown)
            on_home |= of_category
            newest[category.slug] = _listed(shown, named)
        infos = self._sources.infos()
        if self._listed is None or self._listed.infos is not infos:
            self._listed = pipeline.render_sources(infos, config)
        entries = _listed(outline, there)
        rendered = pipeline.render_site(
            *(entries, newest, claim, categories, self._listed, config, self._identity),
            self._posts.tombstones(None),
            self._pages_of([entry for some in newest.values() for entry in some]),
            self._sources.events(pipeline.EVENTS),
        )
        self._shelf.keep(None, kept)
        self._shelf.keep(_HOME, on_home)
        return rendered

    def _told(
        self, place: Hashable, scope: Scope, wanted: Sequence[StoryVersion]
    ) -> tuple[Mapping[StoryVersion, pipeline.Entry], Mapping[PostId, pipeline.Entry]]:
        """What a scope shows, of what is wanted: by version, to be kept, and by the id that it has there.

        Only what is not kept already is read. What has changed meanwhile comes as it is now, and what has
        gone is left out: that has marked the scope again.
        """
        kept = self._shelf.entries(place)
        there = {version: kept[version] for version in wanted if version in kept}
        lacking = [version.shown for version in dict.fromkeys(wanted) if version not in there]
        if lacking:
            there |= pipeline.entries(self._posts.told(scope, lacking), self.config)
        return there, {version.shown: entry for version, entry in there.items()}

    def _pages_of(self, entries: Sequence[pipeline.Entry]) -> Mapping[PostId, str]:
        """Where the pages of these stories are; what is shown under another id than a story's has none."""
        if self._founders is None or not pipeline.page_settings(self.config):
            return {}
        founders = self._founders.founders([entry.id for entry in entries])
        return {story: pipeline.page_path(story, founder) for story, founder in founders.items()}


def _listed(wanted: Sequence[StoryVersion], there: Mapping[PostId, pipeline.Entry]) -> list[pipeline.Entry]:
    return [there[version.shown] for version in wanted if version.shown in there]
