"""Values for the contract tests, with only what a test cares about said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.model import (
    Category,
    Config,
    Due,
    Label,
    Polling,
    PollOutcome,
    Post,
    Source,
    SourceInfo,
)

NOW = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
A, B, C = (f"https://{name}.example/feed" for name in "abc")


def source(url=A, **said):
    """A source whose definition is 'd' unless said otherwise."""
    return Source(url, **{"definition": "d", "categories": ("news",), **said})


def config(*sources, categories=("news", "world"), polling=None, **said):
    """A configuration of these sources, in this order; categories by slug, or as values.

    Exchanges may take so long that no lease expires before a test is over.
    """
    return Config(
        categories=tuple(c if isinstance(c, Category) else Category(c, c.title()) for c in categories),
        sources=tuple(replace(s, position=n) for n, s in enumerate(sources)),
        polling=replace(polling or Polling(), timeout=timedelta(days=30)),
        **said,
    )


def post(name, url=A, minutes=0, categories=("news",), keys=None, **said):
    """A post named `name` of the source at `url`, published so many minutes after NOW minus a day."""
    when = NOW - timedelta(days=1) + timedelta(minutes=minutes)
    return Post(
        **{
            "id": f"tag:example,2026:{name}",
            "source": url,
            "guid": name,
            "title": name.title(),
            "link": f"https://example.org/{name}",
            "published": when,
            "updated": when,
            "first_seen": NOW,
            "origin": SourceInfo(url, "A title"),
            "slug": name,
            "labels": tuple(Label(c) for c in categories),
            "categories": categories,
            "keys": (f"g1:{url} {name}", f"u1:example.org/{name}") if keys is None else keys,
            "digest": f"digest of {name}",
            **said,
        }
    )


def outcome(lease, *verdicts, at=NOW, due=HOUR, memory=None, **said):
    """What a poll at `at` came to, due again after `due`."""
    memory = memory or replace(lease.memory, last_poll=at, last_success=at, last_result="made")
    return PollOutcome(lease, at, Due(at + due, ("made",)), memory, verdicts, **said)
