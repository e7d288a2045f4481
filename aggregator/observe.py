"""Shell. One log line per outcome, made in one place from the value.

Lines are `key=value`, for people and for grep. Nothing that a confidential source's URL says gets here:
sources are named by their label. No traceback for what a source did.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from aggregator import pipeline
from aggregator.model import Errand, PollOutcome

log = logging.getLogger("aggregator.poll")


def configure(*, verbose: bool = False, quiet: bool = False) -> None:
    """Send our lines to standard error; libraries only where they warn. `quiet`: ours too, errors apart."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
    logging.getLogger("aggregator").setLevel(level)


class Trouble:
    """Something that goes on: said when it begins or changes, not at every try, and when it is over."""

    def __init__(self, what: str) -> None:
        self._what, self._said = what, ""

    def say(self, why: object) -> None:
        """It is so, for this reason."""
        if str(why) != self._said:
            self._said = str(why)
            log.error("%s: %s", self._what, why)

    def over(self) -> None:
        """It is not so any more."""
        if self._said:
            self._said = ""
            log.info("%s: works again", self._what)


def line(event: str, fields: Mapping[str, object]) -> str:
    """`event key=value key="two words"`; empty values are left out."""
    shown = (f"{key}={_quoted(str(value))}" for key, value in fields.items() if value not in ("", None))
    return " ".join((event, *shown))


def _quoted(value: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in value)
    if plain and not set(plain) & set(' "='):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def poll(outcome: PollOutcome) -> None:
    """The line of one poll or errand: what came, or why nothing did, and when next."""
    memory, source = outcome.memory, outcome.lease.source
    if outcome.lease.errand is not None:
        _errand(outcome, outcome.lease.errand)
        return
    fields = {
        "source": pipeline.name(source, memory),
        "result": memory.last_result,
        "error": memory.last_error,
        "failures": memory.failures or "",
        "unread": len(outcome.unread or ()) or "",
        "moved": pipeline.news(source, outcome.lease.memory, memory)
        or ("" if source.confidential else memory.moved_to),
        "next": "never" if memory.gone else outcome.due.at.isoformat(timespec="seconds"),
    }
    level = logging.WARNING if memory.last_error else logging.INFO
    if level == logging.INFO and not pipeline.is_news(outcome):
        level = logging.DEBUG
    log.log(level, "%s", line("poll", fields))


def _errand(outcome: PollOutcome, errand: Errand) -> None:
    source = outcome.lease.source
    fields = {
        "source": pipeline.name(source, outcome.memory),
        "kind": errand.kind,
        "url": "" if source.confidential else errand.url,
        "result": outcome.result,
        "next": outcome.due.at.isoformat(timespec="seconds") if outcome.errands else "",
    }
    log.info("%s", line("errand", fields))
