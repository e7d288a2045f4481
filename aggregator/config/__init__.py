"""Pure. feeds.yaml, understood: its text -> `Config`, or every problem with its line and column.

`load` is the whole of it; `decode` comes before it, `advice` after it; after an edit `diff` says what changed
and `in_force` what of it holds before a restart. `template` is the file that `aggregator init` writes,
`json_schema` what editors complete and explain it from, `reference` the same for people. `pieces` and
`insertion` add to it without touching what is there, `opml` is how feeds move in and out. Reading and
watching the file is not done here, and neither is anything that a configuration asks for.
"""

from __future__ import annotations

from aggregator.config.addresses import web_address
from aggregator.config.advice import advice
from aggregator.config.changes import Changes, diff, in_force
from aggregator.config.load import decode, load
from aggregator.config.problems import for_everybody, lines
from aggregator.config.reference import reference
from aggregator.config.schema import json_schema
from aggregator.config.starter import template

__all__ = [
    "Changes",
    "advice",
    "decode",
    "diff",
    "for_everybody",
    "in_force",
    "json_schema",
    "lines",
    "load",
    "reference",
    "template",
    "web_address",
]
