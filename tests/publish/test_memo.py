"""Entries that were written before: the same bytes as if each document were written in one piece."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from aggregator import publish
from aggregator.model import Category, Enclosure, Output, Site, SiteIdentity, Story
from aggregator.publish.memo import Memo
from tests.posts import NOW, post

NEWS = Category("news", "News & more")
IDENTITY = SiteIdentity("0f8fad5b-d9cb-469f-a165-70867728950e", NOW)
TEXT = "<p>Words &amp; <b>more</b></p>\n<pre>a\n  b</pre><p>中文]]&gt;</p>"


def told(*names, **said):
    """Stories of these names, each a minute older than the one before."""
    for minutes, name in enumerate(names):
        when = NOW - timedelta(minutes=minutes)
        fields = {"id": f"tag:e.example,2026:{name}", "content": TEXT, "published": when, "updated": when}
        made = replace(post(name), categories=("news",), link=f"https://e.example/{name}", **fields)
        made = replace(made, enclosures=(Enclosure("https://e.example/a.mp3", "audio/mpeg", 9),), **said)
        yield Story(made.id, (made,))


def documents(stories, output=Output(), titles=NEWS):  # noqa: B008 - a frozen value
    """The Atom, RSS and JSON documents of a category."""
    entries = publish.shown(list(stories), {}, 99)
    given = {"site": Site(url="https://n.example/"), "output": output, "categories": {"news": titles}}
    more = {"identity": IDENTITY, "updated": NOW}
    return (
        publish.feed(NEWS, entries, **given, **more).document.body,
        publish.rss_document(NEWS, entries, **given, **more).document.body,
        publish.json_document(NEWS, entries, **given).body,
    )


@pytest.mark.parametrize("names", [(), ("one",), ("one", "two", "three")], ids=len)
def test_a_document_is_as_if_it_were_written_in_one_piece(names):
    """What is joined comes out of a writer again as it went in."""
    for _ in range(2):
        atom, rss, as_json = documents(told(*names))
        for body in (atom, rss):
            bare = etree.fromstring(body, etree.XMLParser(remove_blank_text=True))
            whole = etree.tostring(bare, pretty_print=True, encoding="UTF-8", xml_declaration=True)
            assert body == whole
            assert len(bare.findall("{*}entry") or bare.findall("channel/item")) == len(names)
        assert json.dumps(json.loads(as_json), ensure_ascii=False, indent=1) + "\n" == as_json.decode()


def test_what_has_changed_is_written_anew():
    """An entry's own words, and everything else that it is made with."""
    before = documents(told("one"))
    for changed in (
        documents(told("one", title="Another title")),
        documents(told("one"), output=Output(credit=("title",))),
        documents(told("one"), titles=replace(NEWS, title="Other news")),
    ):
        assert not set(before) & set(changed)
    assert documents(told("one")) == before


def test_nothing_is_made_twice():
    """As long as there is room; what was wanted longest ago goes first."""
    made = []

    def make(name):
        made.append(name)
        return "x" * 300

    memo = Memo(1_000)  # there is room for two
    for name in ("a", "b", "a", "c", "a", "b", "c"):
        memo.get(name, lambda name=name: make(name))
    assert made == ["a", "b", "c", "b", "c"]


def test_what_is_larger_than_all_room_is_made_each_time():
    """And takes the room of nothing else for good."""
    memo = Memo(1_000)
    assert memo.get("large", lambda: "x" * 2_000) == "x" * 2_000
    assert memo.get("large", lambda: "y" * 2_000) == "y" * 2_000


def test_a_fault_is_not_remembered():
    """It is tried again."""
    memo = Memo(1_000)
    with pytest.raises(ZeroDivisionError):
        memo.get("a", lambda: str(1 // 0))
    assert memo.get("a", lambda: "fine") == "fine"
