"""Shell. The admin pages: what the store and the file say, put into words and templates.

A confidential source is named by its label here too, and addressed by a digest: a URL that holds a key would
stay in a browser's history. Whatever a source sent is text and is escaped by the templates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import blake2b

from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator import pipeline
from aggregator.model import Config, Source, SourceStatus, Url
from aggregator.serve.admin import words
from aggregator.serve.admin.desk import Desk
from aggregator.serve.admin.plot import DAYS, Plot, plot

ON_PAGE = 100
"""Sources on one page of the overview."""
NEWEST = 20
"""Posts of a source, and merged stories times five."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A source as the overview shows it."""

    url: Url
    key: str
    name: str
    health: str
    trouble: str  # its last error, or what else is wrong, in words; "" where nothing is
    result: str
    last: str
    next: str
    rhythm: str
    why: str
    posts: int
    found: str  # what the filter looks at


def key(url: str) -> str:
    """What a source is called in the addresses of these pages."""
    return blake2b(url.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def overview(desk: Desk, *, find: str, health: str, page: int) -> str:
    """All sources, those that want attention first."""
    given, now = desk.config(), desk.now()
    statuses = desk.sources.sources()
    by_url = {source.url: source for source in given.sources}
    rows = [_row(by_url.get(one.url), one, now) for one in statuses]
    counts = Counter(row.health for row in rows)
    shown = [
        row
        for row in rows
        if find.casefold() in row.found and (row.health == health or health not in pipeline.HEALTHS)
    ]
    shown.sort(key=lambda row: pipeline.HEALTHS.index(row.health))
    pages = max(1, -(-len(shown) // ON_PAGE))
    page = min(max(page, 1), pages)
    found = len(shown)
    shown = shown[(page - 1) * ON_PAGE : page * ON_PAGE]
    plots = _plots(desk, now, {row.url for row in shown})
    return _page(
        "overview.html",
        desk,
        here="overview",
        rows=[(row, plots[row.url]) for row in shown],
        found=found,
        of=len(rows),
        find=find,
        health=health if health in pipeline.HEALTHS else "",
        counts=[(one, counts[one]) for one in pipeline.HEALTHS if counts[one]],
        page=page,
        pages=pages,
    )


def source(desk: Desk, wanted: str) -> str | None:
    """One source: how it is doing, its last exchanges, its score, its newest posts; None: there is none."""
    given, now = desk.config(), desk.now()
    url = next((url for url in desk.sources.urls() if key(url) == wanted), None)
    status = desk.sources.source(url) if url is not None else None
    if status is None:
        return None
    configured = next((one for one in given.sources if one.url == status.url), None)
    name = words.name(configured, status)
    return _page(
        "source.html",
        desk,
        here="",
        row=_row(configured, status, now),
        plot=_plots(desk, now, {status.url})[status.url],
        title=name,
        url="" if configured is None or configured.confidential else status.url,
        facts=words.facts(configured, status, now),
        exchanges=[words.exchange(one, now) for one in desk.sources.exchanges(status.url)],
        score=[(words.SCORE[field], count) for field, count in asdict(status.memory.score).items()],
        unread=status.unread,
        posts=[
            (one.post.title or one.post.id, one.post.id, words.moment(one.post.published), one.post.dropped)
            for one in desk.finder.of_source(status.url, NEWEST)
        ],
    )


def stories(desk: Desk) -> str:
    """Posts that joined the story of another one, the last to come first, and why they did."""
    given, now = desk.config(), desk.now()
    names = {one.url: words.name(_configured(given, one.url), one) for one in desk.sources.sources()}
    merged = [
        {
            "id": one.id,
            "title": one.title,
            "source": names.get(one.source, ""),
            "founder": one.founder_title,
            "founder_source": names.get(one.founder_source, ""),
            "why": words.joined(one),
            "moment": words.moment(one.first_seen),
            "ago": words.since(now - one.first_seen),
        }
        for one in desk.finder.merged(NEWEST * 5)
    ]
    return _page("stories.html", desk, here="stories", merged=merged)


def explain(desk: Desk, asked: str) -> str:
    """What `aggregator explain` says of a link, an id or a source."""
    answer = desk.explain(asked) if asked else None
    return _page("explain.html", desk, here="explain", asked=asked, answer=answer, moment=words.moment)


def stylesheet() -> str:
    """What the pages ask for beside themselves."""
    text, _, _ = PackageLoader("aggregator.serve.admin").get_source(_environment(), "style.css")
    return text


def _row(configured: Source | None, status: SourceStatus, now: datetime) -> _Row:
    memory, health = status.memory, pipeline.health(configured, status)
    name = words.name(configured, status)
    trouble = words.trouble(configured, status, now)
    labels = " ".join(configured.categories) if configured else ""
    return _Row(
        url=status.url,
        key=key(status.url),
        name=name,
        health=health,
        trouble=trouble,
        result=memory.last_result,
        last=words.ago(memory.last_poll, now),
        next=words.ahead(status, now),
        rhythm=words.rhythm(status),
        why="; ".join(status.due.why) if status.due else words.never(status),
        posts=status.posts,
        found=f"{name} {health} {trouble} {memory.last_result} {labels}".casefold(),
    )


def _plots(desk: Desk, now: datetime, wanted: Set[Url]) -> Mapping[Url, Plot]:
    today = now.date()
    days: dict[Url, dict[date, int]] = {url: {} for url in wanted}
    for one in desk.sources.days(today - timedelta(days=DAYS - 1), wanted):
        days[one.source][one.day] = one.posts
    return {url: plot(posts, today) for url, posts in days.items()}


def _configured(given: Config, url: str) -> Source | None:
    return next((source for source in given.sources if source.url == url), None)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("aggregator.serve.admin"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _page(template: str, desk: Desk, **values: object) -> str:
    standing = desk.standing()
    file = {"standing": standing, "stands_since": words.moment(standing.since)}
    return _environment().get_template(template).render(values, site=desk.config().site, **file)
