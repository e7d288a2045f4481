"""Entries that were written before: the same bytes as if each document were written in one piece."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from aggregator import publish
from aggregator.model import Category, Enclosure, Output, Site, SiteIdentity, Story, Tombstone
from aggregator.publish import atom
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
    entries = [publish.Entry(one) for one in publish.shown(list(stories), {}, 99)]
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


def test_what_stands_around_entries_is_of_this_document():
    """Its date, what has gone, its title: none of them is that of the document before."""

    def around(category=NEWS, **said):
        given = {"site": Site(url="https://n.example/"), "output": Output(), "categories": {"news": category}}
        body = publish.feed(category, (), identity=IDENTITY, **given, **said).document.body
        root = etree.fromstring(body)
        assert etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n" == body
        return [root.findtext("{*}title"), root.findtext("{*}updated"), len(root.findall("{*}deleted-entry"))]

    later, gone = NOW + timedelta(days=1), Tombstone("tag:e.example,2026:one", NOW)
    said = [
        ({"updated": NOW}, ["News & more", "2026-11-24T12:00:00Z", 0]),
        ({"updated": later}, ["News & more", "2026-11-25T12:00:00Z", 0]),
        ({"updated": later, "tombstones": (gone,)}, ["News & more", "2026-11-25T12:00:00Z", 1]),
        ({"updated": NOW, "tombstones": (gone,)}, ["News & more", "2026-11-24T12:00:00Z", 1]),
        (
            {"updated": NOW, "category": Category("news", "<updated>")},
            ["<updated>", "2026-11-24T12:00:00Z", 0],
        ),
    ]
    for given, stands in said:
        assert around(**given) == stands
    with pytest.raises(ValueError, match="time zone"):
        around(updated=NOW.replace(tzinfo=None))


def test_what_has_gone_is_not_kept_by_the_hundred():
    """Each new tombstone makes another text of all of them."""
    kept = atom._around.cache_info().currsize
    for many in (500, 501):
        gone = [Tombstone(f"tag:e.example,2026:{number}", NOW) for number in range(many)]
        body = publish.feed(
            *(NEWS, ()),
            site=Site(url="https://n.example/"),
            output=Output(),
            identity=IDENTITY,
            categories={"news": NEWS},
            updated=NOW,
            tombstones=gone,
        ).document.body
        assert len(etree.fromstring(body).findall("{*}deleted-entry")) == many
    assert atom._around.cache_info().currsize == kept


def test_an_entry_is_written_once_without_its_post():
    """Also that it could not be written; written otherwise, its post must be read again."""
    [shown] = publish.shown(list(told("one")), {}, 1)
    entry = publish.Entry(shown)
    assert entry.written("atom", 1, lambda shown: shown.post.title) == "Title one"
    with pytest.raises(ValueError, match="bad"):
        entry.written("rss", 1, lambda shown: int("bad"))
    entry.let_go()
    assert entry.written("atom", 1, lambda shown: "another") == "Title one"
    with pytest.raises(ValueError, match="bad"):
        entry.written("rss", 1, lambda shown: "fine")
    for form, given in (("atom", 2), ("json", 1)):
        with pytest.raises(publish.Unread):
            entry.written(form, given, lambda shown: "another")


def test_what_was_rendered_longest_ago_is_let_go_first():
    """As soon as there is no room for all; what does not fit at all is not kept."""

    def some(count):
        return {n: publish.Entry(*publish.shown(list(told(str(n))), {}, 1)) for n in range(count)}

    shelf = publish.Shelf(4_000)  # each takes at least 1,000
    for place, count in (("news", 2), ("world", 2), ("news", 1), ("sport", 1)):
        shelf.keep(place, some(count))
    assert [len(shelf.entries(place)) for place in ("news", "world", "sport")] == [1, 2, 1]
    shelf.keep("more", some(1))
    assert [len(shelf.entries(place)) for place in ("news", "world", "sport", "more")] == [1, 0, 1, 1]
    shelf.keep("whole", some(9))
    assert not any(map(shelf.entries, ("news", "world", "sport", "more", "whole")))


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
