"""Shell. Posts per day as a small picture: SVG in the page, with words for who sees none. Does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

DAYS = 30
_STEP, _BAR, _HEIGHT = 4, 3, 24
_SVG = Markup(
    '<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="posts: {words}" '
    'preserveAspectRatio="none"><title>posts: {words}</title>{bars}</svg>'
)
_RECT = Markup('<rect x="{x}" y="{y}" width="{width}" height="{height}"/>')


@dataclass(frozen=True, slots=True)
class Plot:
    """The picture ("" where there is nothing to see), and what it shows in words."""

    picture: Markup
    words: str


def plot(posts: Mapping[date, int], today: date) -> Plot:
    """A bar for each of the last `DAYS` days, today last; days without posts keep a line at the bottom."""
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    counts = [posts.get(day, 0) for day in days]
    most, words = max(counts), _words(counts, days)
    if not most:
        return Plot(Markup(""), words)
    bars = Markup().join(
        _RECT.format(x=n * _STEP, y=_HEIGHT - height, width=_BAR, height=height)
        for n, height in enumerate(_height(count, most) for count in counts)
    )
    return Plot(_SVG.format(width=DAYS * _STEP, height=_HEIGHT, words=words, bars=bars), words)


def _height(count: int, most: int) -> int:
    return max(2, round(_HEIGHT * count / most)) if count else 1


def _words(counts: list[int], days: list[date]) -> str:
    total, most = sum(counts), max(counts)
    if not total:
        return f"none in {DAYS} days"
    busiest = days[len(counts) - 1 - counts[::-1].index(most)]
    return f"{total} in {DAYS} days, at most {most} a day ({busiest.isoformat()})"
