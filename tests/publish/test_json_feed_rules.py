"""Our JSON documents break no rule of JSON Feed 1.1; and the rules are seen to bite."""

import json
from dataclasses import replace

import pytest

from aggregator.model import Enclosure, Person, Shown, SourceInfo
from aggregator.publish import Entry, json_document
from tests.publish.json_feed_rules import complaints
from tests.publish.test_atom import NASTY


@pytest.fixture
def written(site, output, categories):
    """Renders entries of a category; the bytes."""

    def build(*entries):
        chosen = categories["markets"]
        return json_document(
            chosen, [Entry(one) for one in entries], site=site, output=output, categories=categories
        ).body

    return build


@pytest.mark.parametrize("nasty", NASTY)
def test_our_documents_are_valid(written, full, make, nasty):
    """Whole entries, bare ones, and entries whose every field is hostile."""
    bare = make(2, link="", summary="", content="", authors=(), tags=(), enclosures=(), language="")
    hostile = make(
        3,
        title=nasty,
        content=f"<p>{nasty}</p>",
        tags=(nasty, ""),
        authors=(Person(nasty, nasty),),
        language=nasty,
        enclosures=(Enclosure("https://a.example/x", nasty, -1, nasty), Enclosure(nasty)),
        origin=SourceInfo(id=nasty, title=nasty, home=nasty, feed=nasty, license=nasty),
    )
    linked = [Shown(make(4 + n, republish=kind)) for n, kind in enumerate(("full", "excerpt", "link"))]
    assert complaints(written(full, Shown(bare), Shown(hostile), *linked)) == []
    assert complaints(written()) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda feed: feed.pop("title"), "feed has no title"),
        (lambda feed: feed.update(version="1.1"), "feed.version is '1.1'"),
        (lambda feed: feed.update(author={"name": "x"}), "feed.author is unknown"),
        (lambda feed: feed.update(language="no language"), "feed.language is no language: 'no language'"),
        (lambda feed: feed["items"][0].update(url="/x"), "feed.items[0].url is no address: '/x'"),
        (lambda feed: feed["items"][0].update(id=7), "feed.items[0].id is no text: 7"),
        (lambda feed: feed["items"][0].update(title=None), "feed.items[0].title is no text: None"),
        (lambda feed: feed["items"][0].pop("content_html"), "feed.items[0] has no content"),
        (
            lambda feed: feed["items"][0].update(date_published="2026-11-24"),
            "feed.items[0].date_published is no date: '2026-11-24'",
        ),
        (
            lambda feed: feed["items"][0]["attachments"][0].pop("mime_type"),
            "feed.items[0].attachments[0] has no mime_type",
        ),
        (lambda feed: feed["items"][0]["authors"].append({}), "feed.items[0].authors[2] names nobody"),
    ],
)
def test_what_is_wrong_is_seen(written, full, edit, said):
    """The control: each edit of a valid document is complained about, and nothing else is."""
    feed = json.loads(written(full))
    edit(feed)
    assert complaints(json.dumps(feed).encode()) == [said]


def test_an_id_twice_is_seen(written, full):
    """As are names that are there twice, and what is no JSON."""
    assert complaints(written(full, replace(full, also_in=()))) == [f"id {full.post.id!r} is there 2 times"]
    assert complaints(b'{"version": 1, "version": 2}')
    assert complaints(b'{"version": NaN}')
    assert complaints(b"\xef\xbb\xbf{}") == ["a byte order mark"]
