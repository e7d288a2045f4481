"""What a row of the table is, and how its figures are taken: ratios of CPU time in one run on one machine.

Other work on the machine makes the clock on the wall lie, so what counts is the time of computing: our own
and that of the processes that we started, as the kernel keeps it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was measured, what is asked for, what came, and whether that is enough."""

    measure: str
    goal: str
    figure: str
    reached: bool | None  # None: it only reports, or what it needs is not there
    detail: str = ""


def shown(rows: Sequence[Row]) -> str:
    """The table, as text."""
    heads = Row("measure", "goal", "figure", None, "detail")
    lines = [(r.measure, r.goal, r.figure, _said(r), r.detail) for r in rows]
    every = [(heads.measure, heads.goal, heads.figure, "", heads.detail), *lines]
    widths = [max(len(line[column]) for line in every) for column in range(len(heads.__slots__))]
    return "\n".join(
        "  ".join(text.ljust(w) for text, w in zip(x, widths, strict=True)).rstrip() for x in every
    )


def _said(row: Row) -> str:
    return {True: "reached", False: "MISSED", None: "-"}[row.reached]


class _Looking:
    """What it took to look at every process of the machine: no work of those who are measured."""

    seconds = 0.0


_LOOKING = _Looking()


def cpu(*, without: int = 0) -> float:
    """Seconds of computing of this process and of all that come from it, but for the process `without`.

    Those that have ended and were waited for are not counted: what is measured must be alive at both ends.
    """
    now = time.process_time()
    children: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
        spent[int(entry.name)] = int(fields[11]) + int(fields[12])
    total, waiting = 0.0, [os.getpid()]
    while waiting:
        pid = waiting.pop()
        if pid != without:
            # Of others the kernel tells hundredths: rounds must be long enough for those not to matter.
            total += now - _LOOKING.seconds if pid == os.getpid() else spent.get(pid, 0) / TICKS
            waiting += children.get(pid, ())
    _LOOKING.seconds += time.process_time() - now
    return total


def cpu_of(process: int) -> float:
    """Seconds of computing of one process that lives, in hundredths."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
