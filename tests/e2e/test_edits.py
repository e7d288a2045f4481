"""Edits of the file reach stored posts at once, and the sources hear nothing of it."""

import re
import time

from tests.e2e.program import Place
from tests.e2e.source import rss

TECH, WORLD = "category/tech/feed.atom", "category/world/feed.atom"
WITHIN = 2.0  # seconds that are promised
BUSY = 6.0  # more, that a machine with other work may take


def entries(body):
    """What a document says of each post: id, published and updated by title."""
    said = {}
    for entry in re.findall(r"<entry\b.*?</entry>", body.decode(), re.DOTALL):
        one = {name: re.search(f"<{name}[^>]*>(.*?)</{name}>", entry)[1] for name in FIELDS}
        said[one.pop("title")] = one
    return said


FIELDS = ("title", "id", "published", "updated")


def quickly(since, seconds=WITHIN + BUSY):
    took = time.monotonic() - since
    assert took < seconds, f"it took {took:.1f} s"


def test_an_edit_reaches_stored_posts(place: Place, sources):
    """A post moves and keeps id and dates; a rule hides and brings back; a source leaves and returns.

    All of that within two seconds (six more for a machine that is busy), without a request.
    """
    sources.put("one.xml", rss("one", "Alpha", "Beta", "Gamma"))
    feed = f"url: '{sources.url('one.xml')}', every: 1h"

    def write(keys, rules=""):
        place.write(f"feeds:\n  - {{{feed}, {keys}}}\n  - file:none.xml\n{rules}")
        return time.monotonic()

    write("category: tech")
    with place.daemon() as daemon:
        daemon.wait_for_body(TECH, "Alpha", "Beta", "Gamma")
        before = entries(daemon.get(TECH)[2])
        assert before.keys() == {"Alpha", "Beta", "Gamma"}

        edited = write("category: world, tags: [x]")
        daemon.wait_for_body(WORLD, "Alpha", "Beta", "Gamma")
        quickly(edited)
        assert entries(daemon.get(WORLD)[2]) == before
        until_shown(daemon, TECH, set())  # it stays served

        edited = write("category: world, tags: [x]", "rules: [{if: {title: Beta}, then: drop}]\n")
        until_shown(daemon, WORLD, {"Alpha", "Gamma"})
        quickly(edited)
        edited = write("category: world")
        until_shown(daemon, WORLD, set(before))
        quickly(edited)
        assert entries(daemon.get(WORLD)[2]) == before

        edited = time.monotonic()
        place.write("feeds:\n  - file:none.xml\n")
        until_shown(daemon, WORLD, set())
        quickly(edited)
        edited = write("category: tech, paused: true")
        until_shown(daemon, TECH, set(before))
        quickly(edited)
        assert entries(daemon.get(TECH)[2]) == before
        assert daemon.stop() == 0
    assert sources.times("one.xml") == 1
    assert "Traceback" not in daemon.log()


def test_an_edit_while_nothing_runs(place, sources):
    """`publish` and the next start bring stored posts up to date, too."""
    sources.put("one.xml", rss("one", "Alpha"))
    feed = f"url: '{sources.url('one.xml')}', every: 1h"
    place.write(f"feeds: [{{{feed}, category: tech}}]\n")
    assert place.run("once").returncode == 0
    place.write(f"feeds: [{{{feed}, category: world}}]\n")
    assert place.run("publish").returncode == 0
    assert b"Alpha" in place.documents()[WORLD]
    assert b"Alpha" not in place.documents()[TECH]
    place.write(f"feeds: [{{{feed}, category: tech}}]\n")
    assert place.run("once").returncode == 0
    assert b"Alpha" in place.documents()[TECH]
    place.write(f"feeds: [{{{feed}, category: world}}]\n")
    with place.daemon() as daemon:
        daemon.wait_for_body(WORLD, "Alpha")
        assert daemon.stop() == 0
    assert sources.times("one.xml") == 1


def until_shown(daemon, path, titles):
    """Wait until a document shows just these."""
    deadline = time.monotonic() + 20
    while entries(daemon.get(path)[2]).keys() != titles:
        assert time.monotonic() < deadline, (path, titles, entries(daemon.get(path)[2]))
        time.sleep(0.02)
