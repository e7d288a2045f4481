"""Sources on loopback whose posts are known, so that it is known what a reader must have got."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from tests.e2e.source import SourceServer

ATOM_TYPE = "application/atom+xml"
FIRST = timedelta(days=3)  # before now, the date of the first post
SOURCES = {
    "wire": "新闻线 & Co.",  # RSS with dc:creator
    "log": "A log of <things>",  # Atom
    "bare": "Nobody signs here",  # RSS without authors: ours must name the source
}


@dataclass
class Item:
    """One post of a source, and what has become of it."""

    id: str
    source: str  # key of SOURCES
    title: str
    text: str
    author: str  # empty: none is named
    published: datetime
    titles: set[str] = field(default_factory=set)
    taken_down: bool = False

    @property
    def number(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def link(self) -> str:
        return f"https://{self.source}.example/{self.number}?a=1&b=2"

    @property
    def enclosure(self) -> str:
        return f"https://{self.source}.example/{self.number}.mp3"

    @property
    def credited(self) -> str:
        """Who a reader should see as its author."""
        return self.author or SOURCES[self.source]


class Play:
    """Adds, changes and serves posts, the same way for the same seed."""

    def __init__(self, origin: SourceServer, seed: int, now: datetime) -> None:
        self.origin, self.items = origin, []  # type: SourceServer, list[Item]
        self._rng, self._began = random.Random(seed), now.astimezone(UTC).replace(microsecond=0) - FIRST
        for source in SOURCES:
            self._add(source)
        self._put()

    @property
    def live(self) -> list[Item]:
        """What is to be seen, newest first."""
        return sorted((one for one in self.items if not one.taken_down), key=lambda one: one.published)[::-1]

    def add(self) -> Item:
        added = self._add(self._rng.choice(sorted(SOURCES)))
        self._put()
        return added

    def change(self) -> Item:
        """Another text, and every second time another title, of a post that is not the newest."""
        one = self._rng.choice(self.live[1:20])
        one.text = f"Changed {len(self.items)} times: {one.text}"
        if self._rng.random() < 0.5:
            one.title = f"{one.title.partition(' (')[0]} ({len(self.items)})"
            one.titles.add(one.title)
        self._put()
        return one

    def choose(self) -> Item:
        """A post to be taken down."""
        return self._rng.choice(self.live[1:30])

    def _add(self, source: str) -> Item:
        number = len(self.items)
        title = (
            f"第{number}条：“{source}” & <b>5 > 4</b>" if source == "wire" else f"Post {number} & <{source}>"
        )
        made = Item(
            id=f"tag:{source}.example,2026:{source}/{number}",
            source=source,
            title=title,
            text=f"Text {number} of {source} — 正文 & <5>",
            author={"wire": "张三", "log": "Ann O’Nym", "bare": ""}[source],
            published=self._began + timedelta(minutes=7 * number),
            titles={title},
        )
        self.items.append(made)
        return made

    def _put(self) -> None:
        for source, title in SOURCES.items():
            own = [one for one in reversed(self.items) if one.source == source]
            write = _atom if source == "log" else _rss
            self.origin.put(f"{source}.xml", write(source, title, own).encode())

    def url(self, source: str) -> str:
        return self.origin.url(f"{source}.xml")


def _html(one: Item) -> str:
    return f"<p>{escape(one.text)}</p>"


def _rss(source: str, title: str, items: list[Item]) -> str:
    written = "".join(
        f"<item><title>{escape(escape(one.title))}</title><link>{escape(one.link)}</link>"
        f"<guid isPermaLink='false'>{one.id}</guid><pubDate>{format_datetime(one.published)}</pubDate>"
        + (f"<dc:creator>{escape(one.author)}</dc:creator>" if one.author else "")
        + f"<enclosure url='{one.enclosure}' type='audio/mpeg' length='1234'/>"
        f"<description>{escape(_html(one))}</description></item>"
        for one in items
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?>"
        "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel>"
        f"<title>{escape(escape(title))}</title><link>https://{source}.example/</link>"
        f"<description>d</description>{written}</channel></rss>"
    )


def _atom(source: str, title: str, items: list[Item]) -> str:
    written = "".join(
        f"<entry><title>{escape(one.title)}</title><id>{one.id}</id>"
        f"<link href='{escape(one.link)}'/><link rel='enclosure' type='audio/mpeg' href='{one.enclosure}'/>"
        f"<published>{one.published.isoformat()}</published><updated>{one.published.isoformat()}</updated>"
        f"<author><name>{escape(one.author)}</name></author>"
        f"<content type='html'>{escape(_html(one))}</content></entry>"
        for one in items
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom'>"
        f"<title>{escape(title)}</title><id>https://{source}.example/</id>"
        f"<link href='https://{source}.example/'/><updated>{items[0].published.isoformat()}</updated>"
        f"{written}</feed>"
    )
