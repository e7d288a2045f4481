"""Shell. Categories: those of the file, and those that posts have made. None is ever removed.

A category that was published stays served, so one that leaves the file only stops being configured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from aggregator import websub
from aggregator.model import Category, Config, Known, Lookup, NewCategory, Slug, replace
from aggregator.store import marks
from aggregator.store.tables import categories, facts
from aggregator.syntax.labels import fold

# Built once: building a statement takes longer than SQLite takes to run it.
_KEEPING = sa.select(categories.c.slug).where(categories.c.keeps)
_THERE = sa.select(categories.c.slug).where(categories.c.slug.in_(sa.bindparam("slugs", expanding=True)))
_LABELS: sa.BindParameter[Any] = sa.bindparam("labels", expanding=True)
_LABELLED = (
    sa.select(categories.c.slug, categories.c.folded, categories.c.configured)
    .where(
        sa.or_(
            categories.c.folded.in_(_LABELS),
            sa.and_(categories.c.configured.is_(True), categories.c.slug.in_(_LABELS)),
        )
    )
    .order_by(categories.c.configured.desc(), categories.c.position, categories.c.created, categories.c.slug)
)
_TEMPLATED = (
    sa.select(categories.c.templated_by.label("source"), sa.func.count().label("made"))
    .where(categories.c.templated_by.is_not(None))
    .group_by(categories.c.templated_by)
)
_WISHES = 8
"""Slugs that one statement looks for."""


@cache
def _like_them(wishes: int) -> sa.CompoundSelect[*tuple[Any, ...]]:
    """The slugs like so many, `wish0` and so on, and without one how many a source's template has made."""
    like_one = (
        sa.or_(
            categories.c.slug == sa.bindparam(f"wish{n}"),
            sa.and_(
                categories.c.slug >= sa.bindparam(f"first{n}"), categories.c.slug < sa.bindparam(f"behind{n}")
            ),
        )
        for n in range(wishes)
    )
    made = sa.select(sa.literal(""), sa.false(), sa.func.count()).select_from(categories)
    return (
        sa.select(categories.c.slug, categories.c.configured, sa.literal(0).label("templated"))
        .where(sa.or_(sa.false(), *like_one))
        .union_all(made.where(categories.c.templated_by == sa.bindparam("source")))
    )


def sync(connection: sa.Connection, config: Config, now: datetime) -> set[str]:
    """Take over the categories of the file; the slugs of those whose documents may differ."""
    stored = {row.slug: row for row in connection.execute(sa.select(categories))}
    touched: set[str] = set()
    described = [category for category in config.categories if category.configured]
    for position, category in enumerate(described):
        asked = digest(category)
        row = stored.pop(category.slug, None)
        values = {
            "title": category.title,
            "folded": fold(category.title),
            "configured": True,
            "position": position,
            "asked": asked,
            "keeps": category.near_duplicates == "keep",
        }
        if row is None:
            _insert(connection, now, slug=category.slug, templated_by=None, **values)
        elif all(getattr(row, name) == value for name, value in values.items()):
            continue
        else:
            connection.execute(categories.update().where(categories.c.slug == category.slug).values(**values))
        touched.add(category.slug)
    gone = {row.slug for row in stored.values() if row.asked}
    if gone:
        connection.execute(
            categories.update()
            .where(categories.c.slug.in_(gone))
            .values(configured=False, asked="", keeps=False)
        )
    return touched | gone | _name(connection, [c for c in config.categories if not c.configured], now)


def _name(connection: sa.Connection, named: Iterable[Category], now: datetime) -> set[str]:
    """Make the categories that feeds and rules name, so that they are there before their first post.

    A value that is there already keeps its row as it is; one whose slug another value has waits for a post,
    which gives it a number (`classify.labels.assign`).
    """
    rows = connection.execute(sa.select(categories.c.slug, categories.c.folded)).all()
    slugs, values = {row.slug for row in rows}, {row.folded for row in rows}
    made: set[str] = set()
    for category in named:
        folded = fold(category.title)
        if category.slug not in slugs and folded not in values:
            _insert(
                connection,
                now,
                slug=category.slug,
                title=category.title,
                folded=folded,
                templated_by=None,
                configured=False,
                position=0,
                asked="",
            )
            slugs.add(category.slug)
            values.add(folded)
            made.add(category.slug)
    return made


def keeping(connection: sa.Connection) -> set[str]:
    """The slugs of the categories that show near duplicates one by one."""
    return set(connection.execute(_KEEPING).scalars())


def settings_changed(connection: sa.Connection, config: Config) -> bool:
    """Whether what documents are made with differs from the last time; remembers it.

    The intervals are on about.html; what the file says of categories and sources is compared one by one.
    """
    hub = websub.announced(config.site, config.server)
    asked = digest(config.site, config.output, hub, config.polling.min_interval, config.polling.max_interval)
    before = connection.execute(
        sa.select(facts.c.value).where(facts.c.name == "settings")
    ).scalar_one_or_none()
    if before == asked:
        return False
    if before is None:
        connection.execute(facts.insert().values(name="settings", value=asked))
    else:
        connection.execute(facts.update().where(facts.c.name == "settings").values(value=asked))
    return True


