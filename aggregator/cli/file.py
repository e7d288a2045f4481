"""Shell. The commands about feeds.yaml itself: `init`, `schema`, `check`; thin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from aggregator.cli.options import DEFAULT_CONFIG, chosen, ends, with_config
from aggregator.errors import AggregatorError, ConfigError
from aggregator.syntax.counting import counted


@click.command(
    epilog=ends(
        "aggregator init",
        "aggregator init -c /etc/aggregator/feeds.yaml",
        failed="the file is there already, or cannot be written",
    )
)
@with_config
@click.pass_context
def init(ctx: click.Context, config: Path | None) -> None:
    """Write a commented feeds.yaml and its JSON Schema for editors.

    The schema goes beside the file, as feeds.schema.json. A file that is there stays as it is.
    """
    from aggregator import config as configuration

    path = chosen(ctx, config)
    schema = path.with_name("feeds.schema.json")
    if path.exists():
        raise AggregatorError(f"{path} exists already and stays as it is")
    try:
        path.write_text(configuration.template(), encoding="utf-8")
        schema.write_text(_schema_text(), encoding="utf-8")
    except OSError as trouble:
        raise AggregatorError(f"cannot write {trouble.filename}: {trouble.strerror}") from trouble
    click.echo(f"wrote {path} and {schema}; edit the first, then: aggregator run")


@click.command(
    epilog=ends(
        "aggregator schema > feeds.schema.json",
        "aggregator schema --reference",
        failed="the output cannot be written",
    )
)
@click.option("--reference", is_flag=True, help="For people instead: every key as Markdown.")
def schema(reference: bool) -> None:
    """Print the JSON Schema of feeds.yaml.

    Every key, its kind, its default, what it is for. No file is read.
    """
    from aggregator import config as configuration

    click.echo(configuration.reference() if reference else _schema_text(), nl=False)


def _schema_text() -> str:
    from aggregator import config as configuration

    return json.dumps(configuration.json_schema(), indent=2, ensure_ascii=False) + "\n"


@click.command(
    epilog=ends(
        "aggregator check",
        "aggregator check --live",
        "aggregator -c next.yaml check --diff",
        done="the file is right; warnings may have been printed",
        failed="with --live: a source does not answer, or is no feed",
    )
)
@with_config
@click.option("--live", is_flag=True, help="Fetch each source and say what it is; stores nothing.")
@click.option("--diff", is_flag=True, help="Say what putting the file in force would do.")
@click.pass_context
def check(ctx: click.Context, config: Path | None, live: bool, diff: bool) -> None:
    """Say whether the file is right, and where it is not.

    Every error at once, with line and column, the line itself and what to write. Nothing is stored.

    What an edit would do before it is in force: save it under another name beside feeds.yaml, and name that
    with -c. --diff names the sources, what becomes of their stored posts, the polls that it puts off or
    brings forward, and what takes a restart.
    """
    from aggregator import config as configuration
    from aggregator.daemon.file import read_config
    from aggregator.report import console

    path = chosen(ctx, config)
    try:
        _, given = read_config(path)
    except ConfigError as wrong:
        from aggregator.daemon.file import read_bytes
        from aggregator.report.mistakes import mistakes

        for line in mistakes(wrong.problems, str(path), read_bytes(path).decode("utf-8-sig", "replace")):
            click.echo(line, err=True)
        sys.exit(2)
    console.warnings(given.warnings)
    console.warnings(configuration.advice(given))
    configured = sum(category.configured for category in given.categories)
    click.echo(
        f"{path}: {counted(len(given.sources), 'source')}, {counted(configured, 'category')} configured; good"
    )
    if diff:
        from aggregator.daemon import differing
        from aggregator.report import differing as printed

        in_force = differing.beside(path, DEFAULT_CONFIG)
        changes = configuration.diff(in_force, given) if in_force is not None else None
        printed.difference(differing.difference(given, in_force or given), changes)
    if live:
        import asyncio

        from aggregator import observe
        from aggregator.daemon import looking
        from aggregator.report import polls

        observe.configure(quiet=True)
        if not asyncio.run(looking.check_live(given, polls.live)):
            sys.exit(1)


COMMANDS = (init, schema, check)
