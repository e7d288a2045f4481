"""Items that are known are not read again: what that gives beside those that are, and when all is read."""

import mimetypes
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest

from aggregator import pipeline
from aggregator.model import Fetched, Hints, Items, PostId, Reading, Unreadable, Url, Validators
from tests.pipeline.given import NOW, SITE, fetched, item, lease, rss

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
DATA = Path(__file__).parents[1] / "parse" / "data"


def read(body, items=None, **said):
    """A body read on a later poll, with these items known: the same way or the other, if there is another."""
    holder = replace(lease(filled=True), items=items)
    body = body if isinstance(body, Fetched) else fetched(body, **said)
    reading = pipeline.read(holder, body, NOW, SITE)
    assert rest(body, items) in (None, reading)
    return reading


def rest(body, items):
    """The same, where it takes a moment."""
    holder = replace(lease(filled=True), items=items)
    return pipeline.read_rest(holder, body if isinstance(body, Fetched) else fetched(body), NOW, SITE)


def settled(reading, keep=lambda item: True):
    """All items of a reading that may be settled, as they are after they were stored."""
    items = (
        replace(one, post=PostId(f"tag:a.example,2026:{one.position}"))
        for one in reading.items.items
        if keep(one)
    )
    return Items(reading.items.context, tuple(items))


def same(whole, part):
    """Hold a reading against that of the whole document: it must have the same of all that it has read."""
    left_out = {item.position for item in part.known}
    assert part.posts == tuple(post for post in whole.posts if post.position not in left_out)
    for name in ("info", "hints", "unread", "hubs", "older", "deleted", "repairs"):
        assert getattr(part, name) == getattr(whole, name), name
    dated = ("published", "updated")
    assert sorted(part.known_dates) == sorted(
        p.published for p in whole.posts if p.position in left_out and p.dated in dated
    )
    assert part.items == replace(
        whole.items,
        items=tuple(
            next((k for k in part.known if k.position == one.position), one) for one in whole.items.items
        ),
    )


DOCUMENT = rss(*(item(f"n{n}", date=f"Tue, 0{n} Nov 2026 10:00:00 GMT") for n in range(1, 6)))


def test_only_what_is_new_is_read():
    """Three of five are known: two are read, at their own places in the document."""
    whole = read(DOCUMENT)
    part = read(DOCUMENT, settled(whole, lambda one: one.position % 2 == 0))
    assert [post.position for post in part.posts] == [1, 3]
    assert [one.position for one in part.known] == [0, 2, 4]
    assert part.whole == ""
    same(whole, part)


def test_new_items_in_chinese_are_left_to_those_who_have_the_dictionary():
    """It is large; a document whose Chinese is known needs none of it."""
    chinese = rss(item("n1", title="重庆银行"), item("n2", title="Kurz"), item("n3", title="Old"))
    whole = read(chinese)
    assert rest(chinese, settled(whole, lambda one: one.position > 0)) is None
    known = settled(whole, lambda one: one.position != 1)
    assert [post.slug for post in rest(chinese, known).posts] == ["kurz"]
    assert [post.slug for post in whole.posts] == ["chongqingyinhang", "kurz", "old"]
    held = lease(filled=True)
    holder = replace(held, source=replace(held.source, categories=("新闻",)))
    items = settled(pipeline.read(holder, fetched(chinese), NOW, SITE), lambda one: one.position != 1)
    assert pipeline.read_rest(replace(holder, items=items), fetched(chinese), NOW, SITE) is None


def test_little_is_read_for_itself():
    """What is new of a document takes a moment, and gives the same."""
    items = settled(read(DOCUMENT), lambda one: one.position > 0)
    assert rest(DOCUMENT, items) == read(DOCUMENT, items)
    assert [post.position for post in rest(DOCUMENT, items).posts] == [0]


