"""Shell. Which scopes wait to be rendered: their marks, claims and watermarks.

A mark is written in the transaction that changes posts; the publisher clears it only after the documents
are in place, so that a crash in between renders once more. Marks come from one counter: a scope is dirty
while its mark is above the one that was last settled, and the scope that was settled longest ago comes
first, so that a busy category starves no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from aggregator.model import Claim, Slug
from aggregator.store.tables import SITE, archives, scopes

# Built once: building a statement takes longer than SQLite takes to run it.
_HIGHEST = sa.select(sa.func.coalesce(sa.func.max(scopes.c.mark), 0))
_MARK = (
    scopes.update()
    .where(scopes.c.scope.in_(sa.bindparam("wanted", expanding=True)))
    .values(mark=sa.bindparam("to"))
)
_MARK_ARCHIVES = archives.update().where(archives.c.dropped.is_(False)).values(mark=archives.c.mark + 1)
_MARK_SCOPES = scopes.update().values(mark=sa.bindparam("to"))


def _free(*void: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """The next dirty scope that nobody renders, or whose claim is void."""
    return (
        sa.select(scopes)
        .where(scopes.c.mark > scopes.c.settled, sa.or_(scopes.c.claimed.is_(False), *void))
        .order_by(scopes.c.scope == SITE, scopes.c.settled, scopes.c.scope)
        .limit(1)
    )


_FREE = _free()
_FREE_OR_VOID = _free(scopes.c.asked < sa.bindparam("since"), scopes.c.asked > sa.bindparam("until"))
_CLAIM = (
    scopes.update()
    .where(scopes.c.scope == sa.bindparam("of"))
    .values(token=sa.bindparam("new"), claimed=True, asked=sa.bindparam("at"))
)
_OURS = sa.and_(
    scopes.c.scope == sa.bindparam("of"),
    scopes.c.token == sa.bindparam("under"),
    scopes.c.claimed.is_(True),
)
"""The scope of a claim that is good (`_named`)."""
_HOLDS = sa.select(scopes.c.scope).where(_OURS)
_PROMISE = (
    scopes.update()
    .where(_OURS, sa.or_(scopes.c.updated.is_(None), scopes.c.updated < sa.bindparam("at")))
    .values(updated=sa.bindparam("at"))
)
_SETTLE = (
    scopes.update()
    .where(_OURS)
    .values(
        settled=sa.bindparam("to"), claimed=False, opened=sa.func.coalesce(scopes.c.opened, scopes.c.asked)
    )
)
_RELEASE = scopes.update().where(_OURS).values(claimed=False)


def open_scope(connection: sa.Connection, slug: str, now: datetime) -> None:
    """A category entered the store: an empty document of it is `updated` now."""
    connection.execute(
        scopes.insert().values(scope=slug, mark=0, settled=0, created=now, token=0, claimed=False)
    )


def mark(connection: sa.Connection, slugs: Iterable[str]) -> None:
    """Mark these scopes and the site, whose documents show every category; nothing for no scope."""
    wanted = set(slugs)
    if not wanted:
        return
    connection.execute(_MARK, {"wanted": [*wanted, SITE], "to": _next(connection)})


def mark_all(connection: sa.Connection) -> int:
    """Mark every scope, and every archive that is there; how many scopes there are."""
    connection.execute(_MARK_ARCHIVES)
    return connection.execute(_MARK_SCOPES, {"to": _next(connection)}).rowcount


def claim(connection: sa.Connection, now: datetime, life: timedelta | None) -> Claim | None:
    """The right to render the next dirty scope that nobody renders, categories before the site.

    A claim that is older than `life` is void, if that is given: who had it has died.
    """
    if life is None:
        row = connection.execute(_FREE).one_or_none()
    else:
        row = connection.execute(_FREE_OR_VOID, {"since": now - life, "until": now + life}).one_or_none()
    if row is None:
        return None
    token = row.token + 1
    connection.execute(_CLAIM, {"of": row.scope, "new": token, "at": now})
    scope = None if row.scope == SITE else Slug(row.scope)
    return Claim(scope=scope, mark=row.mark, token=token, updated=row.updated, created=row.created)


def promise(connection: sa.Connection, claim: Claim, updated: datetime) -> None:
    """Raise the watermark. A void claim does nothing."""
    connection.execute(_PROMISE, _named(claim) | {"at": updated})


def settle(connection: sa.Connection, claim: Claim, updated: datetime) -> None:
    """Clear the mark that the claim was given for; one that came since stays. A void claim does nothing."""
    promise(connection, claim, updated)
    connection.execute(_SETTLE, _named(claim) | {"to": claim.mark})


def opened(connection: sa.Connection) -> dict[Slug | None, datetime]:
    """When each scope was first published; those that were not are left out."""
    rows = connection.execute(sa.select(scopes.c.scope, scopes.c.opened).where(scopes.c.opened.is_not(None)))
    return {None if row.scope == SITE else Slug(row.scope): row.opened for row in rows}


def holds(connection: sa.Connection, claim: Claim) -> bool:
    """Whether a claim is still good."""
    return connection.execute(_HOLDS, _named(claim)).first() is not None


def release(connection: sa.Connection, claim: Claim) -> None:
    """Give a claim back; the mark stays."""
    connection.execute(_RELEASE, _named(claim))


def void_claims(connection: sa.Connection) -> None:
    """The claims of a former process are worth nothing any more."""
    connection.execute(scopes.update().where(scopes.c.claimed.is_(True)).values(claimed=False))


def _named(claim: Claim) -> dict[str, Any]:
    return {"of": claim.scope or SITE, "under": claim.token}


def _next(connection: sa.Connection) -> int:
    return int(connection.execute(_HIGHEST).scalar_one()) + 1
