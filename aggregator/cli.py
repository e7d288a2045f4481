"""Shell. The commands; thin."""

from __future__ import annotations

import click

from aggregator import __version__


@click.group()
@click.version_option(__version__, prog_name="aggregator")
def main() -> None:
    """Poll feeds, deduplicate, publish combined Atom feeds per category."""
