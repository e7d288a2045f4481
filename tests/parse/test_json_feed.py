"""JSON Feed: what its goldens do not show. Any value may stand in any place."""

import json
import re
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Fetched, Hints, Parsed, Unreadable, Validators
from aggregator.parse import parse
from aggregator.parse.hooks import MOST_ENTRIES
from aggregator.parse.json_feed import read

URL = "https://source.example/feed"
VERSION = "https://jsonfeed.org/version/1.1"
ODD = st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
FIELDS = """
    id url external_url title content_html content_text summary date_published date_modified author authors
    name tags language attachments mime_type size_in_bytes version items home_page_url feed_url next_url hubs
    type expired
"""
OBJECTS = st.dictionaries(st.sampled_from(FIELDS.split()), ODD | VALUES, max_size=12)
ITEMS = st.lists(OBJECTS | VALUES, max_size=4) | VALUES


UNWELCOME = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def strings(value):
    """Every string in a value."""
    if isinstance(value, str):
        return [value]
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    return [s for one in value for s in strings(one)] if isinstance(value, list | tuple) else []


def fetched(body, content_type="application/feed+json"):
    return Fetched(body, content_type, URL, Validators(), Hints())


def feed(*items, **said):
    return json.dumps({"version": VERSION, "title": "t", **said, "items": list(items)})


def one(**said):
    """The entry of a feed of one item."""
    [entry] = read(feed(said), URL).entries
    return entry


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_no_json_value_raises(value):
    """Any JSON document gives a value, and one without a version is hardly ever a feed."""
    assert isinstance(read(json.dumps(value), URL), Parsed | Unreadable)


@settings(max_examples=300, deadline=None)
@given(OBJECTS, ITEMS, st.booleans())
def test_no_value_in_any_place_raises(feed_fields, items, ascii_only):
    """Values of any type in the fields that we read cost no more than the field; all text is XML's."""
    document = {**feed_fields, "version": VERSION, "items": items}
    result = read(json.dumps(document, ensure_ascii=ascii_only), URL)
    if isinstance(items, list):
        assert len(result.entries) + len(result.unread) == len(items)
        assert not UNWELCOME.search("".join(strings(result)))
    else:
        assert result == Unreadable("a JSON Feed without a list of items")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises(text):
    """Any text gives a value."""
    assert isinstance(read(text, URL), Parsed | Unreadable)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"version": "https://jsonfeed.org/version/1", "items": [',
         "broken JSON, not a feed: Expecting value, line 1"),
        ('{"version": "https://jsonfeed.org/version/1",\n "items": [],}',
         "broken JSON, not a feed: Expecting property name enclosed in double quotes, line 2"),
        ("[" * 100_000, "JSON that is nested too deeply, not a feed"),
        ('{"a":' * 100_000, "JSON that is nested too deeply, not a feed"),
        ("[]", "JSON, but not a JSON Feed"),
        ("{}", "JSON, but not a JSON Feed"),
        ('{"items": []}', "JSON, but not a JSON Feed"),
        ('{"items": [{"id": 1, "url": "https://api.example/1", "title": "x"}]}', "JSON, but not a JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1.1"}', "a JSON Feed without a list of items"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": {"a": {}}}',
         "a JSON Feed without a list of items"),
    ],
)  # fmt: skip
def test_why_json_is_no_feed(text, reason):
    """JSON that is broken, or something else, is refused with a reason."""
    assert read(text, URL) == Unreadable(reason)


@pytest.mark.parametrize(
    ("version", "format"),
    [
        ("https://jsonfeed.org/version/1", "json1"),
        ("http://www.jsonfeed.org/version/1/", "json1"),
        ("https://jsonfeed.org/version/1.1", "json11"),
        ("https://jsonfeed.org/version/2", "json11"),
    ],
)
def test_versions(version, format):
    """A version is told by its URL, however it is written; a later one is read as the latest that we know."""
    assert read(feed(version=version), URL).format == format


