"""Pure. From stories to documents: select, atom, rss, json, pages (also of posts), opml, jekyll."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b

from aggregator import publish, websub
from aggregator.model import (
    Archive,
    Category,
    Claim,
    Config,
    Document,
    Event,
    Founder,
    Jekyll,
    PostFile,
    PostId,
    SiteIdentity,
    Slug,
    SourceInfo,
    Story,
    StoryVersion,
    Tombstone,
    Uncut,
    Unpaged,
    Unwritten,
    Url,
)

EVENTS = 200
"""Events that are looked at for `status.atom`."""
ON_HOME = 6
"""Posts of each category that the home page shows: about one screen of a phone."""

PAGES = publish.POSTS
"""The folder of the pages of posts."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a category's Atom document holds where it has archives: fewer than twice its `entries`."""

    entries: tuple[publish.Entry, ...]
    previous: int | None  # its newest archive


@dataclass(frozen=True, slots=True)
class Rendered:
    """The documents of one scope, and what they say of their last update, which must be remembered."""

    documents: tuple[Document, ...]
    updated: datetime
    unwanted: tuple[str, ...] = ()  # paths of what it would have in formats that the file does not ask for


@dataclass(frozen=True, slots=True)
class Listed:
    """The documents that name every source, and what was known of each when they were written."""

    infos: Mapping[Url, SourceInfo]
    about: Document
    sources: Callable[[datetime], Document]  # by when anything was published last


def entries(
    told: Sequence[tuple[StoryVersion, Story]], config: Config
) -> Mapping[StoryVersion, publish.Entry]:
    """Stories as the documents of this configuration show them."""
    positions = _positions(config) if any(len(story.members) > 1 for _, story in told) else {}
    return {version: publish.Entry(*publish.shown([story], positions, 1)) for version, story in told}


def render_category(
    category: Category,
    entries: Sequence[publish.Entry],
    claim: Claim,
    categories: Sequence[Category],
    config: Config,
    identity: SiteIdentity,
    tombstones: Sequence[Tombstone] = (),
    posts: Mapping[PostId, str] = {},
    subscribed: Subscribed | None = None,
) -> Rendered:
    """The documents of one category; `posts` are the paths of stories that have pages.

    `subscribed` is what its Atom document holds; without it, that is the newest `entries`, which all others
    show, whichever archive has them. Raises `publish.Unread`.
    """
    entries = publish.in_order(entries, category.entries)
    page = partial(
        publish.category_page, category, entries, site=config.site, output=config.output, posts=posts
    )
    pages = {publish.folder(category.slug) + publish.HOME: page}
    return _rendered(category, entries, pages, claim, categories, config, identity, tombstones, subscribed)


def cut(uncut: Uncut, category: Category, config: Config, now: datetime) -> publish.Cut:
    """What of a category stays in its Atom document, and what is closed as archives."""
    today = publish.day(config.site, now)
    return publish.cut(uncut, category.entries, config.output.per_source, today)


def archive_path(archive: Archive) -> str:
    """Where the document of an archive is."""
    return publish.archive(archive.category, archive.number)


def render_archive(
    archive: Archive,
    tombstones: Mapping[PostId, Tombstone],
    categories: Sequence[Category],
    config: Config,
    identity: SiteIdentity,
) -> Rendered | None:
    """The document of an archive, with the `tombstones` of its members; None where there is to be none."""
    if archive.stories is None or "atom" not in config.output.formats:
        return None
    stories = publish.shown(archive.stories, _positions(config), len(archive.stories))
    entries = [publish.Entry(story) for story in stories]
    updated = publish.latest(entries, archive.updated, archive.closed)
    named = {c.slug: c for c in categories}
    document = publish.feed(
        named[archive.category],
        entries,
        site=config.site,
        output=config.output,
        identity=identity,
        categories=named,
        updated=updated,
        tombstones=[tombstones[id] for id in archive.members if id in tombstones],
        number=archive.number,
        previous=archive.previous,
    ).document
    return Rendered((document,), updated)


def render_sources(infos: Mapping[Url, SourceInfo], config: Config) -> Listed:
    """What names every source: the same for as long as nothing is said of them that is new."""
    site = config.site
    about = publish.about(config.sources, infos, site=site, output=config.output, polling=config.polling)
    return Listed(infos, about, publish.sources(config.sources, infos, site=site))


