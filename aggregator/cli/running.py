"""Shell. The commands that poll and publish: `run`, `once`; thin."""

from __future__ import annotations

import gc
import signal
import sys
from pathlib import Path
from typing import Literal

import click

from aggregator.cli.options import AddressOrOff, RoleList, chosen, ends, with_config
from aggregator.errors import ListenError


@click.command(
    epilog=ends(
        "aggregator run",
        "aggregator run --listen 0.0.0.0:8080 --log json",
        "aggregator run --roles serve --admin off",
        done="a signal ended it",
        failed="an address or the store is taken, or cannot be had",
    )
)
@with_config
@click.option(
    "--listen",
    metavar="ADDR|off",
    type=AddressOrOff(),
    help="Serve on this address instead of the file's; `off` for none. Links in documents stay as the file "
    "says.",
)
@click.option(
    "--admin",
    metavar="ADDR|off",
    type=AddressOrOff(),
    help="The admin listener's address instead of the file's.",
)
@click.option(
    "--roles",
    metavar="LIST",
    type=RoleList(),
    default="poll,publish,serve",
    show_default=True,
    help="What this process does, of several on one store: names, with commas.",
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
    # What is imported and read at the start stays: looking through it for garbage would take a fifth of that.
    gc.disable()
    import asyncio

    from aggregator import observe, serve
    from aggregator.daemon import live
    from aggregator.daemon.file import Overrides
    from aggregator.daemon.roles import Roles

    for option, address in (("--listen", listen), ("--admin", admin)):
        if address in (None, "off"):
            continue
        try:
            serve.split_address(address)
        except ListenError as wrong:
            raise click.BadParameter(str(wrong), param_hint=option) from wrong
    try:
        taken = Roles.named(roles)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--roles") from wrong
    observe.configure(verbose=verbose, form=form)
    overrides = Overrides(listen=listen, admin=admin, roles=taken)
    try:
        asyncio.run(live.run(chosen(ctx, config), overrides, lambda line: click.echo(line)))
    finally:
        gc.enable()


@click.command(
    epilog=ends(
        "aggregator once",
        "aggregator once --all --strict",
        done="done, also where sources failed",
        failed="a daemon does it, or a document cannot be written; with --strict: a source failed",
    )
)
@with_config
@click.option(
    "--all", "everything", is_flag=True, help="Also what is not due, where floors and servers allow."
)
@click.option("--strict", is_flag=True, help="Exit 1 if any source failed.")
@click.pass_context
def once(ctx: click.Context, config: Path | None, everything: bool, strict: bool) -> None:
    """Poll what is due, publish, print what came, exit.

    For a timer or a scheduled job. A source that fails is named, and fails nothing else.
    """
    import asyncio

    from aggregator import observe
    from aggregator.daemon import once
    from aggregator.daemon.file import read_config
    from aggregator.report import console, polls

    observe.configure(quiet=True)
    _, given = read_config(chosen(ctx, config))
    console.warnings(given.warnings)
    with polls.Progress() as progress:
        outcomes, published = asyncio.run(
            once.once(given, everything=everything, expect=progress.expect, report=progress.note)
        )
    polls.polled(outcomes, published)
    failed = any(outcome.memory.last_error for outcome in outcomes)
    if published.failures or (strict and failed):
        sys.exit(1)


COMMANDS = (run, once)
