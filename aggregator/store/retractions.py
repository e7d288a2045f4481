"""Shell. What sources have deleted themselves: hidden, with a tombstone, until they send it again.

No id ends by that: an entry that comes back is the one that readers know. Others that tell the same story are
shown on, under its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from aggregator.model import PollOutcome, PostId
from aggregator.store import places
from aggregator.store.posts import chunks, taken
from aggregator.store.tables import SITE, placements, retracted, tombstones


def apply(connection: sa.Connection, source: int, outcome: PollOutcome, now: datetime) -> set[str]:
    """Carry out what a source (row id) says of its own posts; the slugs whose documents may differ."""
    if not outcome.retractions:
        return set()
    rows = taken(connection, [one.post for one in outcome.retractions])
    own = [one for one in outcome.retractions if one.post in rows and rows[one.post].source == source]
    stories = {PostId(rows[one.post].story) for one in own}
    before = _shown(connection, stories)
    for one in own:
        row = rows[one.post].id
        connection.execute(retracted.delete().where(retracted.c.post == row))
        said = {"at": one.at, "since": now, "comment": one.comment, "back": one.back}
        connection.execute(retracted.insert().values(post=row, **said))
    places.place(connection, stories)
    after = _shown(connection, stories)
    for scope, id in sorted(before ^ after):
        connection.execute(tombstones.delete().where(tombstones.c.scope == scope, tombstones.c.id == id))
        if (scope, id) in before:
            connection.execute(tombstones.insert().values(scope=scope, id=id, at=now))
    return {scope for scope, _ in before | after} - {SITE}


def _shown(connection: sa.Connection, stories: Iterable[PostId]) -> set[tuple[str, str]]:
    """Where some stories are shown, and under which ids."""
    found: set[tuple[str, str]] = set()
    for some in chunks(stories):
        query = sa.select(placements.c.category, placements.c.shown).where(placements.c.story.in_(some))
        found.update((row.category, row.shown) for row in connection.execute(query))
    return found