def render_site(
    entries: Sequence[publish.Entry],
    newest: Mapping[Slug, Sequence[publish.Entry]],
    claim: Claim,
    categories: Sequence[Category],
    listed: Listed,
    config: Config,
    identity: SiteIdentity,
    tombstones: Sequence[Tombstone] = (),
    posts: Mapping[PostId, str] = {},
    events: Sequence[Event] = (),
) -> Rendered:
    """The documents of everything: the feed, the home page with each category's `newest`, about, status.

    Raises `publish.Unread`.
    """
    site, output = config.site, config.output
    sections = [(c, publish.in_order(newest[c.slug], ON_HOME)) for c in categories]
    pages: dict[str, Callable[[], Document]] = {
        publish.STYLE: publish.stylesheet,
        publish.HOME: partial(publish.home, sections, site=site, output=output, posts=posts),
        publish.ABOUT: lambda: listed.about,
    }
    entries = publish.in_order(entries, output.entries)
    rendered = _rendered(None, entries, pages, claim, categories, config, identity, tombstones)
    updated = rendered.updated
    lists = (
        publish.outputs(categories, site=site, output=output, updated=updated),
        listed.sources(updated),
        publish.status_feed(
            events, config.sources, listed.infos, site=site, identity=identity, opened=claim.created
        ),
    )
    return replace(rendered, documents=(*rendered.documents, *lists))


def render_post(
    waiting: Unwritten, jekyll: Jekyll, categories: Sequence[Category], config: Config
) -> PostFile:
    """The Jekyll file of a story, and the name that it would like; one to remove where nothing is shown."""
    if waiting.told is None:
        return PostFile(waiting.story, waiting.mark)
    [told] = publish.shown([waiting.told], _positions(config), 1)
    named = {category.slug: category for category in categories}
    body = publish.post_file(told, jekyll=jekyll, site=config.site, categories=named)
    return PostFile(waiting.story, waiting.mark, publish.file_name(told.post, config.site), body)


def page_path(story: PostId, founder: Founder) -> str:
    """Where the page of a story is, whatever becomes of it."""
    return publish.post_path(story, founder.slug, founder.published)


def page_settings(config: Config) -> str:
    """What tells the pages of posts that this configuration and version make from all others.

    Empty where the configuration wants none.
    """
    output, site = config.output, config.site
    if "posts" not in output.formats:
        return ""
    made_of = (
        publish.templates(),
        replace(site, formerly=()),
        *(output.directory, output.formats, output.credit, output.index),
        [(c.slug, c.title, c.language) for c in config.categories],
    )
    return blake2b(repr(made_of).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def render_page(waiting: Unpaged, categories: Sequence[Category], config: Config) -> Document | None:
    """The page of a story; None where nothing of it is shown."""
    if waiting.told is None:
        return None
    [told] = publish.shown([waiting.told], _positions(config), 1)
    return publish.post_page(
        page_path(waiting.story, waiting.founder),
        told,
        site=config.site,
        output=config.output,
        categories={category.slug: category for category in categories},
    )


def _rendered(
    category: Category | None,
    entries: Sequence[publish.Entry],
    pages: Mapping[str, Callable[[], Document]],
    claim: Claim,
    categories: Sequence[Category],
    config: Config,
    identity: SiteIdentity,
    tombstones: Sequence[Tombstone],
    subscribed: Subscribed | None = None,
) -> Rendered:
    """A scope's documents, in the formats that are asked for; `pages` by their paths."""
    in_atom, previous = entries, None
    if subscribed is not None:
        in_atom = publish.in_order(subscribed.entries, len(subscribed.entries))
        previous = subscribed.previous
    # Nearly always the ones begin with the others: then each is looked at once.
    every = in_atom if in_atom[: len(entries)] == entries else (*entries, *in_atom)
    updated = publish.latest(every, claim.updated, claim.created)
    site, output, wanted = config.site, config.output, config.output.formats
    hub = websub.announced(site, config.server)
    named = {c.slug: c for c in categories}
    # RSS and JSON Feed have no word for what has gone.
    atom = partial(publish.feed, tombstones=tombstones, previous=previous)
    documents = [
        write(
            category,
            some,
            site=site,
            output=output,
            identity=identity,
            categories=named,
            updated=updated,
            hub=hub,
        ).document
        for key, write, some in (("atom", atom, in_atom), ("rss", publish.rss_document, entries))
        if key in wanted
    ]
    if "json" in wanted:
        documents.append(
            publish.json_document(category, entries, site=site, output=output, categories=named, hub=hub)
        )
    folder = publish.folder(None if category is None else category.slug)
    unwanted = [folder + file for key, file in publish.FILES.items() if key not in wanted]
    for path, page in pages.items():
        # Pages of posts have the style sheet, too.
        if "html" in wanted or ("posts" in wanted and path == publish.STYLE):
            documents.append(page())
        else:
            unwanted.append(path)
    return Rendered(tuple(documents), updated, tuple(unwanted))


def _positions(config: Config) -> Mapping[Url, int]:
    return {source.url: source.position for source in config.sources}
