"""Shell. Loop two, story by story: a page for each, a file of a Jekyll site for each, a batch at a time.

Knows ports, not adapters, and decides nothing: `pipeline` renders. A batch goes on where the last one
stopped, so that what cannot be written holds up nothing else; it waits for a while. What a story waits for is
settled only after it is in place.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator import pipeline
from aggregator.errors import PublishError
from aggregator.model import Category, Config, Document, PostFile, PostId, Unpaged
from aggregator.ports import DocumentStore, JekyllStore, PageStore, PostReader
from aggregator.syntax.counting import counted

log = logging.getLogger(__name__)

BATCH = 200
"""Stories that are written between two looks at the configuration."""
SAID = 3
"""Stories that a failure names; the others are counted."""
AFTER_FAILURE = timedelta(seconds=15)
"""How long to wait before a disk that was full, or a directory that was read-only, is tried again."""


class StoryWriter(ABC):
    """Something that is written for each story, and those for which it could not be."""

    what: str  # for people

    def __init__(self) -> None:
        self._after = PostId("")
        self._refused: dict[PostId, tuple[datetime, str]] = {}  # when to try again, and why not before

    @abstractmethod
    def write(self, config: Config, now: datetime, written: list[str]) -> bool:
        """Write one batch and note the names; whether there may be another one in this round."""

    def failures(self) -> tuple[str, ...]:
        """What could not be written so far, in words: the first few, and how many more."""
        said = [why for _, why in self._refused.values()]
        more = len(said) - SAID
        rest = (f"{counted(more, f'more {self.what}')} could not be written",) if more > 0 else ()
        return (*said[:SAID], *rest)

    def _next(self, batch: Sequence[PostId]) -> None:
        """Go on behind this batch, or from the start where nothing can be behind it."""
        self._after = batch[-1] if len(batch) == BATCH else PostId("")

    def _waits(self, story: PostId, now: datetime) -> bool:
        return story in self._refused and now < self._refused[story][0]

    def _refuse(self, story: PostId, now: datetime, why: str) -> None:
        self._refused[story] = (now + AFTER_FAILURE, why)


class JekyllWriter(StoryWriter):
    """Writes stories that changed as files of a Jekyll site."""

    what = "Jekyll file"

    def __init__(self, posts: PostReader, files: JekyllStore) -> None:
        super().__init__()
        self._posts, self._files = posts, files

    def write(self, config: Config, now: datetime, written: list[str]) -> bool:
        jekyll = config.output.jekyll
        if jekyll is None:
            self._refused.clear()
            return False
        waiting = self._files.changed(BATCH, self._after)
        self._next([one.story for one in waiting])
        categories = self._posts.categories()
        files: list[PostFile] = []
        for one in waiting:
            if self._waits(one.story, now):
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


class PageWriter(StoryWriter):
    """Writes stories that changed as pages, and removes those pages that the file asks for no more."""

    what = "post page"

    def __init__(self, posts: PostReader, pages: PageStore, documents: DocumentStore) -> None:
        super().__init__()
        self._posts, self._pages, self._documents = posts, pages, documents
        self._made_with: str | None = None  # what the store was told last, so that it is told but once
        self._left: list[str] = []  # pages that could not be removed, in words
        self._removed_to = ""

    def failures(self) -> tuple[str, ...]:
        left = self._left[:SAID]
        return (*super().failures(), *left)

    def write(self, config: Config, now: datetime, written: list[str]) -> bool:
        settings = pipeline.page_settings(config)
        if settings != self._made_with:
            self._refused.clear()
            self._after = PostId("")
            if not settings:
                return self._remove_all(written)
            self._left.clear()
            self._pages.made_with(settings)
            self._made_with = settings
        if not settings:
            return False
        waiting = self._pages.changed(BATCH, self._after)
        self._next([one.story for one in waiting])
        categories = self._posts.categories() if waiting else ()
        self._pages.settle(
            [
                one
                for one in waiting
                if not self._waits(one.story, now) and self._write(one, categories, config, now, written)
            ]
        )
        return bool(self._after)

    def _write(
        self, one: Unpaged, categories: Sequence[Category], config: Config, now: datetime, written: list[str]
    ) -> bool:
        """Put one page in place, or remove it; whether that was possible."""
        path = pipeline.page_path(one.story, one.founder)
        try:
            if self._replace(path, pipeline.render_page(one, categories, config), one, now):
                written.append(path)
        except PublishError as trouble:
            self._refuse(one.story, now, str(trouble))
            return False
        except Exception as fault:  # a post that cannot be rendered must not take the others with it
            log.exception("fault while rendering the page of %s", one.story)
            self._refuse(one.story, now, f"{one.story}: {type(fault).__name__}: {fault}")
            return False
        self._refused.pop(one.story, None)
        return True

    def _replace(self, path: str, page: Document | None, basis: Unpaged, now: datetime) -> bool:
        if page is None:
            return self._documents.remove(path, basis=basis)
        return self._documents.put(page, now, basis=basis)

    def _remove_all(self, written: list[str]) -> bool:
        """Remove a batch of the pages that there are; after the last one, none counts as made."""
        batch = self._documents.held(pipeline.PAGES, BATCH, self._removed_to)
        for path in batch:
            try:
                if self._documents.remove(path):
                    written.append(path)
            except PublishError as trouble:
                self._left.append(str(trouble))
        if len(batch) == BATCH:
            self._removed_to = batch[-1]
            return True
        self._removed_to = ""
        self._pages.made_with("")
        self._made_with = ""
        return False
