"""Shell. The commands by which feeds move in and out: `preview`, `add`, `import`, `export`; thin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from aggregator.cli.options import chosen, ends, with_config

_PRIVATE = click.option(
    "--private",
    is_flag=True,
    help="Its host may have a private address, as `private: true` says in the file.",
)
_WRITE = click.option(
    "--write", is_flag=True, help="Insert it into the file, leaving every other byte, instead of printing it."
)


@click.command(
    epilog=ends(
        "aggregator preview https://example.org/feed.xml",
        "aggregator -c next.yaml preview https://example.org/feed.xml",
        "aggregator preview saved.xml --json",
        failed="it cannot be fetched, or is no feed",
    )
)
@click.argument("asked", metavar="URL|FILE", type=click.Path())
@with_config
@_PRIVATE
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def preview(ctx: click.Context, asked: str, config: Path | None, private: bool, as_json: bool) -> None:
    """How one feed would look after normalization.

    Each entry with its dates and the rules that gave them, its categories, and what was left out. A URL is
    fetched once, a FILE that is there is read; nothing is stored. A feed of the file has the keys that it has
    there, any other the file's defaults and rules.
    """
    import asyncio

    from aggregator import observe
    from aggregator.daemon import looking
    from aggregator.report import previewed

    observe.configure(quiet=True)
    seen = asyncio.run(looking.preview(chosen(ctx, config), asked, private=private))
    if as_json:
        click.echo(json.dumps(previewed.previewed_json(seen), indent=2, ensure_ascii=False))
    else:
        previewed.previewed(seen)
    if seen.outcome is None:
        sys.exit(1)


@click.command(
    epilog=ends(
        "aggregator add https://example.org/",
        "aggregator add https://example.org/ --category news --title Example --write",
        "aggregator add http://192.0.2.7/feed.xml --private --write",
        done="done, or the file has it already",
        failed="it cannot be fetched, or no feed is found there",
    )
)
@click.argument("url", metavar="URL")
@with_config
@click.option("--category", metavar="SLUG", help="The category that its posts go to.")
@click.option("--title", metavar="TEXT", help="A title of your own; without it, the feed's own is shown.")
@_PRIVATE
@_WRITE
@click.pass_context
def add(
    ctx: click.Context,
    url: str,
    config: Path | None,
    category: str | None,
    title: str | None,
    private: bool,
    write: bool,
) -> None:
    """Find the feed behind a page, and print its lines for the file.

    They belong to the list `feeds`; `--write` puts them there. URL may be the page or the feed. Of several
    feeds the first one that is not about comments is taken, and all are named; another one is added by its
    own URL.
    """
    import asyncio

    from aggregator import observe
    from aggregator.daemon import looking, moving
    from aggregator.report import found as said
    from aggregator.report import moved

    observe.configure(quiet=True)
    path = chosen(ctx, config)
    found = asyncio.run(looking.find(path, url, private=private))
    said.offers(found)
    best = found.offers[0]
    if best.configured is not None:
        said.configured_already(best.configured, path)
        return
    item = moving.item(best, category=category or "", title=title or "", private=private)
    if write:
        moving.write_into(path, (), (item,))
        moved.written(path, 1)
    else:
        click.echo("".join(f"  {line}\n" for line in item.block), nl=False)


@click.command(
    "import",
    epilog=ends(
        "aggregator import subscriptions.opml",
        "aggregator import subscriptions.opml --write",
        "aggregator import site/_posts",
        failed="it is no OPML, or no posts are in it",
    ),
)
@click.argument("file", metavar="FILE.opml|DIR", type=click.Path(path_type=Path, exists=True))
@with_config
@_WRITE
@click.pass_context
def import_(ctx: click.Context, file: Path, config: Path | None, write: bool) -> None:
    """Take over the feeds of an OPML file, or Jekyll posts.

    Feeds are printed as YAML; folders become categories, feeds that the file has already are left out. Posts
    of a directory are adopted: what they link to is never written there again. Nothing is fetched.
    """
    from aggregator.daemon import moving
    from aggregator.report import moved

    path = chosen(ctx, config)
    if file.is_dir():
        if write:
            raise click.UsageError("--write is for OPML; the posts of a directory are adopted at once")
        from aggregator.daemon.adopting import adopt
        from aggregator.daemon.file import read_config

        _, given = read_config(path)
        moved.adopted(adopt(given, file))
        return
    listed = moving.moving_in(path, file)
    moved.moving_in(listed, path)
    if write and listed.feeds:
        moving.write_into(path, listed.categories, listed.feeds)
        moved.written(path, len(listed.feeds))
    elif not write:
        click.echo(moving.listing(listed), nl=False)


@click.command(
    epilog=ends(
        "aggregator export > feeds.opml",
        "aggregator export --confidential > all.opml",
        failed="the output cannot be written",
    )
)
@with_config
@click.option("--confidential", is_flag=True, help="With the URLs of confidential sources, in clear.")
@click.pass_context
def export(ctx: click.Context, config: Path | None, confidential: bool) -> None:
    """Print the configured sources as OPML.

    A folder for each category. Confidential sources are left out, and named, unless asked for.
    """
    from aggregator.daemon.file import read_config
    from aggregator.daemon.moving import moving_out
    from aggregator.report.console import warnings

    _, given = read_config(chosen(ctx, config))
    content, left = moving_out(given, confidential=confidential)
    warnings(left)
    click.echo(content, nl=False)


COMMANDS = (preview, add, import_, export)
