"""Shell. What commands have in common on the command line: `-c FILE` before or after the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

DEFAULT_CONFIG = "feeds.yaml"

Command = TypeVar("Command", bound=Callable[..., Any])


def with_config(command: Command) -> Command:
    """`-c FILE` after the command too; it wins over one before it."""
    option = click.option(
        "-c", "--config", "config", type=click.Path(path_type=Path), help="The configuration file."
    )
    return option(command)


def chosen(ctx: click.Context, config: Path | None) -> Path:
    """The configuration file."""
    before: Path = ctx.obj["config"]
    return config or before
