#!/usr/bin/env python3
"""An origin that watches: plays every kind of server to any feed reader, and keeps the score.

    tools/origin.py [--port 8090] [--floor 3600] [--gap 0] [--per-host N]

Serves a feed for each behaviour at http://127.0.0.1:PORT/NAME/feed.xml (the next port is its other host).
Subscribe to some of them with the reader to be watched; `/` shows the score so far, and Ctrl-C prints it,
with every violation in words. `--floor` is the least number of seconds between two polls where the server
says nothing. Many feeds share this one host, so `--per-host` and `--gap` are generous unless you say more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import html
import signal
from datetime import UTC, datetime, timedelta

from tests.origin.behaviours import BEHAVIOURS
from tests.origin.knowledge import Rules
from tests.origin.origin import Origin
from tests.origin.server import OriginServer
from tests.origin.table import EXPLAINED, lines

SHOWN = 200


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the clock of this program


def score(origin: Origin) -> str:
    """The table and the violations."""
    complaints = origin.complaints()
    more = [f"... and {len(complaints) - SHOWN} more"] if len(complaints) > SHOWN else []
    table = lines(origin.each(), asked_only=True)
    return "\n".join(
        [*table, "", EXPLAINED, "", *complaints[:SHOWN], *more, f"violations: {len(complaints)}"]
    )


async def serve(given: argparse.Namespace) -> None:
    rules = Rules(
        floor=timedelta(seconds=given.floor),
        gap=timedelta(seconds=given.gap),
        per_host=given.per_host,
        pauses=False,  # one of these feeds says 429, and the others are there to be asked
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = OriginServer(
        BEHAVIOURS.values(), rules, now, lambda: f"<pre>{html.escape(score(server.origin))}</pre>", given.port
    )
    async with server:
        for name, behaviour in BEHAVIOURS.items():
            print(f"{server.url(name):60} {behaviour.about()}")
        print(f"\nsubscribe to any of these; the score is at {server.bases[0]}; Ctrl-C prints it", flush=True)
        await stop.wait()
        print(score(server.origin))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--floor", type=float, default=3600.0, help="seconds")
    parser.add_argument("--gap", type=float, default=0.0, help="seconds between two exchanges")
    parser.add_argument("--per-host", type=int, default=len(BEHAVIOURS), help="exchanges at once")
    with contextlib.suppress(BrokenPipeError):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
