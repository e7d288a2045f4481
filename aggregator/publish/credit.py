"""Pure. How a reader sees whose words these are: `output.credit`, and how much of them is shown.

Every format takes title, authors and body from here. Nothing is sanitized here: `content` and `summary` of a
post are safe already, everything else is text and is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.model import Output, Person, Post, Shown
from aggregator.publish import paths
from aggregator.publish.memo import Memo
from aggregator.publish.words import Words
from aggregator.syntax import html, text

_EXCERPTS: Memo[str] = Memo(2_000_000)
"""Four thousand of the longest: more than the documents of one round want again. What they write is kept."""


def title(post: Post, output: Output, words: Words) -> str:
    """The title as plain text on one line, never empty; with the credit `title` the source stands first."""
    own = text.fold(post.title) or post.link or post.id
    source = text.fold(post.origin.title)
    if "title" in output.credit and source:
        return words.titled.format(source=source, title=own)
    return own


def authors(post: Post) -> Sequence[Person]:
    """Who wrote it; where nobody is named, the source.

    Never empty, whatever `output.credit` says: RFC 4287, 4.1.1 would give an entry without an author to the
    author of the feed, which is us.
    """
    return named(post) or (Person(text.fold(post.origin.title) or text.fold(post.origin.id) or post.id),)


def named(post: Post) -> tuple[Person, ...]:
    """The authors that it names, if any."""
    return tuple(
        Person(name, paths.followed(person.uri))
        for person in post.authors
        if (name := text.fold(person.name))
    )


def body(shown: Shown, output: Output, words: Words) -> str:
    """What `republish` lets through, as HTML, with the credit `footer` as its last line. Never empty."""
    post = shown.post
    own = _paragraph(html.escape(text.fold(post.title) or post.link))
    text_of_it = said(post) or (own if post.republish == "excerpt" else "")
    parts = [text_of_it] if text_of_it else []
    if "footer" in output.credit:
        parts += footer(shown, words)
    # One by one: a text without line ends is looked at once.
    return "\n".join(map(text.clean, parts)) or own


def said(post: Post) -> str:
    """What `republish` lets through of a post, as HTML; may be empty.

    `full` is the content; `excerpt` the source's own summary or the beginning, as text without images, cut
    at a sentence's end; `link` nothing of it.
    """
    match post.republish:
        case "full":
            return post.content or post.summary
        case "excerpt":
            return _paragraph(html.escape(excerpt(post)))
        case "link":
            return ""


def excerpt(post: Post) -> str:
    """A few sentences of plain text: of the source's own summary, else of the content; may be empty."""

    def made() -> str:
        return html.excerpt(post.summary, post.language) or html.excerpt(post.content, post.language)

    return _EXCERPTS.get((post.summary, post.content, post.language), made)


def footer(shown: Shown, words: Words) -> list[str]:
    """Paragraphs that name the source, the original and who else tells it, in our words."""
    post = shown.post
    # Our words in another language than the post's say so (for screen readers and hyphenation).
    tag = f' lang="{words.language}"' if words.language.lower() != post.language.lower() else ""
    source = _anchor(post.origin.home, text.fold(post.origin.title) or post.origin.home)
    original = _anchor(post.link, words.original) if paths.followed(post.link) else ""
    lines = []
    if source or original:
        if source and post.via:  # that it is from there is only what this feed says
            source += f" ({html.escape(text.fold(post.via))})"
        first = html.escape(words.source) + source if source else ""
        lines.append(f"<p{tag}>{' · '.join(part for part in (first, original) if part)}</p>")
    others = [_anchor(member.link, text.fold(member.origin.title) or member.link) for member in shown.also_in]
    if others:
        lines.append(f"<p{tag}>{html.escape(words.also)}{html.escape(words.comma).join(others)}</p>")
    return lines


def _paragraph(inner: str) -> str:
    return f"<p>{inner}</p>" if inner else ""


def _anchor(href: str, label: str) -> str:
    escaped = html.escape(label)
    return f'<a href="{html.escape(href)}">{escaped}</a>' if paths.followed(href) else escaped
