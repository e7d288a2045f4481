"""Shell. Which scopes wait to be rendered: their marks, claims and watermarks.

A mark is written in the transaction that changes posts; the publisher clears it only after the documents
are in place, so that a crash in between renders once more. Marks come from one counter: a scope is dirty
while its mark is above the one that was last settled, and the scope that was settled longest ago comes
first, so that a busy category starves no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

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
    connection.execute(
        archives.update().where(archives.c.dropped.is_(False)).values(mark=archives.c.mark + 1)
    )
    return connection.execute(scopes.update().values(mark=_next(connection))).rowcount


def claim(connection: sa.Connection, now: datetime, life: timedelta | None) -> Claim | None:
    """The right to render the next dirty scope that nobody renders, categories before the site.

    A claim that is older than `life` is void, if that is given: who had it has died.
    """
    free: sa.ColumnElement[bool] = scopes.c.claimed.is_(False)
    if life is not None:
        free = sa.or_(free, scopes.c.asked < now - life, scopes.c.asked > now + life)
    row = connection.execute(
        sa.select(scopes)
        .where(scopes.c.mark > scopes.c.settled, free)
        .order_by(scopes.c.scope == SITE, scopes.c.settled, scopes.c.scope)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    token = row.token + 1
    connection.execute(
        scopes.update().where(scopes.c.scope == row.scope).values(token=token, claimed=True, asked=now)
    )
    scope = None if row.scope == SITE else Slug(row.scope)
    return Claim(scope=scope, mark=row.mark, token=token, updated=row.updated, created=row.created)


def promise(connection: sa.Connection, claim: Claim, updated: datetime) -> None:
    """Raise the watermark. A void claim does nothing."""
    later = sa.or_(scopes.c.updated.is_(None), scopes.c.updated < updated)
    connection.execute(_claimed(claim).where(later).values(updated=updated))


def settle(connection: sa.Connection, claim: Claim, updated: datetime) -> None:
    """Clear the mark that the claim was given for; one that came since stays. A void claim does nothing."""
    promise(connection, claim, updated)
    opened = sa.func.coalesce(scopes.c.opened, scopes.c.asked)
    connection.execute(_claimed(claim).values(settled=claim.mark, claimed=False, opened=opened))


def opened(connection: sa.Connection) -> dict[Slug | None, datetime]:
    """When each scope was first published; those that were not are left out."""
    rows = connection.execute(sa.select(scopes.c.scope, scopes.c.opened).where(scopes.c.opened.is_not(None)))
    return {None if row.scope == SITE else Slug(row.scope): row.opened for row in rows}


def holds(connection: sa.Connection, claim: Claim) -> bool:
    """Whether a claim is still good."""
    there = sa.select(scopes.c.scope).where(
        scopes.c.scope == (claim.scope or SITE), scopes.c.token == claim.token, scopes.c.claimed.is_(True)
    )
    return connection.execute(there).first() is not None


def release(connection: sa.Connection, claim: Claim) -> None:
    """Give a claim back; the mark stays."""
    connection.execute(_claimed(claim).values(claimed=False))


def void_claims(connection: sa.Connection) -> None:
    """The claims of a former process are worth nothing any more."""
    connection.execute(scopes.update().where(scopes.c.claimed.is_(True)).values(claimed=False))


def _claimed(claim: Claim) -> sa.Update:
    return scopes.update().where(
        scopes.c.scope == (claim.scope or SITE), scopes.c.token == claim.token, scopes.c.claimed.is_(True)
    )


def _next(connection: sa.Connection) -> int:
    return int(connection.execute(_HIGHEST).scalar_one()) + 1
