"""Pure. The score as a table for people."""

from __future__ import annotations

from collections.abc import Iterable

from tests.origin.score import Watch

HEADINGS = {
    "requests": "req", "conditional": "cond", "unconditional": "uncond", "needless": "needless",
    "etag_good": "INM good", "etag_late": "oos", "etag_bogus": "bogus",
    "modified_good": "IMS good", "modified_late": "oos", "modified_bogus": "bogus",
    "cookies": "cookies", "referers": "Referer", "queries": "query", "early": "too soon", "agents": "UA",
    "accepts": "Accept", "strays": "strays", "pages": "pages",
}  # fmt: skip


def lines(watches: Iterable[Watch], *, asked_only: bool = False) -> list[str]:
    """A line for each behaviour below a line of headings, and the sums."""
    rows: list[list[str]] = [["behaviour", *HEADINGS.values(), "violations"]]
    sums = [0] * (len(HEADINGS) + 1)
    for watch in watches:
        columns = watch.finish()
        if asked_only and not watch.exchanges:
            continue
        counts = [*(value for _, value in columns.cells()), len(watch.violations)]
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
        rows.append([watch.behaviour.name(), *map(str, counts)])
    rows.append(["all", *map(str, sums)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(cells))
        for cells in ([*zip(row, widths, strict=True)] for row in rows)
    ]


EXPLAINED = (
    "INM is If-None-Match, IMS If-Modified-Since: good, out of sequence (oos), or made up (bogus). needless: "
    "without validators although the last 200 or 304 gave some. strays: for what there is not. pages: of "
    "an archive."
)