def ensure(
    connection: sa.Connection, wanted: Iterable[NewCategory], named: set[Slug], now: datetime
) -> set[str]:
    """Make what is missing of the categories `wanted` and of those that posts `named`; the slugs made.

    A slug that nobody introduced gets a category titled like it: what a feed names exists without more.
    """
    introduced = {category.slug: category for category in wanted}
    slugs = named | introduced.keys()
    if not slugs:
        return set()
    there = set(connection.execute(_THERE, {"slugs": list(slugs)}).scalars())
    made: set[str] = set(slugs - there)
    for slug in sorted(made):
        category = introduced.get(Slug(slug)) or NewCategory(Slug(slug), slug, fold(slug))
        _insert(
            connection,
            now,
            slug=slug,
            title=category.title,
            folded=category.folded,
            templated_by=category.templated_by,
            configured=False,
            position=0,
            asked="",
        )
    return made


def taken(connection: sa.Connection, wanted: Iterable[NewCategory]) -> bool:
    """Whether a slug now names another value than one of these, or a value has another slug."""
    for category in wanted:
        rows = connection.execute(
            sa.select(categories.c.slug, categories.c.folded).where(
                sa.or_(categories.c.slug == category.slug, categories.c.folded == category.folded)
            )
        ).all()
        if any((row.slug, row.folded) != (category.slug, category.folded) for row in rows):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Labels:
    """The part of `Known` that is about categories."""

    labels: Mapping[str, Slug]
    slugs: frozenset[Slug]
    configured: frozenset[Slug]
    templated: int


def known(connection: sa.Connection, lookup: Lookup) -> Labels:
    """Which categories the folded values of a document lead to, and which slugs are taken.

    A configured category answers to its slug too. Where several have one title, the file's come first, in
    its order, then the oldest.
    """
    slugs, templated = _like(connection, lookup.slugs, lookup.source)
    configured = frozenset(slug for slug, named in slugs.items() if named)
    return Labels(_led_to(connection, lookup.labels), frozenset(slugs), configured, templated)


def known_to_all(connection: sa.Connection, lookups: Sequence[Lookup]) -> Sequence[Known]:
    """The same for many sources, which all learn what any of them asks for: a few statements for all."""
    labels = frozenset(label for lookup in lookups for label in lookup.labels)
    wishes = frozenset(slug for lookup in lookups for slug in lookup.slugs)
    if not labels and not wishes:
        return [Known()] * len(lookups)
    led_to, (slugs, _) = _led_to(connection, labels), _like(connection, wishes, "")
    templated: dict[str, int] = {row.source: row.made for row in connection.execute(_TEMPLATED)}
    known = Known(labels=led_to, slugs=frozenset(slugs), configured=frozenset(s for s in slugs if slugs[s]))
    return [replace(known, templated=templated.get(lookup.source, 0)) for lookup in lookups]


def _led_to(connection: sa.Connection, labels: Set[str]) -> dict[str, Slug]:
    """Which categories folded values lead to."""
    led_to: dict[str, Slug] = {}
    rows = connection.execute(_LABELLED, {"labels": list(labels)}).all() if labels else []
    for row in rows:
        if row.configured and row.slug in labels:
            led_to[row.slug] = Slug(row.slug)
    for row in rows:
        if row.folded in labels:
            led_to.setdefault(row.folded, Slug(row.slug))
    return led_to


def _like(connection: sa.Connection, wanted: Iterable[Slug], source: str) -> tuple[dict[Slug, bool], int]:
    """The slugs that start like wishes, whether the file names each, and how many a source has made."""
    slugs: dict[Slug, bool] = {}
    wishes, templated = list(wanted), 0
    for start in range(0, max(len(wishes), 1), _WISHES):
        some = wishes[start : start + _WISHES]
        # `-` is followed by `.` in ASCII: a range, so that the primary key's index is walked.
        ranges = (
            {f"wish{n}": wish, f"first{n}": f"{wish}-", f"behind{n}": f"{wish}."}
            for n, wish in enumerate(some)
        )
        like_them = {name: value for one in ranges for name, value in one.items()}
        asked = like_them | {"source": source}
        for slug, is_configured, made in connection.execute(_like_them(len(some)), asked):
            if slug:
                slugs[Slug(slug)] = is_configured
            else:
                templated = made
    return slugs, templated


def listed(connection: sa.Connection, config: Config) -> list[Category]:
    """Configured ones in the order of the file, then the others by slug, as the port promises."""
    described = [category for category in config.categories if category.configured]
    configured = {category.slug for category in described}
    rows = connection.execute(
        sa.select(categories.c.slug, categories.c.title).order_by(categories.c.slug)
    ).all()
    others = [
        Category(slug=Slug(row.slug), title=row.title, entries=config.output.entries, configured=False)
        for row in rows
        if row.slug not in configured
    ]
    there = {row.slug for row in rows}
    return [category for category in described if category.slug in there] + others


def digest(*values: object) -> str:
    """Of the text of frozen values: equal for equal ones, in this version of the model."""
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()


def _insert(connection: sa.Connection, now: datetime, **values: object) -> None:
    connection.execute(categories.insert().values(created=now, **values))
    marks.open_scope(connection, str(values["slug"]), now)
