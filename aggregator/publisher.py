"""Shell. Loop two, from stored posts to documents: claim what is dirty, select, render, put, settle.

Knows ports, not adapters, and decides nothing: `pipeline` says what a document holds. A mark is settled only
after its documents are in place, so that a crash in between renders once more and loses nothing. New archives
are in place before the document that stops holding their posts, so that no reader misses any.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator import pipeline
from aggregator.errors import AggregatorError, PublishError, StoreError
from aggregator.model import Archive, Category, Claim, Config, Document, PostFile, PostId, Story
from aggregator.ports import ArchiveStore, Clock, DocumentStore, JekyllStore, PostReader, SourceReader

log = logging.getLogger(__name__)

BATCH = 200
"""Jekyll files that are written, and archives removed, between two looks at the configuration."""
ARCHIVES = 10
"""Archives that are rendered between two looks at the configuration: some tenths of a second."""
FIRST = ("", 0)
"""What a walk over archives begins after."""
SAID = 3
"""Jekyll files that a failure names; the others are counted."""
AFTER_FAILURE = timedelta(seconds=15)
"""How long to wait before a disk that was full, or a directory that was read-only, is tried again."""


@dataclass(frozen=True, slots=True)
class Published:
    """What one round of publishing came to."""

    scopes: int = 0
    written: tuple[str, ...] = ()  # paths whose bytes are new
    failures: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # names of Jekyll files whose bytes are new, or that went


class Publisher:
    """Renders every dirty scope, one after the other, then Jekyll files. Blocks; one round at a time."""

    def __init__(
        self,
        posts: PostReader,
        sources: SourceReader,
        documents: DocumentStore,
        clock: Clock,
        config: Config,
        files: JekyllStore | None = None,
        archives: ArchiveStore | None = None,
    ) -> None:
        """`files`: where posts go that the configuration wants as files of a Jekyll site, if anywhere.

        Without `archives`, documents hold the newest posts and nothing else.
        """
        self._posts, self._sources, self._documents, self._clock = posts, sources, documents, clock
        self._jekyll = JekyllWriter(posts, files) if files is not None else None
        self._identity = posts.identity()
        self._archivist = Archivist(posts, documents, archives) if archives is not None else None
        self._turn = threading.Lock()
        self._owed: list[Claim] = []  # claims that could not be given back yet: the store was in trouble
        self._not_before: datetime | None = None
        self._complained: tuple[str, ...] = ()
        self._failing: tuple[
            str, ...
        ] = ()  # what went wrong with documents the last time that they were tried
        self.config = config

    def publish(self, *, whole: bool = True) -> Published:
        """Render what is dirty. What cannot be put in place is reported, stays dirty, and is tried again.

        Not `whole`: at most one batch of Jekyll files, and one of archives that have changed, so that many of
        them hold up no documents.
        """
        now = self._clock.now()
        published = Published()
        if self._not_before is None or now >= self._not_before:
            published = self._publish_scopes(now)
            published = self._publish_archives(now, whole, published)
            self._not_before = now + AFTER_FAILURE if published.failures else None
            self._failing = published.failures
        files, refused = self._publish_files(now, whole)
        self._complain((*self._failing, *refused))
        return replace(published, failures=(*published.failures, *refused), files=files)

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

    def _publish_files(self, now: datetime, whole: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Write Jekyll files that wait; names, and what went wrong, in words."""
        files: list[str] = []
        if self._jekyll is None:
            return (), ()
        try:
            more = True
            while more:
                with self._turn:
                    more = self._jekyll.write(self.config, now, files) and whole
        except AggregatorError as fault:
            return tuple(files), (*self._jekyll.failures(), str(fault))
        return tuple(files), self._jekyll.failures()

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
            trouble += self._put(safe, now, written) + self._remove(rendered.unwanted)
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

    def _put(self, documents: Sequence[Document], now: datetime, written: list[str]) -> list[str]:
        failures = []
        for document in documents:
            try:
                if self._documents.put(document, now):
                    written.append(document.path)
            except PublishError as trouble:
                failures.append(str(trouble))
        return failures

    def _remove(self, paths: Sequence[str]) -> list[str]:
        """Remove what was published in formats that the file asks for no more; what went wrong, in words."""
        failures = []
        for path in paths:
            try:
                if self._documents.remove(path):
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
        config, categories = self.config, self._posts.categories()
        per_source = config.output.per_source
        tombstones = self._posts.tombstones(claim.scope)
        if claim.scope is not None:
            category = next(c for c in categories if c.slug == claim.scope)
            stories = self._posts.newest(claim.scope, category.entries, per_source=per_source)
            subscribed = None
            if self._archivist is not None and "atom" in config.output.formats:
                subscribed = self._archivist.cut(claim, category, stories, config, now, written, trouble)
            return pipeline.render_category(
                category, stories, claim, categories, config, self._identity, tombstones, subscribed
            )
        newest = {c.slug: self._posts.newest(c.slug, pipeline.ON_HOME) for c in categories}
        infos = {s.url: s.memory.info for s in self._sources.sources() if s.memory.info is not None}
        stories = self._posts.newest(None, config.output.entries, per_source=per_source)
        return pipeline.render_site(
            stories, newest, claim, categories, infos, config, self._identity, tombstones
        )


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
        newest: Sequence[Story],
        config: Config,
        now: datetime,
        written: list[str],
        trouble: list[str],
    ) -> pipeline.Subscribed:
        """Close what is to be closed and put it in place; what the subscription document then holds.

        Archives that a crash or a full disk has kept from their place are put there, too.
        """
        slug = category.slug
        uncut = self._archives.uncut(slug)
        cut = pipeline.cut(uncut, category, config, now)
        if cut.closed or cut.day != uncut.day:
            self._archives.close(claim, cut.closed, cut.day, now)
        while not trouble and (fresh := self._archives.fresh(slug, ARCHIVES)):
            self._put(fresh, config, now, written, trouble)
        there = {story.id: story for story in newest}
        others = self._archives.told(slug, [id for id in cut.stays if id not in there])
        there |= {story.id: story for story in others}
        stories = tuple(there[id] for id in cut.stays if id in there)
        return pipeline.Subscribed(stories, self._archives.newest(slug))

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
            self._put(self._archives.dropped(BATCH), config, now, written, trouble)

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
                    self._documents.remove(path)
                else:
                    self._archives.promise(archive, rendered.updated)
                    written += [one.path for one in rendered.documents if self._documents.put(one, now)]
                done.append(archive)
            except PublishError as fault:
                trouble.append(str(fault))
            except StoreError:
                raise
            except Exception as fault:  # an archive that cannot be rendered must not take the others with it
                log.exception("fault while rendering %s", path)
                trouble.append(f"{path}: {type(fault).__name__}: {fault}")
        self._archives.settle(done)


