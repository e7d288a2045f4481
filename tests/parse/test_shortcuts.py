"""The shorter way through feedparser's strict parser, held against the long one."""

import random
from itertools import product
from pathlib import Path

import pytest
from feedparser.api import StrictFeedParser

from aggregator.parse import feed
from aggregator.parse.charset import clean
from aggregator.parse.hooks import Hooks
from aggregator.parse.tombstones import Tombstones

DATA = Path(__file__).parent / "data"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
BASE = "https://a.example/feed.xml"


class Long(Tombstones, Hooks, StrictFeedParser):
    """Without shortcuts: whatever happens goes through `xml.sax` and feedparser."""

    def element_starts(self, name, attributes):
        self.starts_otherwise(name, attributes)

    def element_ends(self, name):
        self.ends_otherwise(name)

    def text_comes(self, text):
        self.characters(text)


def said(kind, text, base=BASE):
    """All that a parser brings home, in its order."""
    parser = kind(base, None, "utf-8")
    feed._settle(parser)
    fault = feed._read_strictly(parser, text.encode("utf-8", "replace"))
    return repr((fault, feed._finish(parser, None), parser.baseuri, parser.lang, parser.depth))


def same(text, base=BASE):
    """Hold both ways against each other; what they said."""
    long = said(Long, text, base)
    assert said(feed._Strict, text, base) == long
    return long


def documents():
    """Our own, and those that other projects have collected."""
    yield from sorted(path for path in DATA.iterdir() if path.suffix != ".json")
    yield from sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".md")


def test_every_document():
    """Also without a base, as documents of confidential sources are read."""
    read = 0
    for path in documents():
        text = clean(path.read_bytes(), "").text
        if not text.startswith("<"):
            continue
        read += "title" in same(text)
        same(text, "")
    assert read > 10


HEADS = {
    "rss": ("<rss version='2.0' {}><channel><title>F</title>", "item", "</channel></rss>"),
    "atom": ("<feed xmlns='http://www.w3.org/2005/Atom' {}><title>F</title>", "entry", "</feed>"),
    "rdf": (
        "<r:RDF xmlns='http://purl.org/rss/1.0/' xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' {}>"
        "<channel><title>F</title></channel>",
        "item",
        "</r:RDF>",
    ),
}
NAMESPACES = (
    "xmlns:c='http://purl.org/rss/1.0/modules/content/' xmlns:d='http://purl.org/dc/elements/1.1/' "
    "xmlns:dcterms='http://purl.org/dc/terms/' xmlns:m='http://search.yahoo.com/mrss/' xmlns:o='urn:other' "
    "xmlns:i='http://www.itunes.com/dtds/podcast-1.0.dtd' xmlns:s='http://www.w3.org/2000/svg' "
    "xmlns:h='http://www.w3.org/1999/xhtml' xmlns:at='http://purl.org/atompub/tombstones/1.0'"
)
PIECES = (
    "<title>Caf\u00c3\u00a9 \x93x\x94 &lt;b>x&lt;/b></title>",
    "<title type='html'>&lt;i>a&lt;/i></title>",
    "<link>https://a.example/1?a=1&amp;amp;b=2&amp;c;</link>",
    "<link>/1</link>",
    "<link rel='ALTERNATE' href='x' Title='T'/>",
    "<link rel='enclosure' type='Audio/MPEG' href='/x.mp3' length='3'/>",
    "<guid isPermaLink='FALSE'> g1 </guid>",
    "<id>urn:1</id>",
    "<pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate>",
    "<updated>2026-11-03</updated>",
    "<description>one &amp;amp; two</description>",
    "<description>another</description>",
    "<summary>short</summary>",
    "<content type='xhtml'><h:div>x<h:b>y</h:b><s:svg><s:title>t</s:title></s:svg></h:div></content>",
    "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x <b>y</b></div></content>",
    "<content type='html'>&lt;p>x<br/>inline<div>y</div></content>",
    "<content mode='base64' type='application/octet-stream'>aGVsbG8=</content>",
    "<c:encoded><![CDATA[<p>\u4e2d\u6587</p>]]></c:encoded>",
    "<author>A a@a.example</author>",
    "<author><name>N</name><uri>/n</uri><email>n@a.example</email></author>",
    "<d:creator>C</d:creator>",
    "<dcterms:creator>D</dcterms:creator>",
    "<category term='t' label='l' scheme='s'/>",
    "<category>x</category>",
    "<i:keywords>a, b</i:keywords>",
    "<i:image href='/i.png'/>",
    "<m:content url='/m.mp4' type='video/mp4'><m:title>M</m:title></m:content>",
    "<m:group><m:thumbnail url='/t.png'/></m:group>",
    "<source url='/s.xml'>S</source>",
    "<source><title>S</title><link href='/s'/><id>s</id></source>",
    "<o:thing at='1'>x</o:thing>",
    "<o:other>y</o:other>",
    "<o:none xmlns:o='http://purl.org/dc/elements/1.1/'><o:creator>Z</o:creator></o:none>",
    "<unknown a='1' A='2'>z</unknown>",
    "<image><url>/i.png</url><title>I</title><width>3</width></image>",
    "<textInput><title>T</title><name>q</name></textInput>",
    "<image><hour>1</hour><title>after it</title></image>",
    "<textInput><hour>1</hour><name>after it</name></textInput>",
    "<s:svg><s:title>t</s:title></s:svg>",
    "<title xml:lang='fr' xml:base='/deep/'>Titre</title>",
    "<enclosure url='/e.mp3' length='0' type='AUDIO/x'/>",
    "<at:deleted-entry ref='r' when='2026'><at:comment>c</at:comment></at:deleted-entry>",
    "<language>en_US</language>",
    "<comments>/c</comments>",
    "text",
)


def document(kind, pieces, feeds=""):
    """A feed with these pieces in its only item, and others around it."""
    head, item, end = HEADS[kind]
    return f"{head.format(NAMESPACES)}{feeds}<{item}>{''.join(pieces)}</{item}><{item}/>{end}"


@pytest.mark.parametrize("kind", HEADS)
def test_every_pair_of_elements(kind):
    """What one element leaves behind, the next one finds."""
    for pair in product(PIECES, PIECES):
        same(document(kind, pair))


@pytest.mark.parametrize("kind", HEADS)
def test_many_elements_together(kind):
    """In the feed and in the item; the same at every run."""
    chance = random.Random(kind)
    for _ in range(150):
        inside, around = (chance.choices(PIECES, k=chance.randrange(9)) for _ in range(2))
        same(document(kind, inside, "".join(around)))


def test_broken_off():
    """The fault is in the same words, and what came before it is the same."""
    text = document("rss", PIECES[:9])
    for end in range(0, len(text), 7):
        same(text[:end])
