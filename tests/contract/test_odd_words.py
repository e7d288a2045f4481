"""What sources may say and databases may refuse: it is stored, or left out, alike on each of them.

PostgreSQL knows no NUL, no half a character, and no index entry above 2,704 bytes; SQLite takes nearly all.
"""

import json
import random
import string
from dataclasses import replace
from html import escape

import pytest

from aggregator import pipeline
from aggregator.fetch import response
from aggregator.model import (
    Committed,
    Errand,
    Exchange,
    Lookup,
    New,
    NewCategory,
    Unchanged,
    UnreadEntry,
    Url,
)
from aggregator.pipeline import articles
from tests.contract.made import HOUR, NOW, SECOND, A, B, outcome, post, source

_LETTERS = random.Random(7)
LONG = "".join(_LETTERS.choices(string.ascii_letters + string.digits, k=6000))
"""Which no compression makes short enough for an index."""
HALF, NUL = "\ud83d", "\0"


def rss(**said):
    """A document with one item; what is said of it is escaped twice, as titles in HTML are."""
    fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in said.items())
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>{LONG}</title><ttl>{9**40}</ttl>"
        f"<link>https://a.example/</link><item>{fields}</item></channel></rss>"
    ).encode("utf-8", "surrogatepass")


def atom(text):
    """The same in Atom, with a text in every field."""
    said = escape(text, quote=True)
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><id>{said}</id><title type='html'>{said}</title>"
        f"<link rel='hub' href='https://hub.example/{said}'/><link rel='self' href='{said}'/>"
        f"<entry><id>{said}</id><title>{said}</title><author><name>{said}</name><uri>{said}</uri></author>"
        f"<category term='{said}'/><link href='https://a.example/{said}'/><updated>9999-12-31T23:59:59-12:00"
        f"</updated><link rel='enclosure' length='{9**30}' href='https://a.example/{said}.mp3'/>"
        f"<content type='html'>{said}</content></entry></feed>"
    ).encode("utf-8", "surrogatepass")


def json_feed(text):
    """The same as JSON, whose escapes can say anything."""
    item = {
        "id": text,
        "title": text,
        "url": f"https://a.example/{text}",
        "content_html": f"<p>{text}</p>",
        "tags": [text],
        "authors": [{"name": text, "url": text}],
        "date_published": "0001-01-01T00:00:00+14:00",
        "attachments": [{"url": "https://a.example/1", "mime_type": text, "size_in_bytes": 10**30}],
    }
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": text, "items": [item]}
    ).encode()


BODIES = {
    "rss, long": rss(title=LONG, guid=LONG, link=f"https://a.example/{LONG[:4000]}", category=LONG),
    "rss, long guid": rss(title="t", guid=LONG, author=LONG, pubDate="Mon, 31 Dec 9999 23:59:59 -1200"),
    "rss, references": rss(title="a&#0;b&#xD83D;c", guid="a\0b", description="<p>&#0;&#xDC00;x</p>"),
    "rss, raw": rss(title=f"a{HALF}b", guid=f"{NUL}g{HALF}", category=f"c{NUL}{HALF}"),
    "atom, long": atom(LONG),
    "atom, odd": atom(f"a&#0;{HALF}b&#xDFFF;"),
    "json, long": json_feed(LONG),
    "json, odd": json_feed(f"a{NUL}b{HALF}c\udc00\ud800"),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_a_body_holds_is_stored(world, name):
    """Its entry becomes a post, which comes back as it was, and is the same one the next time."""
    templated = source(categories=("{term}", "{author}"), tags=("{term}",))
    given = world.sync(templated)
    fields = [
        (b"etag", b'"\xff\x80' + LONG[:3000].encode() + b'"'),
        (b"last-modified", b"\xed\xa0\x80"),
        (b"link", b"<https://hub.example/\xff>; rel=hub, <" + LONG.encode() + b">; rel=self"),
        (b"content-type", b"text/\xff;charset=\xed\xa0\x80"),
        (b"retry-after", b"9" * 40),
        (b"cache-control", b"max-age=" + b"9" * 40),
    ]
    said = []
    for number in range(2):
        now = NOW + number * 1000 * HOUR
        (lease,) = world.store.polls.lease_due(now, 9)
        head = response.Head(200, fields)
        fetched = response.fetched(head, BODIES[name], response.Asked(Url(A), conditional=False, now=now))
        fetched = replace(fetched, body=fetched.body + b"\n" * number)  # or nobody would read it again
        reading = pipeline.read(lease, fetched, now, world.store.posts.identity())
        known = world.store.polls.known(pipeline.lookup(lease, reading, now))
        decided = pipeline.decide(lease, fetched, reading, known, given.polling, now)
        assert isinstance(world.store.polls.commit([decided], now)[0], Committed)
        said += decided.verdicts
    assert [type(verdict) for verdict in said] == [New, Unchanged]
    (story,) = world.store.posts.newest(None, 9)
    made, (stored,) = said[0].post, story.members
    for field in ("title", "guid", "link", "content", "summary", "authors", "enclosures", "published"):
        assert getattr(stored, field) == getattr(made, field)


def test_a_host_whose_name_no_dns_has_is_no_host(world):
    """A redirect may lead to one; what is leased and ended since is as if it had led nowhere."""
    world.sync(source())
    lease = world.lease()[A]
    elsewhere = replace(lease.memory, leads_to=f"https://{LONG}.example/", answered_by=f"https://{LONG}/")
    assert world.store.polls.commit([outcome(lease, memory=elsewhere)], NOW) == [Committed(frozenset())]
    assert A in world.lease(NOW + 24 * HOUR)


def test_what_is_long_is_kept_whole(world):
    """In every column that a source has a say in."""
    world.sync(source(), source(B))
    odd = post("one", guid=LONG, title=LONG, link=f"https://a.example/{LONG}", summary=LONG, content=LONG)
    label = NewCategory("made", LONG[:100], LONG[:100].lower(), A)
    errand = Errand(
        "article", Url("https://a.example/" + LONG[: articles.LONGEST_URL - 18]), NOW, post=odd.id
    )
    said = world.poll(
        A,
        New(odd),
        categories=(label,),
        errands=(errand,),
        unread=(UnreadEntry(1, LONG),),
        exchange=Exchange(NOW, 200, 2**62, HOUR, LONG),
    )
    assert isinstance(said, Committed)
    (known,) = world.store.polls.known(Lookup(A, frozenset(odd.keys[:1]))).by_key[odd.keys[0]]
    assert known.guid == LONG
    (lease,) = (lease for lease in world.store.polls.lease_due(NOW + SECOND, 9) if lease.errand)
    assert lease.errand.url == errand.url