def test_a_feed_may_forget_its_version():
    """Items with content and an id or URL are a JSON Feed's."""
    parsed = read('{"items": [5, {"url": "https://a.example/", "content_text": "x"}]}', URL)
    assert parsed.repairs == ("it does not say that it is a JSON Feed",)
    assert len(parsed.entries) == 1


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("", "utf-8"),
        ("text/html; charset=utf-8", "utf-8-sig"),
        ("application/xml", "utf-16"),
        ("application/json", "utf-16-le"),
        ("application/json", "utf-16-be"),
        ("application/json; charset=gb2312", "gb18030"),
        ("application/json; charset=utf-8", "cp1252"),
    ],
)
def test_by_content_in_any_charset(content_type, encoding):
    """What the body is decides, not what the header calls it; its charset is found as for XML."""
    title = "Café" if encoding == "cp1252" else "港口新闻"
    body = json.dumps({"version": VERSION, "items": [], "title": title}, ensure_ascii=False).encode(encoding)
    parsed = parse(fetched(body, content_type))
    assert (parsed.format, parsed.facts.title.value) == ("json11", title)


def test_xml_shown_in_a_text_is_no_document():
    """A post that shows the beginning of an RSS document is not cut there."""
    shown = "<?xml version='1.0'?> <rss version='2.0'>"
    parsed = parse(fetched(feed({"id": "1", "content_text": shown}).encode()))
    assert parsed.entries[0].contents[0].value == shown


def test_items_are_capped():
    """A document of very many items gives the first of them, and says so."""
    parsed = read(feed(*({"id": n} for n in range(MOST_ENTRIES + 5))), URL)
    assert [len(parsed.entries), parsed.entries[-1].guid] == [MOST_ENTRIES, str(MOST_ENTRIES - 1)]
    assert parsed.repairs == ("only the first 5,000 entries are read",)


def test_what_an_item_has_many_of_is_capped():
    """Attachments, tags and authors stay few."""
    many = range(1000)
    entry = one(
        attachments=[{"url": f"https://a.example/{n}"} for n in many],
        tags=[str(n) for n in many],
        authors=[{"name": f"A{n}"} for n in many],
    )
    assert [len(entry.enclosures), len(entry.terms), len(entry.authors)] == [20, 200, 50]


def test_numbers_are_the_text_that_they_are_written_as():
    """An id keeps its digits whatever its size, in linear time, and an odd length is none."""
    digits = "9" * 50_000
    text = '{"version": "jsonfeed.org", "items": [{"id": %s, "title": -1.50e3, "attachments": [%s]}]}'
    parsed = read(text % (digits, '{"url": "a", "size_in_bytes": 1e9}'), URL)
    [entry] = parsed.entries
    assert (entry.guid, entry.title.value, entry.enclosures[0].length) == (digits, "-1.50e3", None)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"authors": [{"name": "A"}, {"name": "B"}], "author": {"name": "C"}}, ["A", "B"]),
        ({"authors": [], "author": {"name": "C"}}, ["C"]),
        ({"authors": [{"url": "https://a.example/"}], "author": {"name": "C"}}, ["C"]),
        ({"authors": {"name": "A"}}, ["A"]),
        ({"author": [{"name": "A"}]}, ["A"]),
        ({"author": "A"}, ["A"]),
        ({"authors": ["A", "B"]}, ["A", "B"]),
        ({"authors": [{"name": "a@a.example (A)"}]}, ["A"]),
        ({"authors": 5}, ["5"]),
        ({"authors": None, "author": True}, []),
    ],
)
def test_authors(said, names):
    """`authors` goes before the `author` of 1.0; either may hold one or a list, objects or names."""
    assert [person.name for person in one(**said).authors] == names


@pytest.mark.parametrize(
    ("said", "link"),
    [
        ({"url": "https://a.example/1", "external_url": "https://b.example/"}, "https://a.example/1"),
        ({"external_url": "https://b.example/"}, "https://b.example/"),
        ({"url": "", "id": "https://a.example/1"}, ""),
        ({"url": {"href": "x"}, "id": "1"}, ""),
    ],
)
def test_links(said, link):
    """The permalink is the link, else what a link blog points at; an id is never put into that field."""
    assert one(**said).link == link
