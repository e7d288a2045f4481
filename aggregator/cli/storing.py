"""Shell. The command by which a store moves to PostgreSQL, `move-store`; thin."""

from __future__ import annotations

from pathlib import Path

import click

from aggregator.cli.options import chosen, ends, with_config


@click.command(
    "move-store",
    short_help="Move the store from SQLite to PostgreSQL.",
    epilog=ends(
        "aggregator move-store 'postgresql://feeds:${PGPASSWORD}@db.example.org/feeds'",
        failed="the database is not empty, or cannot be reached, or a daemon runs",
    ),
)
@click.argument("url", metavar="POSTGRESQL-URL")
@with_config
@click.pass_context
def move_store(ctx: click.Context, url: str, config: Path | None) -> None:
    """Move the store from its SQLite file into a PostgreSQL database.

    Stop the daemon first. All of it moves, in one transaction: sources with what is known of them, posts,
    ids, archives, takedowns, subscriptions. The database has to be there, and empty; the file stays as it
    is. Then put the line that is printed into the configuration. POSTGRESQL-URL is written as in feeds.yaml,
    where ${NAME} is a variable of the environment; in single quotes a shell leaves it alone.
    """
    from aggregator.daemon.file import read_config
    from aggregator.daemon.storing import move_store
    from aggregator.report import storing

    _, given = read_config(chosen(ctx, config))
    storing.moved(move_store(given, url))


COMMANDS = (move_store,)
