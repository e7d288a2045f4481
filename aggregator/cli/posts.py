"""Shell. The commands about what is stored: `status`, `explain`, `publish`, `takedown`; thin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from aggregator.cli.options import chosen, ends, with_config


@click.command(
    epilog=ends(
        "aggregator status",
        "aggregator status --politeness",
        "aggregator status --json",
        done="done, also where sources fail",
        failed="there is no store yet, or it cannot be read",
    )
)
@with_config
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--politeness", is_flag=True, help="What publishers see of us: how requests were made.")
@click.pass_context
def status(ctx: click.Context, config: Path | None, as_json: bool, politeness: bool) -> None:
    """Each source: last poll, next poll and why, posts, failures.

    Asks the store alone, with or without a daemon. A confidential source without a title is named by its
    place in the file: `confidential source 3` is the third there.
    """
    from aggregator.daemon import sources
    from aggregator.daemon.file import read_config
    from aggregator.report import sources as said

    _, given = read_config(chosen(ctx, config))
    known, holder, processes = sources.status(given)
    if as_json:
        click.echo(
            json.dumps(said.status_json(given, known, holder, processes), indent=2, ensure_ascii=False)
        )
    elif politeness:
        said.politeness_table(given, known)
    else:
        said.status_table(given, known, holder, processes)


@click.command(
    epilog=ends(
        "aggregator explain https://example.org/post",
        "aggregator explain tag:example.org,2026:1 --json",
        "aggregator explain https://example.org/feed.xml",
        failed="nothing is known of it",
    )
)
@click.argument("asked", metavar="URL|ID")
@with_config
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def explain(ctx: click.Context, asked: str, config: Path | None, as_json: bool) -> None:
    """Why a post is or isn't in the output.

    By its link, its id or guid, the id of its story, or the URL of its source. Asks the store alone:
    `preview` asks the feed.
    """
    from aggregator.daemon import commands
    from aggregator.daemon.file import read_config
    from aggregator.report import explained

    _, given = read_config(chosen(ctx, config))
    answer = commands.explain(given, asked)
    if as_json:
        click.echo(json.dumps(explained.explained_json(answer), indent=2, ensure_ascii=False))
    else:
        explained.explained(answer)
    if not answer.found:
        sys.exit(1)


@click.command(
    epilog=ends(
        "aggregator publish",
        failed="the store cannot be opened, or a document not be written",
    )
)
@with_config
@click.pass_context
def publish(ctx: click.Context, config: Path | None) -> None:
    """Render every document again from the store.

    After `output.directory` was emptied, or to be sure. Nothing is polled.
    """
    from aggregator import observe
    from aggregator.daemon import publishing
    from aggregator.daemon.file import read_config
    from aggregator.report import polls

    observe.configure(quiet=True)
    _, given = read_config(chosen(ctx, config))
    published = publishing.publish(given)
    polls.published(published)
    if published is not None and published.failures:
        sys.exit(1)


@click.command(
    epilog=ends(
        "aggregator takedown https://example.org/post",
        "aggregator takedown --story https://example.org/post",
        "aggregator takedown --source https://example.org/feed.xml",
        failed="no such post or source is stored, or a document cannot be written",
    )
)
@click.argument("asked", metavar="URL|ID", required=False)
@with_config
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
    from aggregator import observe
    from aggregator.daemon import publishing
    from aggregator.daemon import takedown as taking
    from aggregator.daemon.file import read_config
    from aggregator.report import takedown as said

    if (asked is None) == (source is None) or (story and source is not None):
        raise click.UsageError("name one: URL|ID, perhaps with --story, or --source URL")
    observe.configure(quiet=True)
    _, given = read_config(chosen(ctx, config))
    if source is not None:
        went = taking.take_down_source(given, source)
    else:
        went = taking.take_down(given, asked or "", whole=story)
    said.taken_down(went.done, went.names, went.left, went.adopted)
    if went.done.before is None:
        published = publishing.publish_marked(given)
        said.taken_down_in(published)
        if published is not None and published.failures:
            sys.exit(1)


COMMANDS = (status, explain, publish, takedown)
