"""Shell. The commands; thin. What they do is in `daemon`, what they print is in `report`.

Exit status: 0 done, 1 something failed that the message names, 2 wrong usage or configuration. Rooms are
imported by the command that needs them, so that `--help` answers at once.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, Literal

import click

from aggregator import __version__
from aggregator.cli import keeping, moving
from aggregator.cli.options import chosen as _chosen
from aggregator.cli.options import with_config as _with_config
from aggregator.errors import AggregatorError, ConfigError, ListenError

DEFAULT_CONFIG = "feeds.yaml"


class _Commands(click.Group):
    """Turns our own errors into a message and an exit status; everything else is a bug and shows itself."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as wrong:
            for problem in wrong.problems:
                click.echo(problem, err=True)
            ctx.exit(2)
        except AggregatorError as trouble:
            click.echo(f"aggregator: {trouble}", err=True)
            ctx.exit(1)


_EPILOG = """\b
Files:
  feeds.yaml          what to poll and how to publish; `aggregator schema --reference`
                      prints every key of it
  data/aggregator.db  posts and what is known of each source; `aggregator backup`
  public/             documents; `aggregator publish` makes them again

\b
Exit status:
  0  done
  1  something failed that the message names
  2  wrong usage, or a mistake in the configuration

\b
Examples:
  aggregator init
  aggregator add https://example.org/ --category news --write
  aggregator run
  aggregator explain https://example.org/post
  aggregator -c next.yaml check --diff
"""


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The configuration file; relative paths in it are relative to it.",
)
@click.version_option(__version__, prog_name="aggregator")
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    """Poll feeds, tell what several of them say once, publish combined Atom feeds per category.

    `init` writes a configuration, `run` is the daemon; every other command may run beside it, except that
    `once` does its work and `restore` wants it stopped. `COMMAND --help` says more of each.
    """
    ctx.obj = {"config": config}


for _command in (*moving.COMMANDS, *keeping.COMMANDS):
    main.add_command(_command)


@main.command()
@_with_config
@click.pass_context
def init(ctx: click.Context, config: Path | None) -> None:
    """Write a commented feeds.yaml and its JSON Schema for editors.

    A file that is there stays as it is.
    """
    from aggregator import config as configuration

    path = _chosen(ctx, config)
    schema = path.with_name("feeds.schema.json")
    if path.exists():
        raise AggregatorError(f"{path} exists already and stays as it is")
    try:
        path.write_text(configuration.template(), encoding="utf-8")
        schema.write_text(_schema_text(), encoding="utf-8")
    except OSError as trouble:
        raise AggregatorError(f"cannot write {trouble.filename}: {trouble.strerror}") from trouble
    click.echo(f"wrote {path} and {schema}; edit the first, then: aggregator run")


@main.command()
@click.option("--reference", is_flag=True, help="For people instead: every key as Markdown.")
def schema(reference: bool) -> None:
    """Print the JSON Schema of feeds.yaml.

    Every key, its kind, its default, what it is for.
    """
    from aggregator import config as configuration

    click.echo(configuration.reference() if reference else _schema_text(), nl=False)


def _schema_text() -> str:
    from aggregator import config as configuration

    return json.dumps(configuration.json_schema(), indent=2, ensure_ascii=False) + "\n"


@main.command()
@_with_config
@click.option("--listen", metavar="ADDR", help="Serve on this address instead of the file's; `off` for none.")
@click.option("--admin", metavar="ADDR|off", help="The admin listener's address instead of the file's.")
@click.option(
    "--roles",
    metavar="LIST",
    default="poll,publish,serve",
    show_default=True,
    help="What this process does, of several on one store.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log polls that bring nothing, too.")
@click.option(
    "--log",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar="AGGREGATOR_LOG",
    show_envvar=True,
    help="How log lines look: key=value, or a JSON object on each.",
)
@click.pass_context
def run(
    ctx: click.Context,
    config: Path | None,
    listen: str | None,
    admin: str | None,
    roles: str,
    verbose: bool,
    form: Literal["text", "json"],
) -> None:
    """The daemon: poll, publish, serve, watch the file.

    An edit of the file is in force when it is saved; one with a mistake is refused, and the last good one
    stays. SIGTERM finishes what is under way and ends it, SIGHUP reads the file again. Log lines go to
    standard error. A process without the role `serve` opens no public listener; with `serve` alone it runs
    beside another one that polls and publishes.
    """
    # Until the daemon listens to signals itself, they end it cleanly, or wait: there is nothing to lose yet.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from aggregator import daemon, observe, serve

    for option, address in (("--listen", listen), ("--admin", admin)):
        if address in (None, "off"):
            continue
        try:
            serve.split_address(address)
        except ListenError as wrong:
            raise click.BadParameter(str(wrong), param_hint=option) from wrong
    try:
        chosen = daemon.Roles.named(roles)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--roles") from wrong
    observe.configure(verbose=verbose, form=form)
    overrides = daemon.Overrides(listen=listen, admin=admin, roles=chosen)
    asyncio.run(daemon.run(_chosen(ctx, config), overrides, lambda line: click.echo(line)))


