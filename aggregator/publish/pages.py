"""Pure. Our HTML pages: home, one for each category, and what this is.

The same arguments give the same bytes; nothing on a page says *now*. Whatever a source sent is text here and
is escaped by the templates; a link is only made of an http(s) URL. Pages ask for nothing but `style.css`, run
no script, and link to each other relatively, so that they also work under a prefix and from a disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aggregator.model import (
    Category,
    Document,
    Output,
    Polling,
    PostId,
    Scope,
    Shown,
    Site,
    Source,
    SourceInfo,
    Url,
)
from aggregator.publish import atom, credit, json_feed, paths, rss
from aggregator.publish.entries import Entry
from aggregator.publish.words import Words, direction, tag, words_for
from aggregator.syntax import text
from aggregator.syntax.dates import rfc3339

HTML = "text/html; charset=utf-8"
FORMATS = (  # key of `output.formats`, name, file, type
    ("atom", "Atom", atom.FILE, "application/atom+xml"),
    ("rss", "RSS", rss.FILE, "application/rss+xml"),
    ("json", "JSON", json_feed.FILE, "application/feed+json"),
)


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry as a page shows it: text, and links that are http(s), to a page of ours, or empty."""

    title: str
    href: str
    source: str
    home: str
    language: str
    moment: str  # RFC 3339
    day: str
    clock: str
    excerpt: str
    tags: tuple[str, ...]
    also: tuple[tuple[str, str], ...]  # name, link


@dataclass(frozen=True, slots=True)
class _Feed:
    """Something to subscribe to."""

    title: str
    format: str  # as people call it
    href: str  # relative to the page
    url: str  # for people to copy
    type: str