@pytest.mark.parametrize(
    "other",
    [
        DOCUMENT.replace(b"n1", b"n1" + b"x" * 20_000),
        DOCUMENT.replace(b"</item>", b"<b/>" * 300 + b"</item>", 1),
        DOCUMENT.replace(b"</item>", b"<b xmlns='x'/>" * 60 + b"</item>", 1),
        DOCUMENT.replace(b"<channel>", b"<channel><!--" + b"x" * (256 << 10) + b"-->"),
        DOCUMENT.replace(b"<channel>", b"<channel><docs>" + b"&#65;" * 6000 + b"</docs>"),
        DOCUMENT.replace(b"</item>", b"<b></item>", 1),
        DOCUMENT.decode().encode("utf-16"),
        DOCUMENT.replace(b"<rss", b"<!DOCTYPE rss><rss", 1),
        b"GIF8" + DOCUMENT,
        DOCUMENT.replace(b"<channel>", b"<channel><managingEditor>o@b.example (O)</managingEditor>"),
        rss(item("other")),
        b'{"version": "https://jsonfeed.org/version/1.1", "items": []}',
        b"",
    ],
    ids=(
        *("long", "tags", "prefixes", "body", "references", "broken", "wide", "doctype", "binary"),
        *("context", "unknown", "json", "empty"),
    ),
)
def test_what_could_take_long_is_not(other):
    """Much that is new, a large body, what is no plain XML, or all anew: None, and a worker reads it."""
    items = settled(read(DOCUMENT), lambda one: one.position > 0)
    assert rest(other, items) is None
    assert rest(DOCUMENT, None) is None
    assert rest(DOCUMENT, Items(items.context, ())) is None


def test_all_is_known():
    """Only the feed's own date has changed: nothing is read, and the feed's facts are those of today."""
    before = read(
        rss(item("a"), item("b"), extra="<lastBuildDate>Mon, 02 Nov 2026 10:00:00 GMT</lastBuildDate>")
    )
    now = read(
        rss(item("a"), item("b"), extra="<lastBuildDate>Tue, 03 Nov 2026 10:00:00 GMT</lastBuildDate>"),
        settled(before),
    )
    assert (now.posts, len(now.known)) == ((), 2)
    assert now.info.updated - before.info.updated == timedelta(days=1)


TWO = rss(item("a"), item("b"))
TOMBSTONE = b"<at:deleted-entry xmlns:at='http://purl.org/atompub/tombstones/1.0' ref='x'/>"


def ending(with_it):
    """The document of two with something before the end of its channel."""
    return TWO.replace(b"</channel>", with_it + b"</channel>")


def third(start="<item>", end="</item>", **said):
    """The document of two and a third item."""
    return rss(item("a"), item("b"), item("c", **said).replace("<item>", start).replace("</item>", end))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (rss(item("a"), item("b"), title="Another title"), "what the feed says of itself"),
        (ending(b"<managingEditor>E</managingEditor>"), "what the feed says of itself"),
        (third(guid="tag:a.example,2026:a"), "the id or the link"),
        (third(link="https://a.example/a"), "the id or the link"),
        (rss(item("a"), item("b"), item("a")), "twice"),
        (ending(b"&nbsp;"), "not well-formed"),
        (b"<!DOCTYPE rss>" + TWO.partition(b"?>")[2], "document type"),
        (TWO.replace(b"</rss>", b"<item><title>T</title></item></rss>"), "unusual place"),
        (ending(b"<item/>"), "an empty item"),
        (third(end="<p:x xmlns:p='urn:p'><entry/></p:x></item>"), "items inside items"),
        (ending(TOMBSTONE), "tombstones"),
        (ending(b"</channel><channel>" + item("c").encode()), "unusual place"),
        (third(start="<item><x:y xmlns:x='urn:1'/><x:y xmlns:x='urn:2'/>"), "prefix"),
    ],
)
def test_where_there_is_a_doubt_all_is_read(changed, why):
    """And it is said why."""
    known = settled(read(TWO))
    reading = read(changed, known)
    assert reading.known == ()
    assert why in reading.whole
    assert replace(reading, whole="") == read(changed)


