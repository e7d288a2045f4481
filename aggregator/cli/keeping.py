"""Shell. The commands by which a store is kept safe: `backup`, `restore`; thin."""

from __future__ import annotations

from pathlib import Path

import click

from aggregator.cli.options import chosen, ends, with_config


@click.command(
    epilog=ends(
        "aggregator backup /backup/feeds.db",
        failed="FILE is there already, or there is no store, or it is damaged",
    )
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@with_config
@click.pass_context
def backup(ctx: click.Context, file: Path, config: Path | None) -> None:
    """Copy the store into FILE, also while the daemon runs.

    All of it, as it is at one moment; FILE is there whole or not at all, and one that is there stays.
    The configuration and the documents are not in it. A store on PostgreSQL is backed up by pg_dump.
    """
    from aggregator.daemon import keeping
    from aggregator.daemon.file import read_config
    from aggregator.report import keeping as said

    _, given = read_config(chosen(ctx, config))
    said.backed_up(keeping.backup(given, file))


@click.command(
    epilog=ends(
        "aggregator restore /backup/feeds.db",
        failed="FILE is no backup, or a daemon runs on the store",
    )
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@with_config
@click.pass_context
def restore(ctx: click.Context, file: Path, config: Path | None) -> None:
    """Put a backup in the place of the store.

    Stop the daemon first. The store that was there is kept beside it; every document is rendered again by
    the next `run` or `once`. FILE is what `backup` wrote, and stays as it is.
    """
    from aggregator.daemon import keeping
    from aggregator.daemon.file import read_config
    from aggregator.report import keeping as said

    _, given = read_config(chosen(ctx, config))
    said.restored(keeping.restore(given, file))


COMMANDS = (backup, restore)
