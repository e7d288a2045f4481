"""Pure. A post as a file of a Jekyll site: front matter, content, the link, the way back (DESIGN section 5).

The form is a contract, byte for byte. Bodies are neutralized for Liquid, front matter is YAML that means
what it says whatever a title holds. Where the files lie, and which are ours, is the store's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from aggregator.model import Category, Jekyll, Post, Shown, Site, Slug
from aggregator.publish import credit, paths
from aggregator.publish.words import words_for
from aggregator.syntax import html, text

_PLAIN = re.compile(r"[^\W\d_][\w-]*")  # cannot be taken for a number, a date or a sign of YAML
_TYPED = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_MARKDOWN = re.compile(r"([\\\[\]*_`<>#])")


def file_name(post: Post, site: Site) -> str:
    """`YYYY-MM-DD-SLUG.md`, dated in the site's time zone: the name that a post would like to have."""
    return f"{post.published.astimezone(ZoneInfo(site.timezone)):%Y-%m-%d}-{post.slug or 'post'}.md"


def post_file(shown: Shown, *, jekyll: Jekyll, site: Site, categories: Mapping[Slug, Category]) -> bytes:
    """The file of one story. `jekyll.category_url` has `{category}` for the slug."""
    post = shown.post
    date = post.published.astimezone(ZoneInfo(site.timezone))
    head = [
        "---",
        f"layout: {_scalar(jekyll.layout)}",
        f"title: {_quoted(post.title)}",
        f"date: {date:%Y-%m-%d %H:%M:%S %z}",
        f"categories: {_listed(post.categories)}",
    ]
    if post.tags:
        head.append(f"tags: {_listed(post.tags)}")
    parts = [_content(post)]
    if link := paths.followed(post.link):
        parts.append(f"<{link}>")
    if back := _way_back(post, jekyll, site, categories):
        parts.append(back)
    body = "\n\n".join(part for part in parts if part)
    return ("\n".join(head) + "\n---\n" + _without_liquid(body)).encode()


def _content(post: Post) -> str:
    match post.republish:
        case "full":
            return post.content or post.summary
        case "excerpt":
            return f"<p>{html.escape(said)}</p>" if (said := credit.excerpt(post)) else ""
        case "link":
            return ""


def _way_back(post: Post, jekyll: Jekyll, site: Site, categories: Mapping[Slug, Category]) -> str:
    """Links to the category and home, in the site's language; each where it has an address."""
    words = words_for(site.language)
    ways = []
    if jekyll.category_url and post.categories:
        slug = post.categories[0]
        title = categories[slug].title if slug in categories else slug
        name = _MARKDOWN.sub(r"\\\1", text.fold(post.tags[0] if post.tags else title))
        ways.append(f"[{words.back.format(name=name)}]({jekyll.category_url.replace('{category}', slug)})")
    if jekyll.home_url:
        ways.append(f"[{words.back_home}]({jekyll.home_url})")
    return words.bar.join(ways)


def _without_liquid(body: str) -> str:
    """What Jekyll would run as a template shows as text instead."""
    return body.replace("{{", "&#123;&#123;").replace("{%", "&#123;%")


def _listed(values: tuple[str, ...]) -> str:
    """One value as it is, several as a flow list; one with a space too, which Jekyll would take for two."""
    if len(values) == 1 and " " not in values[0]:
        return _scalar(values[0])
    return "[" + ", ".join(map(_scalar, values)) + "]"


def _scalar(value: str) -> str:
    """Plain where YAML reads it as the same text, else quoted."""
    plain = _PLAIN.fullmatch(value) and value.lower() not in _TYPED
    return value if plain else _quoted(value)


def _quoted(value: str) -> str:
    """A YAML double-quoted scalar (YAML 1.2, 7.3.1), on one line: Jekyll looks for `---` before YAML does."""
    return '"' + text.fold(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
