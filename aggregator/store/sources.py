"""Shell. Sources as rows: taking over the configuration, and what operators see.

A source is its URL. One that leaves the file keeps its row, so that it returns with its memory; an edited
one keeps it too. Nothing is polled earlier by an edit than its floor and the server's word allow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from aggregator import schedule
from aggregator.model import Config, Due, Memory, Polling, Source, SourceStatus, Url
from aggregator.store import categories, jekyll, marks, stories
from aggregator.store.leases import MEMORY, UNREAD
from aggregator.store.tables import SITE, AnyRow, posts, sources


def sync(connection: sa.Connection, config: Config, now: datetime) -> None:
    """Take over sources, categories and settings; see `ports.PollStore.sync`. The same writes nothing."""
    touched = categories.sync(connection, config, now)
    jekyll.sync(connection, config, touched)
    settings = categories.settings_changed(connection, config)
    _rename(connection, config)
    stored = {row.url: row for row in connection.execute(sa.select(_KEPT))}
    added: list[dict[str, Any]] = []
    edits: list[dict[str, Any]] = []
    returned: set[int] = set()  # row ids of sources whose posts are shown again
    reordered: set[int] = set()  # of those with another place in the file, which breaks ties
    for source in config.sources:
        row = stored.pop(source.url, None)
        wanted = _columns(source, config.polling)
        if row is None:
            added.append(
                wanted
                | _START
                | {
                    "url": source.url,
                    "first_url": source.url,
                    "next_due": now,
                    "added": now,
                }
            )
        elif any(getattr(row, name) != value for name, value in wanted.items()):
            edits.append(wanted | _replanned(row, wanted) | {"row": row.id})
            if not row.active:
                returned.add(row.id)
            elif row.position != source.position:
                reordered.add(row.id)
    gone = {row.id for row in stored.values() if row.active}
    if added:
        connection.execute(sources.insert(), added)
    # Statements of one shape each, as executemany wants them.
    for planned in (True, False):
        some = [edit for edit in edits if ("next_due" in edit) is planned]
        if some:
            connection.execute(sources.update().where(sources.c.id == sa.bindparam("row")), some)
    if gone:
        connection.execute(
            sources.update().where(sources.c.id == sa.bindparam("row")),
            [{"row": row, "active": False} for row in gone],
        )
    told = stories.of_sources(connection, returned | gone) | stories.tied(connection, reordered)
    touched |= stories.placed_in(connection, told)
    stories.place(connection, told)
    touched |= stories.placed_in(connection, told)
    if settings:
        marks.mark_all(connection)
    elif touched or added or edits or gone:
        marks.mark(connection, touched | {SITE})


def _rename(connection: sa.Connection, config: Config) -> None:
    """Let sources that moved keep their history: `was` names the URL that their row has so far.

    A poll that is under way for the old URL has lost its lease by that. Chains (B was A, C was B) are
    followed from their ends.
    """
    moves = {source.was: source.url for source in config.sources if source.was}
    if not moves:
        return
    there = set(
        connection.execute(
            sa.select(sources.c.url).where(sources.c.url.in_({*moves, *moves.values()}))
        ).scalars()
    )
    staying = {source.url for source in config.sources if source.was not in there}
    for was, url in _from_the_ends(moves, there, staying):
        connection.execute(
            sources.update()
            .where(sources.c.url == was)
            .values(url=url, leased_at=None, token=sources.c.token + 1)
        )


def _from_the_ends(moves: dict[str, Url], there: set[str], staying: set[Url]) -> list[tuple[str, str]]:
    """The moves in an order in which every new URL is free, without those that would take a row away."""
    order: list[tuple[str, str]] = []
    pending = {was: url for was, url in moves.items() if was in there and was not in staying}
    while free := [(was, url) for was, url in pending.items() if url not in there]:
        for was, url in free:
            order.append((was, url))
            there = (there - {was}) | {url}
            del pending[was]
    return order


_KEPT = (
    sources.select()
    .with_only_columns(*(c for c in sources.c if c.name not in ("memory", "unread", "due_why")))
    .subquery()
)
_START = {
    "due_why": json.dumps(["new in the configuration"]),
    "gone": False,
    "token": 0,
    "memory": MEMORY.dump_json(Memory()).decode(),
    "unread": "[]",
}


def _columns(source: Source, polling: Polling) -> dict[str, Any]:
    """What the configuration says of a source, as its row keeps it."""
    floor = schedule.floor(source, polling)
    return {
        "host": source.host,
        "position": source.position,
        "active": True,
        "paused": source.paused,
        "definition": source.definition,
        "asked": asked(source, polling),
        "floor": floor,
    }


def asked(source: Source, polling: Polling) -> str:
    """Digest of what decides what a poll of a source gives, and when the next one is due."""
    floor = schedule.floor(source, polling)
    return categories.digest(source.definition, floor, source.insist, source.headers, source.private)


def _replanned(row: AnyRow, wanted: dict[str, Any]) -> dict[str, Any]:
    """When to poll an edited or returned source: as soon as its floor and the server's word allow."""
    if row.asked == wanted["asked"] and row.active:
        return {}
    floor: timedelta = wanted["floor"]
    at = row.next_due if row.started is None else row.started + floor
    if row.not_before is not None:
        at = max(at, row.not_before)
    return {"next_due": at, "due_why": json.dumps(["its configuration has changed"])}


def statuses(connection: sa.Connection) -> Sequence[SourceStatus]:
    """Every source that the store knows, in the order of the file; removed ones last."""
    counted = sa.select(posts.c.source, posts.c.dropped != "", sa.func.count()).group_by(
        posts.c.source, posts.c.dropped != ""
    )
    counts = {(source, dropped): count for source, dropped, count in connection.execute(counted)}
    rows = connection.execute(
        sa.select(sources).order_by(sources.c.active.desc(), sources.c.position, sources.c.url)
    )
    return [
        SourceStatus(
            url=Url(row.url),
            active=row.active,
            memory=MEMORY.validate_json(row.memory),
            due=Due(row.next_due, tuple(json.loads(row.due_why)))
            if row.active and not row.paused and not row.gone
            else None,
            posts=counts.get((row.id, False), 0),
            dropped=counts.get((row.id, True), 0),
            unread=UNREAD.validate_json(row.unread),
            definition=row.definition,
        )
        for row in rows
    ]
