"""The page with a document's older entries (RFC 5005), which fills what was missed between polls."""

import json

import pytest

from aggregator.model import Fetched, Hints, Validators
from aggregator.parse import parse

URL = "https://a.example/dir/feed.xml"


def older(body, url=URL):
    return parse(Fetched(body.encode(), "", url, Validators(), Hints())).older


def atom(links, base=""):
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom' {base}><title>t</title><id>urn:x:1</id>{links}"
        "<entry><id>urn:x:2</id><title>t</title><link rel='next' href='of-the-entry'/></entry></feed>"
    )


ARCHIVE, NEXT = "<link rel='prev-archive' href='/2026/10.xml'/>", "<link rel='next' href='?p=2'/>"


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (ARCHIVE, "https://a.example/2026/10.xml"),
        (NEXT, f"{URL}?p=2"),
        (NEXT + ARCHIVE, "https://a.example/2026/10.xml"),
        ("<link rel='next-archive' href='/2026/12.xml'/><link rel='previous' href='?p=0'/>", ""),
        ("<link rel='next' href=''/>", ""),
        ("<link rel='next' href='javascript:x'/>", ""),
        ("<link rel='prev-archive' href='mailto:x@y.example'/>" + NEXT, f"{URL}?p=2"),
        ("", ""),
    ],
)
def test_older_page_of_atom(links, expected):
    """The archive before the page, absolute, and nothing that is no http(s) URL."""
    assert older(atom(links)) == expected


def test_it_is_resolved_against_the_base_in_force():
    """xml:base, else where the document came from; where that is not told, only absolute links count."""
    based = atom(NEXT, "xml:base='https://b.example/x/'")
    assert older(based) == "https://b.example/x/?p=2"
    assert older(atom(NEXT), "") == ""
    assert older(atom("<link rel='next' href='https://a.example/2'/>"), "") == "https://a.example/2"


def test_older_page_of_rss():
    """Borrowed from Atom, as the RFC shows it."""
    link = "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='prev-archive' href='/old'/>"
    body = f"<rss version='2.0'><channel><title>t</title>{link}<item><title>t</title></item></channel></rss>"
    assert older(body) == "https://a.example/old"


def test_older_page_of_json_feed():
    """Its `next_url`."""
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": []}
    assert older(json.dumps(document)) == ""
    assert older(json.dumps(document | {"next_url": "?p=2"})) == f"{URL}?p=2"
    assert older(json.dumps(document | {"next_url": 7})) == "https://a.example/dir/7"
    assert older(json.dumps(document | {"next_url": ["x"]})) == ""
