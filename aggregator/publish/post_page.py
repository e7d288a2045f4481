"""Pure. One story as a page of its own: its text, whose it is, and where to read on.

Content is safe already (`html.sanitize`); here nothing in it is styled by accident, and nothing loads but
its images, lazily and without a referrer. The original stays the page that search engines are sent to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from markupsafe import Markup

from aggregator.model import Category, Document, Enclosure, Output, Shown, Site, Slug
from aggregator.publish import credit, pages, paths
from aggregator.publish.words import tag, words_for
from aggregator.syntax import text
from aggregator.syntax.dates import rfc3339
from aggregator.syntax.paged import for_page

_TEMPLATES = ("base.html", "parts.html", "post.html")
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Place:
    """A category that the post is in."""

    title: str
    language: str
    href: str


@dataclass(frozen=True, slots=True)
class _File:
    """Something to listen to, to look at or to take along."""

    url: str
    type: str
    name: str
    size: str


def post_page(
    path: str, shown: Shown, *, site: Site, output: Output, categories: Mapping[Slug, Category]
) -> Document:
    """`post/YYYY/MM/SLUG-HASH.html`: a story by who leads it, with the others that tell it beside.

    It names source and original whatever `output.credit` says: who comes by a search has nothing else to see
    them by. `republish` holds here as in the feeds. Categories that `categories` does not have are left out.
    """
    post, words, up = shown.post, words_for(site.language), pages.way_up(path)
    places = [categories[slug] for slug in post.categories if slug in categories]
    feeds = [pages.feeds_of(place, site, output, up) for place in (*places, None)]
    local = pages.for_people(post.published, site.timezone)
    spoken, source = tag(post.language), text.fold(post.origin.title)
    return pages.rendered(
        path,
        "post.html",
        site,
        language=spoken,
        alone="html" not in output.formats,
        feeds=[feed for group in feeds for feed in group],
        subscribed=feeds[0],
        title=credit.title(post, output, words),
        href=paths.followed(post.link),
        index=output.index,
        spoken=spoken,
        # Who wrote it may be the source itself, which stands beside anyway.
        authors=[person for person in credit.named(post) if person.name != source],
        source=source,
        home=paths.followed(post.origin.home),
        moment=rfc3339(post.published),
        day=f"{local:%Y-%m-%d}",
        clock=f"{local:%H:%M}",
        body=Markup(for_page(credit.said(post))),
        enclosures=[_file(one) for one in post.enclosures if paths.followed(one.url)],
        credit=[Markup(line) for line in credit.footer(shown, words)],
        places=[
            _Place(
                paths.label(place.slug, place.title),
                tag(place.language),
                up + paths.folder(place.slug) + page,
            )
            for place in places
            if (page := paths.HOME if "html" in output.formats else "")
        ],
        tags=[text.fold(one) for one in post.tags],
    )


def templates() -> str:
    """What tells pages that these templates make from those that others made."""
    sources = "\0".join(pages.source(name) for name in _TEMPLATES)
    return blake2b(sources.encode(), digest_size=8).hexdigest()


def _place(category: Category, up: str) -> _Place:
    page = up + paths.folder(category.slug) + paths.HOME
    return _Place(paths.label(category.slug, category.title), tag(category.language), page)


def _file(enclosure: Enclosure) -> _File:
    name = text.fold(enclosure.title) or enclosure.url.partition("?")[0].rstrip("/").rpartition("/")[2]
    length = enclosure.length or 0
    size = f"{length / _MEGABYTE:.1f} MB" if length >= _MEGABYTE / 10 else ""
    return _File(enclosure.url, enclosure.type, name or enclosure.url, size)
