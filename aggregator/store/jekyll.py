"""Shell. Posts as files of a Jekyll site: which stories wait, whose names are whose, which bytes are ours.

A story waits while its mark, which `places.place` raises, is above the one that its file was written for.
Its name is given with its first file and stays, whatever becomes of title, date or time zone, also after the
file has gone, so that it returns where it was. A file is ours where a row says so, and that row is written
before the first byte; `coming` holds what was about to be written, so that a crash in between costs nothing.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from aggregator.errors import PublishError
from aggregator.model import Config, PostFile, PostId, Story, Unwritten
from aggregator.store import adopted, categories, places
from aggregator.store.database import Database
from aggregator.store.files import advice, digest, replace_files, sweep, sync_directory
from aggregator.store.posts import chunks
from aggregator.store.tables import UNWRITTEN, AnyRow, ended, facts, placements, post_files, posts
from aggregator.store.tables import stories as story_rows

# What a file may be called: nothing hidden, nothing that leads elsewhere, short enough for every file system.
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,180}\.md", re.ASCII)
SETTINGS = "jekyll"
"""The fact that says which settings the files were made with."""


class JekyllFiles:
    """Implements `ports.JekyllStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changed(self, limit: int, after: PostId, /) -> Sequence[Unwritten]:
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(story_rows.c.id, story_rows.c.mark)
                .where(UNWRITTEN, story_rows.c.id > after)
                .order_by(story_rows.c.id)
                .limit(limit)
            ).all()
            told = places.tell(connection, [PostId(row.id) for row in rows])
        return [
            Unwritten(row.id, row.mark, Story(row.id, told[row.id]) if row.id in told else None)
            for row in rows
        ]

    def put(self, files: Sequence[PostFile], directory: str, /) -> Sequence[str | PublishError]:
        root = os.path.realpath(directory)
        with self._database.write() as connection:
            rows = _rows(connection, [file.story for file in files])
            told = adopted.told(connection, [file.story for file in files if file.story not in rows])
            plans = [
                _Plan() if file.story in told else _plan(connection, root, file, rows.get(file.story, ()))
                for file in files
            ]
        results = [_carry_out(root, file, plan) for file, plan in zip(files, plans, strict=True)]
        if any(isinstance(result, str) and result for result in results):
            results = _flushed(root, results)
        with self._database.write() as connection:
            for file, plan, result in zip(files, plans, results, strict=True):
                if not isinstance(result, PublishError):
                    _settle(connection, root, file, plan)
        return results

    def lost(self, directory: str, /) -> int:
        root = os.path.realpath(directory)
        try:
            here = set(os.listdir(root))
        except OSError:  # not there, or not to be read: what can be done about it is said when it is written
            here = set()
        with self._database.write() as connection:
            query = sa.select(post_files.c.story, post_files.c.name).where(
                post_files.c.root == root, post_files.c.digest != ""
            )
            missing = [PostId(row.story) for row in connection.execute(query) if row.name not in here]
            return _mark(connection, missing)

    def mark_all(self) -> int:
        with self._database.write() as connection:
            return mark_all(connection)

    def tidy(self, now: datetime) -> None:
        """Remove temporary files that a killed process left in the directories that we wrote in."""
        with self._database.read() as connection:
            roots = connection.execute(sa.select(post_files.c.root).distinct()).scalars().all()
        for root in roots:
            sweep(Path(root), now)


def sync(connection: sa.Connection, config: Config, described: Iterable[str]) -> None:
    """Mark what a configuration changes in files: everything, or the stories in categories `described` anew.

    Sources are not looked at: their stories are placed anew.
    """
    if config.output.jekyll is not None:
        asked = categories.digest(config.output.jekyll, config.site.language, config.site.timezone)
        query = sa.select(facts.c.value).where(facts.c.name == SETTINGS)
        before = connection.execute(query).scalar_one_or_none()
        if before is None:
            connection.execute(facts.insert().values(name=SETTINGS, value=asked))
        elif before != asked:
            connection.execute(facts.update().where(facts.c.name == SETTINGS).values(value=asked))
            mark_all(connection)
            return
    for some in chunks(described):
        shown = sa.select(placements.c.story).where(placements.c.category.in_(some))
        connection.execute(
            story_rows.update().where(story_rows.c.id.in_(shown)).values(mark=story_rows.c.mark + 1)
        )


def mark_all(connection: sa.Connection) -> int:
    """Mark every story, also one that is being written just now; how many there are."""
    return connection.execute(story_rows.update().values(mark=story_rows.c.mark + 1)).rowcount


def _mark(connection: sa.Connection, ids: Iterable[PostId]) -> int:
    return sum(
        connection.execute(
            story_rows.update().where(story_rows.c.id.in_(some)).values(mark=story_rows.c.mark + 1)
        ).rowcount
        for some in chunks(ids)
    )


def _rows(connection: sa.Connection, ids: Iterable[PostId]) -> Mapping[str, Sequence[AnyRow]]:
    """The files that stories have, or had, in every directory."""
    found: dict[str, list[AnyRow]] = {}
    for some in chunks(ids):
        query = sa.select(post_files).where(post_files.c.story.in_(some))
        for row in connection.execute(query):
            found.setdefault(row.story, []).append(row)
    return found


class _Plan:
    """Where the file of a story is, and the bytes there that are ours; or why there is no place for it."""

    def __init__(self, name: str = "", ours: Iterable[str] = (), trouble: PublishError | None = None) -> None:
        self.name, self.trouble = name, trouble
        self.ours = frozenset(ours) - {""}


def _plan(connection: sa.Connection, root: str, file: PostFile, rows: Sequence[AnyRow]) -> _Plan:
    """Give a story its name where it has none, and note what is about to be written there."""
    here = next((row for row in rows if row.root == root), None)
    if file.body is None:
        if here is None or _is_purged(connection, file.story):
            return _Plan()
        return _Plan(here.name, (here.digest, here.coming))
    coming = digest(file.body)
    if here is not None:
        # What was edited behind our back is still our file, unless it has come where ours had gone.
        ours = (here.digest, here.coming)
        if not any(ours) and (wrong := _not_ours(root, here.name, (coming,))):
            return _Plan(trouble=wrong)
        query = post_files.update().where(post_files.c.root == root, post_files.c.name == here.name)
        connection.execute(query.values(coming=coming))
        return _Plan(here.name, ours)
    if rows:  # its name in another directory
        name = rows[0].name
        if wrong := _not_ours(root, name, (coming, *(row.digest for row in rows))):
            return _Plan(trouble=wrong)
    elif not NAME.fullmatch(file.wish):
        return _Plan(trouble=PublishError(f"{root}/{file.wish}: no name for a Jekyll file; report this"))
    else:
        name = _free(
            file.wish.removesuffix(".md"),
            lambda name: _has_row(connection, name) or _not_ours(root, name, (coming,)) is not None,
        )
    row = {"root": root, "name": name, "story": file.story, "digest": "", "coming": coming}
    connection.execute(post_files.insert().values(**row))
    return _Plan(name, (coming,))


def _is_purged(connection: sa.Connection, story: PostId) -> bool:
    """Whether retention has taken the content of all that told a story: its file then stays as it is."""
    taken_down = sa.exists().where(ended.c.id == story)
    query = sa.select(sa.func.min(sa.cast(posts.c.purged, sa.Integer))).where(
        posts.c.story == story, ~taken_down
    )
    return bool(connection.execute(query).scalar_one())


def _has_row(connection: sa.Connection, name: str) -> bool:
    query = sa.select(post_files.c.name).where(post_files.c.name == name).limit(1)
    return connection.execute(query).one_or_none() is not None


def _free(stem: str, taken: Callable[[str], bool]) -> str:
    """The first free of `STEM.md`, `STEM-2.md`, `STEM-3.md`, …; in few steps where many are taken."""

    def name(number: int) -> str:
        return f"{stem}.md" if number == 1 else f"{stem}-{number}.md"

    if not taken(name(1)):
        return name(1)
    low, high = 1, 2  # `low` is taken; in the end `high` is free and next to it
    while taken(name(high)):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(name(middle)) else (low, middle)
    return name(high)


def _not_ours(root: str, name: str, ours: Iterable[str]) -> PublishError | None:
    """Why a file that lies there must not be overwritten; None where there is none, or one of these bytes."""
    there = _there(Path(root, name))
    if there is None or there in ours:
        return None
    return PublishError(
        f"{root}/{name}: there is a file that we did not write; move it away, "
        "or set `output.jekyll.directory` in the configuration to another directory"
    )


def _there(place: Path) -> str | None:
    """The digest of what lies somewhere; "" where it is no file that can be read, None where nothing does."""
    try:
        seen = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return ""
    try:
        return digest(place.read_bytes()) if stat.S_ISREG(seen.st_mode) else ""
    except OSError:
        return ""


def _carry_out(root: str, file: PostFile, plan: _Plan) -> str | PublishError:
    """Write or remove one file; its name where something changed."""
    if plan.trouble is not None:
        return plan.trouble
    if not plan.name:
        return ""
    place = Path(root, plan.name)
    try:
        there = _there(place)
        if file.body is None:
            return _removed(place, there, plan)
        if there == digest(file.body):
            return ""
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_files([(place, file.body)])
    except OSError as error:
        return PublishError(f"{place}: {advice(error)}")
    return plan.name


def _removed(place: Path, there: str | None, plan: _Plan) -> str | PublishError:
    if there is None or not plan.ours:  # it has gone before; what lies there now is somebody else's
        return ""
    if there not in plan.ours:
        return PublishError(
            f"{place}: its post is not published any more, but it was edited since we wrote it; remove it "
            "or move it away"
        )
    place.unlink()
    return plan.name


def _flushed(root: str, results: list[str | PublishError]) -> list[str | PublishError]:
    """The results, once the names in the directory are on the disk."""
    try:
        sync_directory(Path(root))
    except OSError as error:
        wrong = PublishError(f"{root}: {advice(error)}")
        return [wrong if isinstance(result, str) and result else result for result in results]
    return results


def _settle(connection: sa.Connection, root: str, file: PostFile, plan: _Plan) -> None:
    done = digest(file.body) if file.body is not None else ""
    if plan.name:
        connection.execute(
            post_files.update()
            .where(post_files.c.root == root, post_files.c.name == plan.name)
            .values(digest=done, coming=done)
        )
    connection.execute(
        story_rows.update()
        .where(story_rows.c.id == file.story, story_rows.c.written < file.mark)
        .values(written=file.mark)
    )
