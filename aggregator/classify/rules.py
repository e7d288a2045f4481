"""Pure. What the file says happens to a post: which categories and tags, how much is shown, or dropped.

Rules are tried in order; all that match apply, until one drops. Patterns search and run in linear time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aggregator.classify.labels import categories_of, tags_of
from aggregator.model import Condition, Post, Rule, Source, replace
from aggregator.syntax import html, patterns


def classify(post: Post, source: Source) -> Post:
    """The post with its labels, tags and `republish`, or with `dropped` naming the rule that dropped it."""
    title = source.title or post.said.feed_title
    labels = categories_of(source.categories, post, title)
    tags = tags_of(source.tags, post, title)
    republish = source.republish
    dropped = ""
    for rule in fitting(post, source):
        if rule.drop:
            dropped = rule.name
        if rule.category:
            labels = categories_of(rule.category, post, title)
        if rule.also:
            added = categories_of(rule.also, post, title)
            labels = (*labels, *(label for label in added if label not in labels))
        tags = tuple(dict.fromkeys((*tags, *tags_of(rule.tags, post, title))))
        republish = rule.republish or republish
    whole = source.full_text and republish == "full"
    return replace(post, labels=labels, tags=tags, republish=republish, whole=whole, dropped=dropped)


def fitting(post: Post, source: Source) -> Iterator[Rule]:
    """The rules that fit a post, in their order, up to the first that drops it."""
    plain = _Plain(post)
    for rule in source.rules:
        if applies(rule, post, source, plain):
            yield rule
            if rule.drop:
                return


class _Plain:
    """Title and content as plain text, made once for all rules of a post, and only if one asks."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._text: str | None = None

    def __str__(self) -> str:
        if self._text is None:
            post = self._post
            self._text = f"{post.title}\n{html.to_text(post.content or post.summary)}"
        return self._text


def applies(rule: Rule, post: Post, source: Source, plain: object) -> bool:
    """Whether a rule's `if` fits a post and its `unless` does not; a rule without `if` fits every post."""
    if rule.when is not None and not _fits(rule.when, post, source, plain):
        return False
    return rule.unless is None or not _fits(rule.unless, post, source, plain)


def _fits(condition: Condition, post: Post, source: Source, plain: object) -> bool:
    """Every key that is given must match; a key matches if any of its patterns is found."""

    fields: tuple[tuple[tuple[str, ...], Iterable[object]], ...] = (
        (condition.title, (post.title,)),
        (condition.author, (author.name for author in post.authors)),
        (condition.link, (post.link,)),
        (condition.term, post.said.terms),
        (condition.language, (post.language,)),
        (condition.feed, (post.said.feed_title, source.url)),
        (condition.text, (plain,)),
    )
    return all(
        any(patterns.search(pattern, text) for text in map(str, texts) for pattern in wanted)
        for wanted, texts in fields
        if wanted
    )
