"""Shell. Sources as rows: taking over the configuration, and what operators see.

A source is its URL. One that leaves the file keeps its row, so that it returns with its memory; an edited
one keeps it too. When an edited one is polled next is `schedule`'s to say, from what it remembers: an edit
undoes no back-off, and nothing that the server or the feed asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from aggregator import schedule
from aggregator.model import Config, Due, Memory, Polling, Replanned, Source, SourceStatus, Url, replace
from aggregator.store import archived, categories, errands, jekyll, marks, memories, places
from aggregator.store.hosts import host_of
from aggregator.store.leases import BEGUN
from aggregator.store.memories import MEMORY, UNREAD
from aggregator.store.posts import SOME_ROWS, chunks
from aggregator.store.tables import EPOCH, SITE, AnyRow, hosts, posts, sources


def sync(connection: sa.Connection, config: Config, now: datetime) -> None:
    """Take over sources, categories and settings; see `ports.PollStore.sync`. The same writes nothing."""
    kept = categories.keeping(connection)
    touched = categories.sync(connection, config, now)
    jekyll.sync(connection, config, touched)
    archived.touch_categories(connection, touched)
    settings = categories.settings_changed(connection, config)
    elsewhere = _rename(connection, config)
    stored = {row.url: row for row in connection.execute(_CONFIGURED)}
    added: list[dict[str, Any]] = []
    changed: dict[int, tuple[Source, dict[str, Any]]] = {}  # by row id
    returned: set[int] = set()  # row ids of sources whose posts are shown again
    reordered: set[int] = set()  # of those with another place in the file, which breaks ties
    for source in config.sources:
        row = stored.pop(source.url, None)
        wanted = _columns(source, config.polling)
        if row is None:
            added.append(wanted | _START | _first(source, now))
        elif tuple(wanted.values()) != row[_BEFORE:] or source.url in elsewhere:
            changed[row.id] = (source, wanted)
            if not row.active:
                returned.add(row.id)
            elif row.position != source.position:
                reordered.add(row.id)
    edited = [(row, *changed[row.id]) for row in _kept(connection, changed)]
    edits = _edits(connection, config.polling, edited, elsewhere)
    gone = {row.id for row in stored.values() if row.active}
    if added:
        connection.execute(sources.insert(), added)
    # Statements of one shape each, as executemany wants them.
    for shape in {tuple(edit) for edit in edits}:
        some = [edit for edit in edits if tuple(edit) == shape]
        connection.execute(sources.update().where(sources.c.id == sa.bindparam("row")), some)
    if gone:
        connection.execute(
            sources.update().where(sources.c.id == sa.bindparam("row")),
            [{"row": row, "active": False} for row in gone],
        )
        errands.drop_orphans(connection)
    told = places.of_sources(connection, returned | gone) | places.tied(connection, reordered)
    told |= places.of_several_tellings(connection, kept ^ categories.keeping(connection))
    touched |= places.placed_in(connection, told)
    places.place(connection, told)
    touched |= places.placed_in(connection, told)
    if settings:
        marks.mark_all(connection)
    elif touched or added or edits or gone:
        marks.mark(connection, touched | {SITE})


def _rename(connection: sa.Connection, config: Config) -> set[str]:
    """Let sources that moved keep their history: `was` names the URL that their row has so far.

    A poll that is under way for the old URL has lost its lease by that. Chains (B was A, C was B) are
    followed from their ends. Returns the new URLs of which nothing is known yet.
    """
    moves = {source.was: source.url for source in config.sources if source.was}
    if not moves:
        return set()
    there = set(
        connection.execute(
            sa.select(sources.c.url).where(sources.c.url.in_({*moves, *moves.values()}))
        ).scalars()
    )
    staying = {source.url for source in config.sources if source.was not in there}
    elsewhere: set[str] = set()
    for was, url in _from_the_ends(moves, there, staying):
        row = connection.execute(sa.select(sources.c.id, sources.c.memory).where(sources.c.url == was)).one()
        memory = MEMORY.validate_json(row.memory)
        if memory.adopted != url:
            elsewhere.add(url)
        connection.execute(
            sources.update()
            .where(sources.c.id == row.id)
            .values(
                url=url,
                leased_at=None,
                token=sources.c.token + 1,
                **memories.columns(url, memories.moved(memory, url)),
            )
        )
        errands.void(connection, row.id)
    return elsewhere


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


_BEFORE = 2
_CONFIGURED = sa.select(
    *(sources.c.id, sources.c.url),
    *(sources.c.position, sources.c.active, sources.c.paused, sources.c.definition, sources.c.asked),
    *(sources.c.floor, sources.c.insist),
)
"""What `_columns` says, behind two more: all that is read of a source that is as it was."""
_KEPT = sa.select(*(c for c in sources.c if c.name not in ("memory", "unread", "due_why")))
_START = {"due_why": json.dumps(["new in the configuration"]), "token": 0, "unread": "[]"}
_NOTHING = memories.columns("", Memory()) | {"rest": timedelta(0)}
"""What nothing remembered comes to: the same for ten thousand new sources."""


def _first(source: Source, now: datetime) -> dict[str, Any]:
    """What the row of a source that is new begins with."""
    once = {"url": source.url, "first_url": source.url, "next_due": now, "added": now}
    return _NOTHING | once | {"host": host_of(source.url)}


def _columns(source: Source, polling: Polling) -> dict[str, Any]:
    """What the configuration says of a source, as its row keeps it."""
    return {
        "position": source.position,
        "active": True,
        "paused": source.paused,
        "definition": source.definition,
        "asked": asked(source, polling),
        "floor": schedule.floor(source, polling),
        "insist": source.insist,
    }


def asked(source: Source, polling: Polling) -> str:
    """Digest of what decides how a source is asked, and when."""
    adapted = (polling.every, polling.min_interval) if source.every is None else source.every
    return _digest(adapted, polling.max_interval, source.insist, source.private, source.headers)


# Every poll asks for it, and most sources are asked alike.
_digest = lru_cache(maxsize=1024, typed=True)(categories.digest)


def _edits(
    connection: sa.Connection,
    polling: Polling,
    edited: Sequence[tuple[AnyRow, Source, dict[str, Any]]],
    elsewhere: set[str],
) -> list[dict[str, Any]]:
    """What to write of each edited source: what the file says, and when it is polled next if that changes."""
    anew = {row.id for row, _, wanted in edited if row.asked != wanted["asked"] or not row.active}
    learnt = _memories(connection, anew)
    edits: list[dict[str, Any]] = []
    for row, source, wanted in edited:
        edit = wanted | {"row": row.id}
        if source.url in elsewhere:
            edit["rest"] = timedelta(0)
            if row.started is not None:
                edit["next_due"] = row.started + wanted["floor"]
                edit["due_why"] = json.dumps(["its URL has changed, and its floor has passed"])
        elif row.id in anew:
            memory = learnt[row.id]
            if row.gone and not row.active:  # whoever puts it into the file again wants it asked again
                memory = replace(memory, gone=False)
                edit |= {"gone": False, "memory": MEMORY.dump_json(memory).decode()}
            edit["rest"] = schedule.rest(source, memory)
            if row.started is not None:
                due = _replanned(source, polling, memory, row.started)
                edit |= {"next_due": due.at, "due_why": json.dumps(due.why)}
        edits.append(edit)
    return edits


def replanned(connection: sa.Connection, config: Config) -> Mapping[Url, Replanned]:
    """Polls that a sync of this configuration would put off or bring forward; writes nothing.

    Of sources with another URL nothing is known here.
    """
    stored = {row.url: row for row in connection.execute(_KEPT)}
    edited = [
        (stored[source.url], source, _columns(source, config.polling))
        for source in config.sources
        if source.url in stored and not source.paused and not stored[source.url].gone
    ]
    edited = [(row, s, w) for row, s, w in edited if row.asked != w["asked"] or not row.active]
    urls = {row.id: (Url(row.url), row.next_due) for row, _, _ in edited}
    found: dict[Url, Replanned] = {}
    for edit in _edits(connection, config.polling, edited, set()):
        url, before = urls[edit["row"]]
        if edit.get("next_due", before) != before:
            found[url] = Replanned(before, Due(edit["next_due"], tuple(json.loads(edit["due_why"]))))
    return found


def _kept(connection: sa.Connection, rows: Iterable[int]) -> list[AnyRow]:
    query = _KEPT.where(sources.c.id.in_(SOME_ROWS))
    return [row for some in chunks(rows) for row in connection.execute(query, {"some": some})]


def _memories(connection: sa.Connection, rows: Iterable[int]) -> Mapping[int, Memory]:
    found: dict[int, Memory] = {}
    for some in chunks(rows):
        query = sa.select(sources.c.id, sources.c.memory).where(sources.c.id.in_(some))
        found.update({row.id: MEMORY.validate_json(row.memory) for row in connection.execute(query)})
    return found


def _replanned(source: Source, polling: Polling, memory: Memory, started: datetime) -> Due:
    """When to poll an edited or returned source, of which a poll began at `started`."""
    if memory.last_poll is not None and memory.last_poll >= started:
        return schedule.plan(source, polling, memory, 0.0)
    return Due(schedule.reserved(source, polling, memory, started)[0], (BEGUN,))  # under way, or cut short


# A text that is written out: a parameter of a group is another one each time that it stands there.
_is_dropped = posts.c.dropped != sa.literal_column("''")
_COUNTED = sa.select(posts.c.source, _is_dropped, sa.func.count()).group_by(posts.c.source, _is_dropped)
_PAUSED = sa.select(hosts.c.host, hosts.c.paused_until).where(hosts.c.paused_until > EPOCH)


def urls(connection: sa.Connection) -> Sequence[Url]:
    """Of every source that the store knows."""
    return [Url(url) for url in connection.execute(sa.select(sources.c.url)).scalars()]


def statuses(connection: sa.Connection, only: Url | None = None) -> Sequence[SourceStatus]:
    """Every source that the store knows, in the order of the file, removed ones last; or one of them."""
    counted, asked_for = _COUNTED, sa.select(sources)
    if only is not None:
        asked_for = asked_for.where(sources.c.url == only)
        counted = counted.where(
            posts.c.source == sa.select(sources.c.id).where(sources.c.url == only).scalar_subquery()
        )
    counts = {(source, dropped): count for source, dropped, count in connection.execute(counted)}
    paused = {row.host: row.paused_until for row in connection.execute(_PAUSED)}
    ran = errands.of_sources(connection)
    rows = connection.execute(asked_for.order_by(sources.c.active.desc(), sources.c.position, sources.c.url))
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
            host_paused_until=max(
                (paused[host] for host in (row.host, row.via) if host in paused), default=None
            ),
            errands=ran.get(row.id, ()),
            taken=row.taken,
        )
        for row in rows
    ]
