"""Shell. What commands have in common on the command line: `-c FILE` before or after the command, and kinds
of value that a shell completes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem, FishComplete, add_completion_class

DEFAULT_CONFIG = "feeds.yaml"

ENDS = """\b
Exit status:
  0  {done}
  1  {failed}
  2  wrong usage, or a mistake in the configuration
"""

Command = TypeVar("Command", bound=Callable[..., Any])


def with_config(command: Command) -> Command:
    """`-c FILE` after the command too; it wins over one before it."""
    option = click.option(
        "-c",
        "--config",
        "config",
        type=click.Path(path_type=Path),
        help="The configuration file.  [default: feeds.yaml]",
    )
    return option(command)


def ends(*examples: str, failed: str, done: str = "done") -> str:
    """The end of a command's `--help`: what its exit status says, and lines to type as they stand."""
    lines = "".join(f"  {example}\n" for example in examples)
    return f"{ENDS.format(done=done, failed=failed)}\n\b\nExamples:\n{lines}"


def chosen(ctx: click.Context, config: Path | None) -> Path:
    """The configuration file."""
    before: Path = ctx.obj["config"]
    return config or before


@add_completion_class
class Fish(FishComplete):
    """click's own takes a comma in a value for its end, and so knows no second role."""

    source_template = FishComplete.source_template.replace(
        'string split "," $completion', 'string split --max 1 "," $completion'
    )


class AddressOrOff(click.ParamType[str]):
    """An address that something else checks; of its values a shell can know one."""

    name = "address"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The word that is no address."""
        return [CompletionItem("off")] if "off".startswith(incomplete) else []


class RoleList(click.ParamType[str]):
    """Names of roles with commas between them."""

    name = "roles"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The list so far, with each role that may come next."""
        from aggregator.daemon.roles import EVERY

        *before, begun = incomplete.split(",")
        left = (role for role in str(EVERY).split(",") if role not in before and role.startswith(begun))
        return [CompletionItem(",".join([*before, role])) for role in left]
