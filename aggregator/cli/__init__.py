"""Shell. The commands; thin. What they do is in `daemon`, what they print is in `report`.

Exit status: 0 done, 1 something failed that the message names, 2 wrong usage or configuration. Rooms are
imported by the command that needs them, so that `--help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aggregator import __version__
from aggregator.cli import file, keeping, moving, posts, running, storing
from aggregator.cli.options import DEFAULT_CONFIG, ends
from aggregator.errors import AggregatorError, ConfigError


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


_FILES = """\b
Files:
  feeds.yaml          what to poll and how to publish; `aggregator schema --reference`
                      prints every key of it
  data/aggregator.db  posts and what is known of each source; `aggregator backup`
  public/             documents; `aggregator publish` makes them again

"""


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_FILES
    + ends(
        "aggregator init",
        "aggregator add https://example.org/ --category news --write",
        "aggregator run",
        "aggregator explain https://example.org/post",
        "aggregator -c next.yaml check --diff",
        failed="something failed that the message names",
    ),
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


for _room in (running, file, moving, posts, keeping, storing):
    for _command in _room.COMMANDS:
        main.add_command(_command)
