"""Shell. What `move-store` says."""

from __future__ import annotations

from rich.text import Text

from aggregator.daemon.storing import MovedStore
from aggregator.report.console import console


def moved(done: MovedStore) -> None:
    """What is in the database now, table by table, and what is left to do."""
    for table, rows in sorted(done.moved.rows.items()):
        console().print(Text(f"{rows:>12,}  {table}"), soft_wrap=True)
    what = f"{sum(done.moved.rows.values()):,} rows moved to {done.moved.target}"
    for line in (what, f"write this into the configuration, in place of {done.moved.source}:", done.line):
        console().print(Text(line), soft_wrap=True)
