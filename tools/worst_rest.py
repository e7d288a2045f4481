#!/usr/bin/env python3
"""How long reading the rest of a document takes at most: what is read in a thread cannot be killed.

    .venv/bin/python tools/worst_rest.py [--merge]

A document with one known item gets another one, or a head, that is full of one thing: each of many pieces of
markup and text, in each place where it may stand, again and again until the bounds of `parse.bounds` are
reached. Then, for the way to those bounds, the same with items as large as the whole body may be. Prints what
took the longest, in milliseconds of computing.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aggregator import pipeline
from aggregator.model import (
    Fetched,
    Hints,
    Items,
    Lease,
    Memory,
    PostId,
    Reading,
    SiteIdentity,
    Source,
    Url,
    Validators,
    replace,
)
from aggregator.parse import bounds

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SOURCE = Source(Url("https://a.example/feed"), definition="d")
SITE = SiteIdentity("0" * 32, NOW)
HEADS = {
    "item": '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/'
    'dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/'
    'podcast-1.0.dtd" xmlns:georss="http://www.georss.org/georss"><channel><title>t</title>',
    "entry": '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc='
    '"http://purl.org/dc/elements/1.1/"><title>t</title>',
}
TAILS = {"item": "</channel></rss>", "entry": "</feed>"}
KNOWN = "<title>known</title><link>https://a.example/1</link><guid>g</guid><id>g</id>"
TEXTS = [
    *(
        "<b>",
        "</b>",
        "<p>",
        "<p/>",
        "<div>",
        "<i><b>",
        "<a href='x'>",
        "<a><b></a></b>",
        "<table><tr>",
        "<td>",
    ),
    *("<img src=x>", "<img srcset='a 1x, b 2x'>", "<p a=1 b=2 c=3>", "<p style='color:red'>", "<!--", "-->"),
    *("<script>", "<svg>", "<math>", "<style>", "<select>", "<ul><li>", "<plaintext>", "<template>", "<x:y>"),
    *(
        "<a href='http://a/?b=1&c=2'>d</a>",
        "<iframe src='http://a/'>",
        "<?x?>",
        "<!x>",
        "<",
        ">",
        "&",
        "&amp;",
    ),
    *(
        "&#160;",
        "&#x41;",
        "&lt;",
        "x",
        "x ",
        "A. ",
        "0",
        "-",
        ":",
        ".",
        ",",
        "=",
        "/",
        "../",
        "?",
        "%20",
        "%",
    ),
    *("a&b=", "(", "[", '"', "'", "  ", "\n", "\t", "http://a/ ", "a@b.c ", "a@b.c", "Mon, ", "2026-", "中"),
    *("。", "😀", "\u0301", "\u00ad", "\u200b", "\u202e", "\ufdfa", "ß", "İ", "é"),
]
IN_TEXT = [
    *("title", "link", "guid", "id", "description", "summary", "content:encoded", "author", "dc:creator"),
    *("dc:subject", "category", "pubDate", "updated", "published", "media:description", "comments", "source"),
    *("itunes:keywords", "georss:line", "rights", "name", "unknown"),
]
ELEMENTS = [
    *(
        "<x/>",
        "<x></x>",
        "<b xmlns='http://www.w3.org/1999/xhtml'>c</b>",
        "<category>c</category>",
        "<!--c-->",
    ),
    *("<category term='c' scheme='s'/>", "<link>http://a/b</link>", "<link href='x'/>", "<?p i?>"),
    *("<link rel='enclosure' href='http://a/b.mp3'/>", "<enclosure url='http://a/b' length='1' type='a/b'/>"),
    *("<guid>g</guid>", "<title>t</title>", "<description>&lt;p&gt;d</description>", "<![CDATA[x]]>"),
    *("<author>a@b.c (n)</author>", "<author><name>n</name><uri>u</uri></author>", "<comments>c</comments>"),
    *("<pubDate>Mon, 01 Jan 2026 00:00:00 GMT</pubDate>", "<updated>2026-01-01T00:00:00Z</updated>"),
    *("<source url='u'>s</source>", "<source><title>t</title><id>i</id><link href='x'/></source>"),
    *("<content type='html'>&lt;p&gt;c</content>", "<content type='a/b'>Y29udA==</content>"),
    "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>c</p></div></content>",
    *("<media:content url='u'/>", "<media:group><media:content url='u'/></media:group>", "<ttl>1</ttl>"),
    *("<contributor><name>n</name></contributor>", "<image><url>u</url></image>", "<generator uri='u'/>"),
    *("<textinput><title>t</title></textinput>", "<skipHours><hour>1</hour></skipHours>", "<cloud a='b'/>"),
    *(
        "<x xml:base='b/'></x>",
        "<x xml:lang='en'></x>",
        "<x xmlns:n='urn:n'></x>",
        "<n@:x xmlns:n@='u@'/>",
        "<n@/>",
    ),
    "<geo:lat xmlns:geo='http://www.w3.org/2003/01/geo/wgs84_pos#'>1</geo:lat>",
]


def full(piece: str, room: int, tags: int) -> str:
    """As many of a piece as there is room for; each `@` in one is its number."""
    times = max(
        1, min(room // len(piece.encode()), tags // max(piece.count("<"), 1) if "<" in piece else room)
    )
    if "@" in piece and "a@b" not in piece:
        return "".join(piece.replace("@", str(n)) for n in range(times))
    return piece * times


def filled(room: int, tags: int) -> Iterator[tuple[str, str, str, str]]:
    """What is where, what of it is in the head, and what in the new item."""
    for piece in TEXTS:
        text = full(escape(piece, {'"': "&quot;"}), room, tags)
        for name in IN_TEXT:
            yield f"{piece!r} in {name}", "", f"<{name}>{text}</{name}>"
            yield f"{piece!r} in {name} of the head", f"<{name}>{text}</{name}>", ""
        for kind in ("html", "xhtml", "a/b"):
            yield f"{piece!r} as {kind}", "", f'<content type="{kind}">{text}</content>'
        if not re.search(r"]]>|<!", piece):
            cdata = f"<![CDATA[{full(piece, room, tags)}]]>"
            yield (
                f"{piece!r} as it is",
                "",
                f"<description>{cdata}</description><title>{cdata}</title>"[:room],
            )
            yield f"{piece!r} as it is", "", f"<description>{cdata}</description>"
        for element in (f'<link href="{text}"/>', f'<category term="{text}"/>', f'<enclosure url="{text}"/>'):
            yield f"{piece!r} in {element[:12]}", "", element
        yield f"{piece!r} as a base", "", f'<x xml:base="{text}"><link href="a"/><id>b</id></x>'
    for piece in ELEMENTS:
        many = full(piece, room, tags)
        yield f"{piece} in the item", "", many
        yield f"{piece} in the head", many, ""
        xhtml = f"<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>{many}</div></content>"
        yield f"{piece} in its content", "", xhtml
        yield f"{piece} in its title", "", f"<title type='xhtml'>{many}</title>"
    for start, end in (("<x>", "</x>"), ("<x xml:base='b/'>", "</x>"), ("<source>", "</source>")):
        depth = min(room // len(start + end), tags // 2)
        yield f"{start} in {start}", "", start * depth + end * depth
        yield f"{start} in {start} in the head", start * depth + end * depth, ""
    attributes = (f'a{n}="1"' for n in range(room // 10))
    prefixes = (f'xmlns:n{n}="u{n}"' for n in range(bounds.MOST_PREFIXES_OF_REST - 10))
    yield "attributes", "", f"<x {' '.join(attributes)}/>"
    yield "prefixes", "", f"<x {' '.join(prefixes)}/>"


def took(room: int, tags: int, *, compares: bool) -> Iterator[tuple[float, str, bool]]:
    """Milliseconds, of what, and whether it was read to its end."""
    lease = Lease(SOURCE, 0, Memory(), compares=compares)
    for item, head in HEADS.items():
        for what, in_head, in_item in filled(room, tags):
            known, tail = f"<{item}>{KNOWN}</{item}>", TAILS[item]
            before = f"{head}{in_head if room <= bounds.LONGEST_REST else ''}{known}{tail}"
            after = f"{head}{in_head}<{item}><title>new</title>{in_item}</{item}>{known}{tail}"
            body = Fetched(after.encode(), "text/xml", SOURCE.url, Validators(), Hints())
            found = pipeline.read(lease, replace(body, body=before.encode()), NOW, SITE)
            if not isinstance(found, Reading) or not found.items:
                continue  # nothing is known beside such a thing
            items = Items(found.items.context, tuple(replace(i, post=PostId("p")) for i in found.items.items))
            taken: list[float] = []
            while len(taken) < (
                3 if room <= bounds.LONGEST_REST else 2
            ):  # the least: others compute here, too
                began = time.thread_time()
                rest = pipeline.read_rest(replace(lease, items=items), body, NOW, SITE)
                taken.append(time.thread_time() - began)
            yield 1000 * min(taken), f"{item}: {what}", rest is not None


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--merge", action="store_true", help="texts are compared with others")
    compares: bool = parser.parse_args().merge
    for room, tags in (
        (bounds.LONGEST_REST - 1500, bounds.MOST_TAGS_OF_REST - 30),
        (bounds.LONGEST_BODY - 2000, bounds.MOST_TAGS - 30),
    ):
        found = sorted(took(room, tags, compares=compares), reverse=True)
        read = sum(whole for _, _, whole in found)
        print(f"{len(found)} documents of {room:,} bytes in {tags:,} tags, {read} read to their end:")
        for ms, what, whole in found[:8]:
            print(f"  {ms:6.1f} ms  {what}" + ("" if whole else "  (not read)"))


if __name__ == "__main__":
    main()