@pytest.mark.parametrize(
    "other",
    [
        {"body": DOCUMENT.replace(b"<rss ", b"<rss xml:base='https://b.example/' ")},
        {"body": DOCUMENT.replace(b"<rss ", b"<rss xml:lang='fr' ")},
        {"body": DOCUMENT.replace(b"<channel>", b"<channel xmlns:z='urn:z'>")},
        {"body": DOCUMENT, "url": "https://elsewhere.example/feed.xml"},
    ],
)
def test_what_items_inherit_is_part_of_them(other):
    """A base, a language, a namespace from around them, or the place that they came from."""
    known = settled(read(DOCUMENT))
    assert len(read(DOCUMENT, known).known) == 5
    assert read(other.pop("body"), known, **other).known == ()


def test_another_definition_of_the_source():
    """Rules and settings decide what becomes of an item."""
    known = settled(read(DOCUMENT))
    holder = replace(lease(filled=True), items=known)
    edited = replace(holder, source=replace(holder.source, definition="edited"))
    assert len(pipeline.read(holder, fetched(DOCUMENT), NOW, SITE).known) == 5
    assert pipeline.read(edited, fetched(DOCUMENT), NOW, SITE).known == ()


def test_what_is_dated_in_the_future_is_looked_at_again():
    """Its date will be believed tomorrow, or be another one."""
    reading = read(rss(item("a"), item("b", date="Sun, 01 Nov 2099 10:00:00 GMT"), item("c", date=None)))
    assert [one.position for one in reading.items.items] == [0, 2]


def test_undated_entries_keep_their_order_among_the_known():
    """An entry without a date is a second older than the undated one before it, read or not."""
    body = rss(*(item(f"n{n}", date=None) for n in range(4)), item("dated"))
    whole = read(body)
    same(whole, read(body, settled(whole, lambda one: one.position in (0, 1, 4))))


def test_an_entry_that_cannot_be_read_is_told_of_at_every_poll():
    """It is never settled."""
    body = rss(item("a"), "<item></item>", item("b"))
    whole = read(body)
    part = read(body, settled(whole))
    assert [entry.position for entry in part.unread] == [1]
    same(whole, part)


def test_of_many_posts_the_newest_have_bands():
    """Known items count among them."""
    text = "".join(f"<p>Sentence {n} of a text that is long enough to be looked for.</p>" for n in range(5))
    dates = ("Tue, 03 Nov 2026", "Sun, 01 Nov 2026")
    body = rss(*(item(f"n{n}", text=text, date=f"{dates[n % 2]} 10:00:00 GMT") for n in range(300)))
    whole = read(body)
    part = read(body, settled(whole, lambda one: one.position % 3 > 0))
    assert {bool(post.bands) for post in part.posts} == {True, False}
    same(whole, part)


def corpus():
    """Our own documents, and those that other projects have collected."""
    ours = (path for path in DATA.iterdir() if path.suffix != ".json")
    theirs = (path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".md")
    return chain(sorted(ours), sorted(theirs))


def test_every_document_of_the_corpus():
    """Whichever items of a document are known, the others are read as they are in the whole of it."""
    spared = 0
    for number, path in enumerate(corpus()):
        body = Fetched(
            path.read_bytes(),
            mimetypes.guess_type(path.name)[0] or "application/xml",
            Url("https://a.example/feed.xml"),
            Validators(),
            Hints(),
        )
        whole = read(body)
        if isinstance(whole, Unreadable) or whole.items is None or not whole.items.items:
            continue
        part = read(body, settled(whole, lambda one, rest=number % 2: one.position % 2 == rest))
        assert isinstance(part, Reading)
        spared += len(part.known)
        try:
            same(whole, part)
        except AssertionError as difference:
            raise AssertionError(path) from difference
    assert spared > 5
