"""What is a known entry under a new id, and what only looks like one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.dedupe import stamp
from aggregator.dedupe.rekeyed import rekeyed
from tests.dedupe.test_verdict import stored
from tests.posts import NOW, post, source

DAY = timedelta(days=1)


def entry(guid, **said):
    """A stamped post."""
    return stamp([post(guid, **said)], source())[0][0]


def found(posts, before):
    """Which posts are which stored ones, by index and guid."""
    by_key = {}
    for one in before:
        for key in one.keys:
            by_key.setdefault(key, []).append(stored(one))
    return {n: known.guid for n, known in rekeyed(posts, [None] * len(posts), by_key).items()}


OLD = {"title": "Weekly notes", "link": "https://a.example/1", "content": "<p>one</p>"}


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ({}, True),
        ({"content": "<p>edited</p>"}, True),
        ({"link": "https://moved.example/1", "content": "<p>edited</p>"}, True),
        ({"link": "https://a.example/2"}, True),
        ({"published": NOW - DAY}, True),
        ({"published": NOW - DAY, "link": "https://a.example/2"}, False),
        ({"published": NOW - DAY, "content": "<p>two</p>"}, False),
        ({"link": "https://a.example/2", "content": "<p>two</p>"}, False),
        ({"title": "Other"}, False),
    ],
    ids=str,
)
def test_one_entry_under_another_guid(said, same):
    """The title and two of text, place and date; a column has the title alone, or one of them."""
    assert found([entry("new", **OLD | said)], [entry("old", **OLD)]) == ({0: "old"} if same else {})


@pytest.mark.parametrize(("content", "same"), [("<p>one</p>", True), ("<p>two</p>", False)])
def test_undated_entries_are_told_by_their_text(content, same):
    """A status page has one title and one link for everything."""
    undated = OLD | {"dated": "first-seen"}
    assert bool(found([entry("new", **undated | {"content": content})], [entry("old", **undated)])) == same


def series(day, **said):
    """Five regular titles of one day."""
    return [
        entry(f"{day}-{n}", title=f"Part {n}", published=NOW + day * DAY, link=f"https://a.example/{day}/{n}",
              content=f"<p>{day} {n}</p>", **said)
        for n in range(5)
    ]  # fmt: skip


def test_a_daily_programme_is_new_every_day():
    """The same five titles under new guids, links, dates and texts."""
    assert found(series(1), series(0)) == {}


def test_a_migration_is_told_by_its_titles_and_places():
    """With new dates and texts, where most entries fit."""
    moved = [replace(one, published=NOW + 9 * DAY, text_digest="x") for one in series(0)]
    assert found(moved, series(0)) == {n: f"0-{n}" for n in range(5)}
