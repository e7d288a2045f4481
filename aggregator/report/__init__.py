"""Shell. What the commands print: tables for people, JSON for programs, a progress bar on a terminal.

Prints values and decides nothing. Sources are named by their label, so that a confidential one's URL is in
no output that somebody may paste into a bug report.
"""

from aggregator.report.explained import explained, explained_json
from aggregator.report.moved import (
    adopted,
    backed_up,
    configured_already,
    moving_in,
    offers,
    restored,
    written,
)
from aggregator.report.polls import Progress, live, polled, published, warnings
from aggregator.report.previewed import previewed, previewed_json
from aggregator.report.sources import politeness_table, status_json, status_table
from aggregator.report.takedown import taken_down, taken_down_in

__all__ = [
    "Progress",
    "adopted",
    "backed_up",
    "configured_already",
    "explained",
    "explained_json",
    "live",
    "moving_in",
    "offers",
    "politeness_table",
    "polled",
    "previewed",
    "previewed_json",
    "published",
    "restored",
    "status_json",
    "status_table",
    "taken_down",
    "taken_down_in",
    "warnings",
    "written",
]
