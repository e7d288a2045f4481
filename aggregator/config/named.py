"""Pure. Categories that the file names without describing them: they exist before their first post.

A value with a placeholder names none until an entry fills it. What a value that entries fill becomes, and
which slug a value gets where another has it already, is decided when posts are classified.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aggregator.config.parts import Parts
from aggregator.model import Category, Source
from aggregator.syntax import labels, patterns, slugs, text


def named(
    parts: Parts, sources: Sequence[Source], described: Iterable[Category], entries: int
) -> tuple[Category, ...]:
    """The categories of fixed values in the order of feeds, then of rules, beside those described.

    A value that is the title or leads to the slug of another category is that one (as in `classify`).
    """
    titles = {labels.fold(category.title) for category in described}
    taken = {category.slug for category in described}
    made: list[Category] = []
    for value in dict.fromkeys(_values(parts, sources)):
        if patterns.placeholders(value):
            continue
        title = text.shorten(text.fold(value), labels.LONGEST)
        if labels.fold(title) in titles:
            continue
        slug = slugs.slugify(title)
        if slug in taken:
            continue
        titles.add(labels.fold(title))
        taken.add(slug)
        made.append(Category(slug, title, entries=entries, configured=False))
    return tuple(made)


def _values(parts: Parts, sources: Sequence[Source]) -> Iterator[str]:
    for source in sources:
        yield from source.categories
    for rules in (*(feed.keys.rules for feed in parts.feeds), parts.defaults.rules, parts.rules):
        for rule in rules:
            if rule.then is not None:
                yield from rule.then.category
                yield from rule.then.also
