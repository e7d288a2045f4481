"""Our own reader, under simulated time, through everything that happens to it: nothing to blame it for."""

import pytest

from tests.origin.day import simulated
from tests.origin.life import lived

POLLS = 40  # one round of every disturbance
# Of every kind, the ones whose rules differ; `tools/politeness_run.py` plays all of them, a thousand times.
PLAYED = (
    "touched", "same-second", "new-on-304", "etag-removed", "no-validators", "first-304", "max-age-on-200",
    "expires", "ttl", "skip-hours", "fast", "overrun", "too-many-seconds", "not-found-for-hours", "drip",
    "gone", "moved-elsewhere", "found-elsewhere", "cookies",
)  # fmt: skip


@pytest.mark.parametrize("name", PLAYED)
def test_polite_through_restarts_kills_edits_and_company(name, tmp_path):
    """No violation in forty polls, of which one is asked without validators for the first time."""
    watch, origin = lived(name, POLLS, tmp_path)
    assert origin.complaints() == []
    columns = watch.finish()
    assert columns.requests == (11 if name == "gone" else POLLS)  # the eleventh answer is the 410
    assert columns.needless == columns.early == columns.etag_bogus == columns.modified_bogus == 0
    assert watch.excused["first"] == 1


def test_a_day_of_many_sources(tmp_path):
    """Rules of hosts, with many feeds on each; nobody starves."""
    figures = simulated(100, 6, tmp_path)
    assert figures.problems == []
    assert figures.polls > 2 * figures.sources
    assert figures.lateness