class JekyllWriter:
    """Writes stories that changed as files of a Jekyll site, a batch at a time.

    Goes on where it stopped, so that files that cannot be written hold up no others; those wait for a while.
    """

    def __init__(self, posts: PostReader, files: JekyllStore) -> None:
        self._posts, self._files = posts, files
        self._after = PostId("")
        self._refused: dict[PostId, tuple[datetime, str]] = {}  # when to try again, and why not before

    def write(self, config: Config, now: datetime, written: list[str]) -> bool:
        """Write one batch and note the names; whether there may be another one in this round."""
        jekyll = config.output.jekyll
        if jekyll is None:
            self._refused.clear()
            return False
        waiting = self._files.changed(BATCH, self._after)
        self._after = waiting[-1].story if len(waiting) == BATCH else PostId("")
        categories = self._posts.categories()
        files: list[PostFile] = []
        for one in waiting:
            if one.story in self._refused and now < self._refused[one.story][0]:
                continue
            try:
                files.append(pipeline.render_post(one, jekyll, categories, config))
            except Exception as fault:  # a post that cannot be rendered must not take the others with it
                log.exception("fault while rendering the Jekyll file of %s", one.story)
                self._refuse(one.story, now, f"{one.story}: {type(fault).__name__}: {fault}")
        for file, result in zip(
            files, self._files.put(files, jekyll.directory) if files else (), strict=True
        ):
            if isinstance(result, PublishError):
                self._refuse(file.story, now, str(result))
            else:
                self._refused.pop(file.story, None)
                written += [result] if result else []
        return bool(self._after)

    def failures(self) -> tuple[str, ...]:
        """What could not be written so far, in words: the first few, and how many more."""
        said = [why for _, why in self._refused.values()]
        more = (f"{len(said) - SAID} more Jekyll files could not be written",) if len(said) > SAID else ()
        return (*said[:SAID], *more)

    def _refuse(self, story: PostId, now: datetime, why: str) -> None:
        self._refused[story] = (now + AFTER_FAILURE, why)
