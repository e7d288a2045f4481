"""Shell. What `add` says of the feeds that it has found, on standard error beside what it prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aggregator.daemon.looking import Found
from aggregator.model import Source
from aggregator.pipeline.discovering import Offer, is_about_comments
from aggregator.report.console import aside
from aggregator.syntax.counting import counted


def offers(found: Found) -> None:
    """The feeds that were found, the one that is taken first."""
    several = len(found.offers) > 1
    for number, offer in enumerate(found.offers):
        sign = ("> " if number == 0 else "  ") if several else ""
        aside(f"{sign}{offer.url}: {', '.join(_facts(offer))}")
    for url, why in found.failed:
        aside(f"  {url}: {why}")


def _facts(offer: Offer) -> Iterator[str]:
    reading = offer.reading
    yield reading.info.title or "without a title"
    yield counted(len(reading.posts), "entry")
    if reading.posts:
        yield f"newest {max(post.published for post in reading.posts):%Y-%m-%d}"
    if is_about_comments(offer):
        yield "comments"
    if offer.configured is not None:
        yield "configured already"


def configured_already(source: Source, path: Path) -> None:
    """It is there: nothing is to be done."""
    aside(f"{path} has it already, as feed {source.position + 1}: {source.label}")
