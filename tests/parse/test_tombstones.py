"""The tombstones of a document (RFC 6721): all of them, and nothing of what stands inside them."""

import pytest

from aggregator.model import DeletedEntry, Fetched, Hints, Validators
from aggregator.parse import parse

URL = "https://a.example/feed.xml"
AT = "xmlns:at='http://purl.org/atompub/tombstones/1.0'"
ENTRY = "<entry><id>urn:x:1</id><title>One</title><link href='https://a.example/1'/></entry>"


def read(inside, namespaces=AT):
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom' {namespaces}><title>T</title>{inside}</feed>"
    return parse(Fetched(feed.encode(), "", URL, Validators(), Hints()))


def test_every_one():
    """In order, with `when` and the comment as written; feedparser alone keeps the last."""
    read_ = read(
        "<at:deleted-entry ref='urn:x:2' when='2026-11-01T00:00:00Z'/>"
        f"{ENTRY}<at:deleted-entry ref=' tag:a,2026:3&amp;4 ' when='soon'><at:comment> No &lt;good&gt; "
        "</at:comment></at:deleted-entry><at:deleted-entry ref='urn:x:5'/>"
    )
    assert read_.deleted == (
        DeletedEntry("urn:x:2", "2026-11-01T00:00:00Z"),
        DeletedEntry(" tag:a,2026:3&4 ", "soon", "No <good>"),
        DeletedEntry("urn:x:5"),
    )
    assert [entry.guid for entry in read_.entries] == ["urn:x:1"]


def test_what_stands_inside_is_not_the_feeds():
    """Its author, its links and its source say nothing of the feed or of an entry."""
    inside = (
        "<at:by><name>Moderator</name><uri>https://a.example/m</uri></at:by><title>Other</title>"
        "<link rel='hub' href='https://hub.example/'/><id>urn:other</id><source><id>urn:s</id></source>"
    )
    with_it = read(f"<at:deleted-entry ref='urn:x:2' when='x'>{inside}</at:deleted-entry>{ENTRY}")
    without = read(ENTRY)
    assert (with_it.facts, with_it.entries, with_it.hubs) == (without.facts, without.entries, ())


@pytest.mark.parametrize(
    ("tag", "namespaces", "found"),
    [
        ("x:deleted-entry", AT.replace(":at", ":x"), 1),
        ("x:deleted-entry xmlns:x='http://purl.org/atompub/tombstones/1.0'", "", 1),
        ("deleted-entry xmlns='http://purl.org/atompub/tombstones/1.0'", "", 1),
        ("deleted-entry", "", 0),
        ("at:deleted-entry", "xmlns:at='https://other.example/'", 0),
    ],
)
def test_whose_it_is(tag, namespaces, found):
    """The namespace says what it is, whatever its prefix."""
    closing = tag.split()[0]
    assert len(read(f"<{tag} ref='urn:x:2' when='x'></{closing}>{ENTRY}", namespaces).deleted) == found


def test_only_beside_entries():
    """One inside of an entry deletes nothing, nor does one that names nothing."""
    entry = ENTRY.replace("</entry>", "<at:deleted-entry ref='urn:x:2' when='x'/></entry>")
    assert read(f"{entry}<at:deleted-entry when='x'/><at:deleted-entry ref=' '/>").deleted == ()


def test_in_what_is_no_xml():
    """Read loosely they are found, too, and one that is never closed swallows no entry."""
    broken = read(f"<at:deleted-entry ref='urn:x:2' when='x'><at:comment>No & {ENTRY}<x></feed>")
    assert [one.ref for one in broken.deleted] == ["urn:x:2"]
    assert [entry.guid for entry in broken.entries] == ["urn:x:1"]
