"""The line of each poll and errand: what operators see go by, and what they must not see."""

import logging
from dataclasses import replace

import pytest

from aggregator import observe
from aggregator.model import Errand, FetchFailed, Hints, NotModified, Validators
from tests.pipeline.given import NOW, decide, lease, source

NEW = "https://b.example/new.xml"
MOVED = NotModified(Validators(), Hints(moved=NEW), NEW)


def said(outcome, caplog, level=logging.INFO):
    """The lines of an outcome at this level or above."""
    caplog.clear()
    with caplog.at_level(level, "aggregator.poll"):
        observe.poll(outcome)
    return [record.getMessage() for record in caplog.records]


def test_a_source_that_has_moved_is_reported(caplog):
    """Once, with what to write in the file; redirects that are only counted are no news."""
    counted = decide(lease(moved_to=NEW, moved_times=1), MOVED)
    assert said(counted, caplog) == []
    assert f"moved={NEW}" in said(counted, caplog, logging.DEBUG)[0]
    [line] = said(decide(lease(moved_to=NEW, moved_times=4), MOVED), caplog)
    assert f"has moved for good to {NEW}: in feeds.yaml write `url: {NEW}`" in line
    [line] = said(decide(lease(adopted=NEW), FetchFailed("status", "", Hints(gone=True), 410)), caplog)
    assert "asks its configured URL again" in line


def test_of_a_confidential_source_no_url_is_said(caplog):
    """Neither where it has moved to nor what is asked for it."""
    of = source(confidential=True, title="Mine")
    held = lease(of, moved_to=NEW, moved_times=4)
    errand = replace(held, errand=Errand("archive", f"{NEW}?p=2", NOW))
    for outcome in (decide(held, MOVED), decide(errand, FetchFailed("dns", "no name"))):
        [line] = said(outcome, caplog)
        assert "source=Mine" in line
        assert "example" not in line


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, f'errand source=https://a.example/feed.xml kind=archive url="{NEW}?p=2" result="status 404"'),
        (
            503,
            f'errand source=https://a.example/feed.xml kind=archive url="{NEW}?p=2" result="status 503" '
            "next=2026-11-24T13:00:00+00:00",
        ),
    ],
)
def test_an_errand(status, expected, caplog):
    """What came of it, and when it is tried again."""
    held = replace(lease(), errand=Errand("archive", f"{NEW}?p=2", NOW))
    assert said(decide(held, FetchFailed("status", "", status=status, url=NEW)), caplog) == [expected]
