"""Shell. Rendering from the store, without polling: what `publish` does, and whoever changes posts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from aggregator.errors import StoreLocked
from aggregator.keeper import Keeper
from aggregator.model import Config
from aggregator.publisher import Published, Publisher
from aggregator.store import Store, loops_held, open_store
from aggregator.triggers.clock import SystemClock


def publish(given: Config) -> Published | None:
    """Mark every document and render it; None where a running daemon does that."""
    if loops_held(given.store):
        with closing(open_store(given.store, output=given.output.directory, loops=False)) as store:
            mark_all(store, given)
        return None
    return _render(given, mark_all)


def publish_marked(given: Config) -> Published | None:
    """Render what a command has marked; None where a running daemon does that."""
    if loops_held(given.store):
        return None
    try:
        return _render(given)
    except StoreLocked:  # by a daemon that has started just now
        return None


def _render(given: Config, before: Callable[[Store, Config], None] | None = None) -> Published:
    """Render what is marked, after some step `before`, as the file has it now."""
    with closing(open_store(given.store, output=given.output.directory, loops=True)) as store:
        store.polls.sync(given, SystemClock().now())
        Keeper(store.revisions, store.posts.identity(), SystemClock(), given).revise_all()
        if before is not None:
            before(store, given)
        parts = (store.posts, store.sources, store.documents, SystemClock(), given)
        return Publisher(*parts, store.jekyll, store.pages, store.archives).publish()


def mark_all(store: Store, given: Config) -> None:
    """Let every document, page and Jekyll file be rendered again."""
    store.documents.mark_all()
    if given.output.jekyll is not None:
        store.jekyll.mark_all()
