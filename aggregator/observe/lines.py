"""Shell. One log line per outcome, made in one place from the value.

Nothing that a confidential source's URL says gets here: sources are named by their label. No traceback for
what a source did.
"""

from __future__ import annotations

import logging

from aggregator import pipeline
from aggregator.model import Errand, PollOutcome
from aggregator.observe.logs import line

log = logging.getLogger("aggregator.poll")


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


def poll(outcome: PollOutcome) -> None:
    """The line of one poll or errand: what came, or why nothing did, and when next."""
    memory, source = outcome.memory, outcome.lease.source
    if outcome.lease.errand is not None:
        _errand(outcome, outcome.lease.errand)
        return
    level = logging.WARNING if memory.last_error else logging.INFO
    if level == logging.INFO and not pipeline.is_news(outcome):
        level = logging.DEBUG
    if not log.isEnabledFor(level):
        return  # as most are
    fields = {
        "source": memory.name_of(source),
        "result": memory.last_result,
        "error": memory.last_error,
        "failures": memory.failures or "",
        "unread": len(outcome.unread or ()) or "",
        "whole": memory.whole_because if outcome.verdicts else "",
        "moved": pipeline.news(source, outcome.lease.memory, memory)
        or ("" if source.confidential else memory.moved_to),
        "next": "never" if memory.gone else outcome.due.at.isoformat(timespec="seconds"),
    }
    log.log(level, "%s", line("poll", fields))


def _errand(outcome: PollOutcome, errand: Errand) -> None:
    source = outcome.lease.source
    fields = {
        "source": outcome.memory.name_of(source),
        "kind": errand.kind,
        "url": "" if source.confidential else errand.url,
        "result": outcome.result,
        "next": outcome.due.at.isoformat(timespec="seconds") if outcome.errands else "",
    }
    log.info("%s", line("errand", fields))