@main.command()
@_with_config
@click.option(
    "--all", "everything", is_flag=True, help="Also what is not due, where floors and servers allow."
)
@click.option("--strict", is_flag=True, help="Exit 1 if any source failed.")
@click.pass_context
def once(ctx: click.Context, config: Path | None, everything: bool, strict: bool) -> None:
    """Poll what is due, publish, print what came, exit.

    For a timer or a scheduled job. A source that fails is named, and fails nothing else.
    """
    from aggregator import daemon, observe, report

    observe.configure(quiet=True)
    _, given = daemon.read_config(_chosen(ctx, config))
    report.warnings(given.warnings)
    with report.Progress() as progress:
        outcomes, published = asyncio.run(
            daemon.once(given, everything=everything, expect=progress.expect, report=progress.note)
        )
    report.polled(outcomes, published)
    failed = any(outcome.memory.last_error for outcome in outcomes)
    if published.failures or (strict and failed):
        sys.exit(1)


@main.command()
@_with_config
@click.option("--live", is_flag=True, help="Fetch each source and say what it is; stores nothing.")
@click.option("--diff", is_flag=True, help="Say what putting the file in force would do.")
@click.pass_context
def check(ctx: click.Context, config: Path | None, live: bool, diff: bool) -> None:
    """Say whether the file is right, and where it is not.

    Every error at once, with line and column. Nothing is stored.

    \b
    What an edit would do before it is in force: save it under another name, beside the file.
      aggregator -c next.yaml check --diff
    """
    from aggregator import config as configuration
    from aggregator import daemon, observe, report

    path = _chosen(ctx, config)
    _, given = daemon.read_config(path)
    report.warnings(given.warnings)
    report.warnings(configuration.advice(given))
    configured = sum(category.configured for category in given.categories)
    click.echo(f"{path}: {len(given.sources)} sources, {configured} categories configured; good")
    if diff:
        for line in daemon.difference(given) or ["no source is added, edited or removed"]:
            click.echo(line)
    if live:
        observe.configure(quiet=True)
        if not asyncio.run(daemon.check_live(given, report.live)):
            sys.exit(1)


@main.command()
@_with_config
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--politeness", is_flag=True, help="What publishers see of us: how requests were made.")
@click.pass_context
def status(ctx: click.Context, config: Path | None, as_json: bool, politeness: bool) -> None:
    """Each source: last poll, next poll and why, posts, failures.

    Asks the store alone, with or without a daemon.
    """
    from aggregator import daemon, report

    _, given = daemon.read_config(_chosen(ctx, config))
    sources, holder = daemon.status(given)
    if as_json:
        click.echo(json.dumps(report.status_json(given, sources, holder), indent=2, ensure_ascii=False))
    elif politeness:
        report.politeness_table(given, sources)
    else:
        report.status_table(given, sources, holder)


@main.command()
@click.argument("asked", metavar="URL|ID")
@_with_config
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def explain(ctx: click.Context, asked: str, config: Path | None, as_json: bool) -> None:
    """Why a post is or isn't in the output.

    By its link, its id or guid, the id of its story, or the URL of its source. Exit status 1 where nothing is
    known of it.
    """
    from aggregator import daemon, report

    _, given = daemon.read_config(_chosen(ctx, config))
    answer = daemon.explain(given, asked)
    if as_json:
        click.echo(json.dumps(report.explained_json(answer), indent=2, ensure_ascii=False))
    else:
        report.explained(answer)
    if not answer.found:
        sys.exit(1)


@main.command()
@_with_config
@click.pass_context
def publish(ctx: click.Context, config: Path | None) -> None:
    """Render every document again from the store.

    After `output.directory` was emptied, or to be sure. Nothing is polled.
    """
    from aggregator import daemon, observe, report

    observe.configure(quiet=True)
    _, given = daemon.read_config(_chosen(ctx, config))
    published = daemon.publish(given)
    report.published(published)
    if published is not None and published.failures:
        sys.exit(1)


@main.command()
@click.argument("asked", metavar="URL|ID", required=False)
@_with_config
@click.option("--story", is_flag=True, help="All that tell the same, and whoever will.")
@click.option("--source", metavar="URL", help="All posts of a source, and whatever it still sends.")
@click.pass_context
def takedown(
    ctx: click.Context, asked: str | None, config: Path | None, story: bool, source: str | None
) -> None:
    """Remove a post everywhere, for good.

    By its link, its id or guid. Readers are told, and neither its source nor a copy brings it back; others
    that told it before tell it still, and are named. There is no way back, and no question is asked.
    """
    from aggregator import daemon, observe, report

    if (asked is None) == (source is None) or (story and source is not None):
        raise click.UsageError("name one: URL|ID, perhaps with --story, or --source URL")
    observe.configure(quiet=True)
    _, given = daemon.read_config(_chosen(ctx, config))
    if source is not None:
        went = daemon.take_down_source(given, source)
    else:
        went = daemon.take_down(given, asked or "", whole=story)
    report.taken_down(went.done, went.names, went.left)
    if went.done.before is None:
        published = daemon.publish_marked(given)
        report.taken_down_in(published)
        if published is not None and published.failures:
            sys.exit(1)
