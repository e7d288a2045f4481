"""Shell. What is known of the items of each source's last document: one JSON text, read and written whole.

Only polls of the source write it. Whatever else changes its posts forgets it: then all is read again.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from aggregator.model import Item, Items, PostId, Url
from aggregator.store.dialects import upsert
from aggregator.store.tables import EPOCH, MICROSECOND, AnyRow, ended, errands, items, sources

_OF = (
    sa.select(items.c.known)
    .join(sources, sources.c.id == items.c.source)
    .where(sources.c.url == sa.bindparam("url"))
)
_THERE = sa.select(items.c.source).where(items.c.source == sa.bindparam("row"))
_KEEP = upsert(items)
_CROSSED = sa.select(
    sa.or_(
        sa.exists().where(errands.c.source == sa.bindparam("row"), errands.c.ended >= sa.bindparam("since")),
        sa.exists().where(ended.c.at >= sa.bindparam("since")),
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


def are_known(connection: sa.Connection, source: int) -> bool:
    """Whether anything is, of a source (row id)."""
    return connection.execute(_THERE, {"row": source}).scalar_one_or_none() is not None


def settle(connection: sa.Connection, row: AnyRow, found: Items | None) -> None:
    """What is known after a poll of a source (`row` of sources); None: what was known before.

    Nothing, where an errand, a push or a takedown has ended since the poll began: it may have changed what
    the poll has found.
    """
    if found is None:
        return
    if connection.execute(_CROSSED, {"row": row.id, "since": row.started}).scalar():
        forget(connection, row.id)
    else:
        _keep(connection, row.id, found)


def _keep(connection: sa.Connection, source: int, found: Items) -> None:
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
    text = json.dumps((found.context, rows), ensure_ascii=False, separators=(",", ":"))
    connection.execute(_KEEP, {"source": source, "known": text})


def forget(connection: sa.Connection, source: int | None = None) -> None:
    """Of one source (row id), or of all."""
    if source is None:
        connection.execute(items.delete())
    else:
        connection.execute(_FORGET, {"row": source})
