"""Pure. Category and tag values: filling templates, and giving every category value its slug.

A value is a category by what it says, not by its slug: values that are equal after NFKC, case-folding and
white space are one category. Slugs are given once and stored; this file proposes, the store remembers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aggregator.model import Known, Label, NewCategory, Post, Slug, Source, replace
from aggregator.syntax import patterns, slugs, text
from aggregator.syntax.labels import LONGEST, fold

TEMPLATED_AT_MOST = 100
"""Categories that the templates of one source may make; after that its own title is the category."""
LAST_RESORT = Label("general", slug="general")
"""Where that title changes too: a feed cannot make more categories by renaming itself."""


def categories_of(templates: Iterable[str], post: Post, title: str) -> tuple[Label, ...]:
    """The category labels that templates or fixed values give for a post, each once, in their order.

    `title` is the source's, which stands for every value that the entry does not have.
    """
    filled = ((text.fold(patterns.fill(t, _values(post, title))) or title, t) for t in templates)
    return _once(_label(value, templated=bool(patterns.placeholders(t))) for value, t in filled)


def _label(value: str, *, templated: bool) -> Label:
    value = text.shorten(value, LONGEST)
    return Label(value, templated, slugs.slugify(value))


def tags_of(templates: Iterable[str], post: Post, title: str) -> tuple[str, ...]:
    """The tags that templates or fixed texts give for a post: `{term}` gives one for each term."""
    filled: list[str] = []
    for template in templates:
        if "term" in patterns.placeholders(template) and post.said.terms:
            filled += [patterns.fill(template, _values(post, title, term)) for term in post.said.terms]
        else:
            filled.append(patterns.fill(template, _values(post, title)))
    folded = (text.shorten(text.fold(tag), LONGEST) for tag in filled)
    return tuple(dict.fromkeys(tag for tag in folded if tag))


def _values(post: Post, title: str, term: str | None = None) -> dict[str, str]:
    """What the placeholders stand for; whatever the entry does not say is the source's title."""
    said = post.said
    first_term = said.terms[0] if said.terms else ""
    return {
        "author": said.author or title,
        "publisher": said.publisher or title,
        "term": (first_term if term is None else term) or title,
        "feed_title": said.feed_title or title,
    }


def _once(labels: Iterable[Label]) -> tuple[Label, ...]:
    seen: dict[str, Label] = {}
    for label in labels:
        seen.setdefault(fold(label.value), label)
    return tuple(seen.values())


def wanted(posts: Sequence[Post], source: Source) -> tuple[frozenset[str], frozenset[Slug]]:
    """The folded values of all labels of some posts, and the slugs that they would like to have."""
    labels = {label for post in posts for label in post.labels} | {LAST_RESORT}
    if posts:
        labels.add(_own_title(posts, source))
    return frozenset(fold(x.value) for x in labels), frozenset(Slug(x.slug) for x in labels)


def _own_title(posts: Sequence[Post], source: Source) -> Label:
    return _label(source.title or posts[0].said.feed_title, templated=True)


def assign(posts: Sequence[Post], known: Known, source: Source) -> tuple[list[Post], list[NewCategory]]:
    """Give each post the slugs of its labels; say which categories that makes.

    A value whose slug a configured category has is that category. Where another value has the slug, the
    newcomer gets `-2`, `-3` and so on.
    """
    by_value = dict(known.labels)
    taken = set(known.slugs)
    made: list[NewCategory] = []
    templated = known.templated

    def slug_of(label: Label) -> Slug:
        nonlocal templated
        folded = fold(label.value)
        if folded in by_value:
            return by_value[folded]
        wish = Slug(label.slug)
        if wish in known.configured or (not label.templated and wish == label.value and wish in taken):
            by_value[folded] = wish
            return wish
        if label.templated and templated >= TEMPLATED_AT_MOST:
            own = _own_title(posts, source)
            fits = templated == TEMPLATED_AT_MOST or fold(own.value) in by_value
            if label != own or not fits:
                return slug_of(own if fits else LAST_RESORT)
        slug = next(s for s in _with_numbers(wish) if s not in taken)
        templated += label.templated
        taken.add(slug)
        by_value[folded] = slug
        made.append(NewCategory(slug, label.value, folded, source.url if label.templated else None))
        return slug

    # A post that a rule drops is shown nowhere, so it makes no category either.
    shown = ((post, () if post.dropped else post.labels) for post in posts)
    settled = [replace(post, categories=tuple(dict.fromkeys(map(slug_of, x)))) for post, x in shown]
    return settled, made


def _with_numbers(slug: Slug) -> Iterable[Slug]:
    yield slug
    number = 2
    while True:
        yield Slug(f"{slug}-{number}")
        number += 1