@dataclass(frozen=True, slots=True)
class _Section:
    """A category on the home page."""

    title: str
    language: str
    page: str
    feeds: tuple[_Feed, ...]
    rows: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A source on the about page."""

    title: str
    home: str
    feed: str  # empty for a confidential one
    paused: bool


def home(
    sections: Sequence[tuple[Category, Sequence[Entry]]],
    *,
    site: Site,
    output: Output,
    posts: Mapping[PostId, str] = {},
) -> Document:
    """`index.html`: the categories in the given order, each with its newest entries and its feed.

    `posts` are the paths of those entries that have pages of their own; the others link to the original.
    """
    rows = [
        _Section(
            title=paths.label(category.slug, category.title),
            language=tag(category.language) or tag(site.language),
            page=paths.folder(category.slug) + paths.HOME,
            feeds=feeds_of(category, site, output, ""),
            rows=tuple(_listed_as("headline", one, site, posts, "") for one in entries),
        )
        for category, entries in sections
    ]
    everything = feeds_of(None, site, output, "")
    feeds = [*everything, *(feed for section in rows for feed in section.feeds)]
    return rendered(paths.HOME, "home.html", site, feeds=feeds, everything=everything, sections=rows)


def category_page(
    category: Category,
    entries: Sequence[Entry],
    *,
    site: Site,
    output: Output,
    posts: Mapping[PostId, str] = {},
) -> Document:
    """`category/SLUG/index.html`: the entries of its feed by day, newest first; `posts` as in `home`."""
    path = paths.folder(category.slug) + paths.HOME
    up = way_up(path)
    own = feeds_of(category, site, output, up)
    rows = [
        (_day(entry, site.timezone), _listed_as("article", entry, site, posts, up, category.language))
        for entry in entries
    ]
    return rendered(
        path,
        "category.html",
        site,
        language=category.language,
        feeds=own,
        title=paths.label(category.slug, category.title),
        description=text.fold(category.description),
        days=[(day, [row for _, row in group]) for day, group in groupby(rows, key=itemgetter(0))],
    )


def about(
    sources: Sequence[Source],
    infos: Mapping[Url, SourceInfo],
    *,
    site: Site,
    output: Output,
    polling: Polling,
) -> Document:
    """`about.html`: the sources in the order of the file, who polls them and how, how to be removed.

    `infos` holds what is known of each feed so far. Of a confidential source only its title and home page
    are shown.
    """
    listed = [_listed(source, infos.get(source.url)) for source in sources]
    return rendered(
        paths.ABOUT,
        "about.html",
        site,
        feeds=feeds_of(None, site, output, ""),
        sources=listed,
        least=_duration(polling.min_interval),
        most=_duration(polling.max_interval),
    )


def stylesheet() -> Document:
    """`style.css`, the only thing that a page asks for."""
    return Document(paths.STYLE, "text/css; charset=utf-8", source(paths.STYLE).encode())


def source(name: str) -> str:
    """The text of a template."""
    found, _, _ = PackageLoader("aggregator.publish").get_source(_environment(), name)
    return found


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("aggregator.publish"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def rendered(
    path: str, template: str, site: Site, *, language: str = "", alone: bool = False, **values: object
) -> Document:
    """A page by its template, with what every page says; `language` is that of its title and text.

    `alone`: there is no home page, and no other that it could link to.
    """
    language = tag(language) or tag(site.language) or "en"
    words = words_for(site.language)
    source = (
        _environment()
        .get_template(template)
        .render(
            values,
            site=site,
            contact=site.contact
            if paths.followed(site.contact) or site.contact.startswith("mailto:")
            else "",
            contact_label=site.contact.removeprefix("mailto:"),
            path=path,
            alone=alone,
            up=way_up(path),
            words=words,
            ours=_ours(words, language),
            language=language,
            direction=direction(language),
            direction_of=direction,
        )
    )
    return Document(path, HTML, text.clean(source).encode())


def _ours(words: Words, language: str) -> Markup:
    """What marks our own words on a page in another language, as where there are no words in it."""
    same = words.language.partition("-")[0] == language.lower().partition("-")[0]
    marks = Markup(' lang="{}" dir="{}"').format(words.language, direction(words.language))
    return Markup() if same else marks


def way_up(path: str) -> str:
    """From a page back to the root, relatively."""
    return "../" * path.count("/")


def feeds_of(category: Category | None, site: Site, output: Output, up: str) -> tuple[_Feed, ...]:
    """What there is to subscribe to in a category; None: everything."""
    scope: Scope = paths.scope_of(category)
    title = paths.label(category.slug, category.title) if category else site.title
    return tuple(
        _Feed(
            title,
            name,
            up + paths.folder(scope) + file,
            paths.address(site, paths.folder(scope) + file),
            kind,
        )
        for key, name, file, kind in FORMATS
        if key in output.formats
    )


def _listed_as(
    form: str, entry: Entry, site: Site, posts: Mapping[PostId, str], up: str, language: str = ""
) -> Markup:
    """An entry as the macro of this name in `rows.html` puts it on a page; `language` is that of the page."""
    page = posts.get(entry.id)

    def write(shown: Shown) -> str:
        words = words_for(site.language)
        macro = getattr(_environment().get_template("rows.html").module, form)
        ours = _ours(words, tag(language) or tag(site.language) or "en")
        made: str = macro(_row(shown, site, page, up), words, ours, direction)
        return made

    return Markup(entry.written(form, (page, up, language, site.language, site.timezone), write))


def _day(entry: Entry, timezone: str) -> str:
    """The day that an entry stands under."""
    return entry.written(
        "day", timezone, lambda shown: f"{for_people(shown.post.published, timezone):%Y-%m-%d}"
    )


def _row(shown: Shown, site: Site, page: str | None, up: str) -> _Row:
    post = shown.post
    local = for_people(post.published, site.timezone)
    return _Row(
        title=text.fold(post.title) or post.link or post.id,
        href=paths.followed(post.link) if page is None else up + page,
        source=text.fold(post.origin.title),
        home=paths.followed(post.origin.home),
        language=tag(post.language),
        moment=rfc3339(post.published),
        day=f"{local:%Y-%m-%d}",
        clock=f"{local:%H:%M}",
        excerpt=credit.excerpt(post) if post.republish != "link" else "",
        tags=tuple(text.fold(one) for one in post.tags),
        also=tuple(
            (text.fold(member.origin.title) or member.link, paths.followed(member.link))
            for member in shown.also_in
        ),
    )


def _listed(source: Source, info: SourceInfo | None) -> _Listed:
    own = text.fold(source.title) or (text.fold(info.title) if info else "")
    return _Listed(
        title=own or source.label,
        home=paths.followed(info.home) if info else "",
        feed="" if source.confidential else source.url,
        paused=source.paused,
    )


def for_people(moment: datetime, timezone: str) -> datetime:
    """For people, in the site's time zone. A date at the edge of the calendar stays where it is."""
    try:
        return moment.astimezone(ZoneInfo(timezone))
    except OverflowError:
        return moment


def _duration(span: timedelta) -> str:
    """In units that need no translation: `90 s`, `15 min`, `6 h`; days too, as hours. Never torn apart."""
    seconds = int(span.total_seconds())
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}\N{NO-BREAK SPACE}{unit}"
    return f"{seconds}\N{NO-BREAK SPACE}s"
