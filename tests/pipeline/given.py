"""Small inputs for the whole of the pure core: documents as bytes, leases, what is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from aggregator import pipeline
from aggregator.model import (
    Changed,
    Duplicate,
    Fetched,
    Hints,
    Known,
    KnownPost,
    Lease,
    Memory,
    New,
    Polling,
    SiteIdentity,
    Source,
    Validators,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)
SITE = SiteIdentity("6f0f6b0a-0000-4000-8000-000000000001", NOW - timedelta(days=9))
URL = "https://a.example/feed.xml"
GIVEN = Validators('"v1"', "Mon, 23 Nov 2026 09:00:00 GMT")


def item(name, **said):
    """An RSS item; `date`, `author`, `term`, `link`, `guid` and `text` as wanted, None leaves one out."""
    said = {
        "guid": f"tag:a.example,2026:{name}",
        "link": f"https://a.example/{name}",
        "date": "Tue, 03 Nov 2026 10:00:00 GMT",
        "text": f"<p>Text of {name}</p>",
        **said,
    }
    elements = {
        "title": said.get("title", f"Title {name}"),
        "link": said["link"],
        'guid isPermaLink="false"': said["guid"],
        "pubDate": said["date"],
        "dc:creator": said.get("author"),
        "category": said.get("term"),
        "description": said["text"],
    }
    return "".join(
        f"<{tag}>{escape(value)}</{tag.split()[0]}>" for tag, value in elements.items() if value is not None
    ).join(("<item>", "</item>"))


def rss(*items, title="Feed A", extra=""):
    """A whole RSS 2.0 document of `item`s."""
    return (
        "<?xml version='1.0' encoding='utf-8'?>"
        "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel>"
        f"<title>{title}</title><link>https://a.example/</link><description>d</description>{extra}"
        f"{''.join(items)}</channel></rss>"
    ).encode()


def fetched(body, **said):
    """A body as it comes from the source."""
    return Fetched(
        **{
            "body": body,
            "content_type": "application/rss+xml",
            "url": URL,
            "validators": GIVEN,
            "hints": Hints(),
            **said,
        }
    )


def source(url=URL, **said):
    """A source whose definition is 'd1' unless said otherwise."""
    return Source(url, **{"definition": "d1", "categories": ("news",), **said})


def lease(of=None, **memory):
    """A lease of a source that is remembered so."""
    return Lease(of or source(), 1, Memory(**memory))


def decide(held, result, reading=None, known=None, *, polling=None, now=NOW):
    """`pipeline.decide` with nothing known and the usual polling, unless said otherwise."""
    return pipeline.decide(held, result, reading, known or Known(), polling or Polling(), now)


def poll(held, body, known=None, *, now=NOW):
    """Read a document and decide on it: the reading and the outcome."""
    said = body if isinstance(body, Fetched) else fetched(body)
    reading = pipeline.read(held, said, now, SITE)
    return reading, decide(held, said, reading, known, now=now)


def stored(*outcomes, **said):
    """What a store that has written these outcomes would say to any lookup."""
    by_key, posts = {}, {}
    for outcome in outcomes:
        for verdict in outcome.verdicts:
            if isinstance(verdict, New | Duplicate | Changed):
                posts[verdict.post.id] = (verdict.post, getattr(verdict, "story", verdict.post.id))
    for post, story in posts.values():
        of_post = (name for name in KnownPost.__slots__ if hasattr(post, name))
        known = KnownPost(story=story, **{name: getattr(post, name) for name in of_post})
        for key in post.keys:
            by_key[key] = (*by_key.get(key, ()), known)
    return Known(by_key=by_key, ids=frozenset(posts), **said)


def after(held, outcome):
    """The lease of the poll that follows."""
    return replace(held, token=held.token + 1, memory=outcome.memory)


def kinds(outcome):
    """The names of the verdicts, in order."""
    return [type(verdict).__name__ for verdict in outcome.verdicts]
