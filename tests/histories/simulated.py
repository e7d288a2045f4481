"""A source of our own whose feed lives: it grows, is edited, re-dated, reordered, cut short, lost, restored.

Seeded, so that a history can be told again. It knows the truth: which article each entry is, and what a
reader has been shown of it. Each text holds the article's mark, which nothing ever edits, so that posts can
be told apart by what readers see, whatever became of guids, links and titles.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit

from aggregator.model import Fetched, FetchFailed, Hints, NotModified, Validators

URL = "https://feeds.example.org/history.xml"
START = datetime(2026, 3, 1, 6, tzinfo=UTC)
WINDOW = 6
MARK = re.compile(r"Mark (\d+)\.")


@dataclass(frozen=True)
class Article:
    """What a source tells, with what its feed says of it now."""

    number: int
    title: str
    text: str
    path: str
    date: datetime | None
    host: str = "http://blog.example.org"  # "" where `path` is an address elsewhere
    guid: str = ""

    @property
    def link(self):
        return self.host + self.path

    @property
    def seen(self):
        """What a reader sees of it; that a site moves to another host is no edit."""
        place = urlsplit(self.link)
        return self.title, place.path, place.query, self.text


def marked(number, text):
    """A text with the mark of its article."""
    return f"<p>Mark {number}. {text}</p>"


def mark_of(post):
    """The number of the article that a post tells."""
    return int(MARK.search(post.content)[1])


def rss(articles, built):
    """RSS 2.0."""
    items = "".join(
        f"<item><title>{escape(a.title)}</title><link>{escape(a.link)}</link>"
        + (f'<guid isPermaLink="false">{escape(a.guid)}</guid>' if a.guid else "")
        + (f"<pubDate>{format_datetime(a.date)}</pubDate>" if a.date else "")
        + f"<description>{escape(a.text)}</description></item>"
        for a in articles
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>A living feed</title>"
        "<link>http://blog.example.org/</link><description>It lives</description>"
        f"<lastBuildDate>{format_datetime(built)}</lastBuildDate>{items}</channel></rss>"
    ).encode()


def atom(articles, built):
    """Atom 1.0; not valid where an article has no guid, only usual."""
    entries = "".join(
        f"<entry><title>{escape(a.title)}</title><link href='{escape(a.link)}'/>"
        + (f"<id>{escape(a.guid)}</id>" if a.guid else "")
        + (f"<published>{a.date.isoformat()}</published>" if a.date else "")
        + f"<content type='html'>{escape(a.text)}</content></entry>"
        for a in articles
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom'>"
        "<title>A living feed</title><link href='http://blog.example.org/'/><id>urn:x-feed:living</id>"
        f"<updated>{built.isoformat()}</updated>{entries}</feed>"
    ).encode()


def document(articles, at, write=rss):
    """A body as it comes at that time."""
    kind = "application/rss+xml" if write is rss else "application/atom+xml"
    return Fetched(write(articles, at), kind, URL, Validators(f'"{at.isoformat()}"'), Hints())


@dataclass
class Told:
    """What one poll gets, and what a subscriber should notice of it."""

    result: object
    new: set = field(default_factory=set)  # numbers of articles
    edited: set = field(default_factory=set)


class LivingSource:
    """One move at each poll. `rekeys`: now and then all guids change at once, and hosts move with them."""

    def __init__(self, seed, *, rekeys=False):
        self._random = random.Random(seed)
        self._rekeys = rekeys
        self._generation = 0
        self._host = "http://blog.example.org"
        self._write = rss
        self._last = None
        self.articles = []  # oldest first, as they are now
        self.shown = {}  # number -> the article as its feed last showed it
        self.moves = Counter()

    def poll(self, at):
        """What the source answers at that time."""
        moves = {
            self._grow: 24, self._edit: 24, self._redate: 8, self._reorder: 8, self._truncate: 6,
            self._empty: 4, self._restore: 3, self._move_host: 2, self._to_https: 1, self._rewrite: 4,
            self._page: 2, self._fail: 4, self._nothing: 6, self._again: 4, self._rekey: 3 * self._rekeys,
        }  # fmt: skip
        if self._last is None:
            move = self._grow
        else:
            [move] = self._random.choices(list(moves), list(moves.values()))
        self.moves[move.__name__.strip("_")] += 1
        return move(at)

    # --- moves: what is told is either a document, which the truth is worked out for, or nothing new ------

    def _grow(self, at):
        for _ in range(1 if self.articles else WINDOW):
            self.articles.append(self._article(len(self.articles), at))
        return self._deliver(self._window(), at)

    def _edit(self, at):
        """Titles, texts or paths of some articles in the window, some of them back to what they were."""
        window = self._window()
        for article in self._random.sample(window, min(len(window), self._random.randint(1, 2))):
            self._put(self._edited(article))
        return self._deliver(self._window(), at)

    def _redate(self, at):
        """Dates are touched, as after an import, and nothing else."""
        for article in self._window():
            if article.date is not None and self._random.random() < 0.7:
                self._put(replace(article, date=at - timedelta(minutes=self._random.randint(0, 90))))
        return self._deliver(self._window(), at)

    def _reorder(self, at):
        return self._deliver(self._random.sample(self._window(), len(self._window())), at)

    def _truncate(self, at):
        return self._deliver(self._window()[: self._random.randint(1, 4)], at)

    def _empty(self, at):
        return self._deliver([], at)

    def _restore(self, at):
        """Everything that there ever was, at once."""
        return self._deliver(self.articles[::-1], at)

    def _move_host(self, at):
        """The site moves: other links, and guids as they were written once."""
        self._host = f"{self._host.partition('://')[0]}://host{at:%m%d%H}.example.org"
        self._relink()
        return self._deliver(self._window(), at)

    def _to_https(self, at):
        self._host = self._host.replace("http://", "https://")
        self._relink()
        return self._deliver(self._window(), at)

    def _rewrite(self, at):
        """Another program writes the feed from now on."""
        self._write = atom if self._write is rss else rss
        return self._deliver(self._window(), at)

    def _page(self, at):
        page = b"<!doctype html><html><head><title>Maintenance</title></head><body>Soon back</body></html>"
        return Told(Fetched(page, "text/html", URL, Validators(), Hints()))

    def _fail(self, at):
        return Told(FetchFailed("status", "it answered 503", status=503))

    def _nothing(self, at):
        return Told(NotModified(Validators(), Hints()))

    def _again(self, at):
        return Told(self._last)

    def _rekey(self, at):
        """A migration: all guids are new at once, all have one from now on, and perhaps the host moves."""
        self._generation += 1
        if self._random.random() < 0.5:
            self._host = f"https://moved{self._generation}.example.org"
            self._relink()
        self.articles = [
            replace(a, guid=f"urn:x-article:{self._generation}:{a.number}") for a in self.articles
        ]
        return self._deliver(self.articles[::-1] if self._random.random() < 0.3 else self._window(), at)

    # --- articles ----------------------------------------------------------------------------------------

    def _article(self, number, at):
        """Ordinary ones, a weekly column, links to elsewhere without guids, entries of one changelog page."""
        article = Article(
            number,
            title=f"Story {number} of the day",
            text=marked(number, f"As it was told first, at {at:%H:%M}."),
            path=f"/{at:%Y/%m}/story-{number}",
            date=None if number % 7 == 3 else at - timedelta(minutes=number % 50 + 1),
            host=self._host,
            guid=f"urn:x-article:{self._generation}:{number}",
        )
        match number % 10:
            case 4:
                return replace(article, title="Weekly notes")
            case 5 | 6:
                return replace(article, guid=f"{article.link}?p={number}")
            case 7:
                elsewhere = f"http://elsewhere{number}.example.net/page/{number}"
                return replace(
                    article, host="", path=elsewhere, guid=article.guid if self._generation else ""
                )
            case 8:
                return replace(article, path="/changelog")
        return article

    def _edited(self, article):
        number = article.number
        match self._random.randint(0, 3):
            case 0 if number % 10 != 4:
                return replace(article, title=f"Story {number}, version {self._random.randint(2, 4)}")
            case 1 if article.host and number % 10 != 8:
                return replace(article, path=f"/edited/{number}/{self._random.randint(2, 4)}")
            case _:
                return replace(article, text=marked(number, f"Version {self._random.randint(2, 4)} of it."))

    def _window(self):
        return self.articles[: -WINDOW - 1 : -1]

    def _put(self, article):
        self.articles[article.number] = article

    def _relink(self):
        for article in self.articles:
            if article.host:
                self._put(replace(article, host=self._host))
            elif self._host.startswith("https:"):
                self._put(replace(article, path=article.path.replace("http://", "https://")))

    def _deliver(self, articles, at):
        told = Told(document(articles, at, self._write))
        self._last = told.result
        for article in articles:
            before = self.shown.get(article.number)
            if before is None:
                told.new.add(article.number)
            elif before.guid == article.guid and before.seen != article.seen:  # a migration is no edit
                told.edited.add(article.number)
            self.shown[article.number] = article
        return told
