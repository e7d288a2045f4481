"""Feeds that are made for measuring: of a blog's usual size, always the same for the same number.

Seven of ten are RSS 2.0 with the whole text in `content:encoded`, the others Atom; one of five is Chinese.
Each new version has some entries more at its top, and as many fewer at its end.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape

ENTRIES = 30
_LETTERS = random.Random("words")
LATIN = [
    "".join(
        _LETTERS.choice("bcdfghklmnprstvz") + _LETTERS.choice("aeiou") for _ in range(_LETTERS.randint(1, 4))
    )
    for _ in range(4000)
]
HAN = [chr(0x4E00 + n) for n in range(3000)]
START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@cache
def _text(number: int, n: int, chinese: bool) -> tuple[str, str]:
    """Title and about 4 KB of HTML; no two texts are like each other."""
    rng = random.Random(f"{number} {n}")

    def words(count: int) -> str:
        if chinese:
            return "".join(rng.choices(HAN, k=2 * count))
        return " ".join(rng.choices(LATIN, k=count)).capitalize()

    def paragraph() -> str:
        link = f'<a href="/{rng.choice(LATIN)}/{rng.randrange(999)}?ref={rng.randrange(99)}">{words(3)}</a>'
        return f"<p>{words(38)}. {link} {words(32)}; <em>{words(4)}</em> &amp; <b>{words(2)}</b>.</p>"

    told = "".join(paragraph() for _ in range(7))
    return words(7), f'{told}<img src="/i/{n}.jpg" alt="{words(2)}">'


def feed(number: int, version: int = 0, entries: int = ENTRIES) -> bytes:
    """The document of feed `number` with the entries from `version` on, newest first."""
    atom, chinese = number % 10 in (2, 5, 8), number % 5 == 4
    told = [_entry(number, n, chinese, atom) for n in range(version + entries - 1, version - 1, -1)]
    home, built = f"https://blog{number}.example/", START + HOUR * version
    if atom:
        head = (
            '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
            f'<title>Blog {number}</title><link href="{home}"/><link rel="self" href="{home}feed"/>'
            f"<id>{home}</id><updated>{built.isoformat()}</updated><author><name>A {number}</name></author>"
        )
        return (head + "".join(told) + "</feed>").encode()
    head = (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Blog {number}</title><link>{home}</link><description>Of {number}</description>"
        f"<language>en</language><lastBuildDate>{format_datetime(built)}</lastBuildDate>"
    )
    return (head + "".join(told) + "</channel></rss>").encode()


def _entry(number: int, n: int, chinese: bool, atom: bool) -> str:
    title, body = _text(number, n, chinese)
    link = f"https://blog{number}.example/{n}/post"
    at = START + HOUR * (n - 60) + timedelta(minutes=number % 60)
    if atom:
        return (
            f'<entry><title>{escape(title)}</title><link rel="alternate" href="{link}"/>'
            f"<id>tag:blog{number}.example,2026:{n}</id><published>{at.isoformat()}</published>"
            f"<updated>{at.isoformat()}</updated><category term='{LATIN[n % len(LATIN)]}'/>"
            f'<content type="html">{escape(body)}</content></entry>'
        )
    return (
        f"<item><title>{escape(title)}</title><link>{link}</link>"
        f"<guid isPermaLink='false'>{number}-{n}</guid>"
        f"<pubDate>{format_datetime(at)}</pubDate><dc:creator>A {number}</dc:creator>"
        f"<category>{LATIN[n % len(LATIN)]}</category><description>{escape(title)} in short.</description>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded></item>"
    )
