"""Shell. What is known of the items of each source's last document: one JSON text, read and written whole.

Only polls of the source write it. Whatever else changes its posts forgets it: then all is read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from aggregator.model import Item, Items, PostId, Url
from aggregator.store.dialects import upsert
from aggregator.store.posts import SOME_ROWS, chunks
from aggregator.store.tables import EPOCH, MICROSECOND, AnyRow, Moment, ended, errands, items, sources

_OF = (
    sa.select(items.c.known)
    .join(sources, sources.c.id == items.c.source)
    .where(sources.c.url == sa.bindparam("url"))
)
THERE = sa.exists().where(items.c.source == sources.c.id)
"""Whether anything is known, of a row of sources."""
_KEEP = upsert(items)
# When an errand of each source ended last, and, under no row's id, when anything was taken down.
_EVERYWHERE = 0
_ENDED = (
    sa.select(errands.c.source, sa.func.max(errands.c.ended, type_=Moment).label("last"))
    .where(errands.c.source.in_(SOME_ROWS))
    .group_by(errands.c.source)
    .union_all(
        sa.select(sa.literal_column(str(_EVERYWHERE), sa.BigInteger), sa.func.max(ended.c.at, type_=Moment))
    )
)
_FORGET = items.delete().where(items.c.source == sa.bindparam("row"))


def known(connection: sa.Connection, source: Url) -> Items | None:
    """Of the source at a URL; None where nothing is."""
    text = connection.execute(_OF, {"url": source}).scalar_one_or_none()
    if text is None:
        return None
    context, rows = json.loads(text)
    return Items(
        context,
        tuple(
            Item(digest, EPOCH + MICROSECOND * at, dated, size, guid, link, PostId(post))
            for digest, at, dated, size, guid, link, post in rows
        ),
    )


def settle(connection: sa.Connection, polled: Iterable[tuple[AnyRow, Items]]) -> None:
    """Keep what is known after a poll of each of these sources (`row` of sources).

    Nothing, where an errand, a push or a takedown has ended since the poll began: it may have changed what
    the poll has found.
    """
    kept: list[dict[str, Any]] = []
    for some in chunks(polled):
        last = {row.source: row.last for row in connection.execute(_ENDED, {"some": [r.id for r, _ in some]})}
        for row, found in some:
            moments = (last.get(row.id), last.get(_EVERYWHERE))
            if any(moment is not None and moment >= row.started for moment in moments):
                forget(connection, row.id)
            else:
                kept.append({"source": row.id, "known": _text(found)})
    if kept:
        connection.execute(_KEEP, kept)


def _text(found: Items) -> str:
    rows = [
        (
            one.digest,
            (one.published - EPOCH) // MICROSECOND,
            one.dated,
            one.size,
            one.guid,
            one.link,
            one.post,
        )
        for one in found.items
    ]
    return json.dumps((found.context, rows), ensure_ascii=False, separators=(",", ":"))


def forget(connection: sa.Connection, source: int | None = None) -> None:
    """Of one source (row id), or of all."""
    if source is None:
        connection.execute(items.delete())
    else:
        connection.execute(_FORGET, {"row": source})
