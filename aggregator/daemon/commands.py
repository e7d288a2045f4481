"""Shell. What is asked of the store: why posts are where they are, and what an edit of the file would do.

They return values; `report` prints them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from aggregator.errors import StoreMissing
from aggregator.model import Config, Explained, Findings, PostId, Scope, StoredStory
from aggregator.pipeline import explaining
from aggregator.publish.paths import post_path
from aggregator.store import Store, open_store

FOUND = 10
"""Stories that `explain` tells of at most."""
LISTED = 5
"""Posts of a source that it names."""


def explain(given: Config, asked: str) -> Explained:
    """Why what is stored under a link, an id or the URL of a source is in the output, or is not."""
    try:
        store = open_store(given.store, output=given.output.directory, loops=False, create=False)
    except StoreMissing:
        nothing = Findings(stored=False)
        return explaining.answer(explaining.sought(asked, given, nothing), given, nothing)
    with closing(store):
        store.remember(given)
        return explained(store, given, asked)


def explained(store: Store, given: Config, asked: str) -> Explained:
    """The same from an open store that knows the configuration."""
    findings = Findings(sources=tuple(store.sources.sources()), categories=tuple(store.posts.categories()))
    sought = explaining.sought(asked, given, findings)
    entries: dict[Scope, int] = {category.slug: category.entries for category in findings.categories}
    entries[None] = given.output.entries
    every = store.finder.find(sought, FOUND + 1)
    stories = tuple(every[:FOUND])
    asked_for = {story.id: explaining.lookup(story) for story in stories}
    posts = [member.post for story in stories for member in story.members]
    scopes: set[Scope] = {slug for post in posts for slug in post.categories} | {None}
    findings = replace(
        findings,
        stories=stories,
        more=len(every) > FOUND,
        lookalikes={
            story: store.polls.known(lookup).by_band for story, lookup in asked_for.items() if lookup
        },
        pages=_pages(store, stories),
        adopted={id: tuple(files) for id, files in store.adoption.telling([one.id for one in posts]).items()},
        newest=tuple(store.finder.of_source(sought.source, LISTED)) if sought.source else (),
        documents={
            scope: tuple(store.posts.newest(scope, entries[scope], per_source=given.output.per_source))
            for scope in scopes & entries.keys()
        },
    )
    return explaining.answer(sought, given, findings)


def _pages(store: Store, stories: Sequence[StoredStory]) -> dict[PostId, str]:
    """The pages of stories that readers get. Each is called after the post that founded its story."""
    founders = [
        (one.id, member.post) for one in stories for member in one.members if member.post.id == one.id
    ]
    paths = {story: post_path(story, post.slug, post.published) for story, post in founders}
    return {story: path for story, path in paths.items() if store.documents.get(path) is not None}
