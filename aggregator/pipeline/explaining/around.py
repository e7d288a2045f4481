"""Pure. What an answer is worked out from: the file, and what the store has.

Sources are named so that none is given away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from aggregator.model import Config, Findings, Memory, Slug, Source, SourceStatus, Url
from aggregator.normalize.origin import reveals
from aggregator.syntax import urls


class Around:
    """Looks things up; changes nothing."""

    def __init__(self, config: Config, findings: Findings) -> None:
        self.config, self.findings = config, findings
        self._sources = {source.url: source for source in config.sources}
        self._statuses = {status.url: status for status in findings.sources}
        self._titles = {category.slug: category.title for category in findings.categories}

    def source(self, url: Url) -> Source | None:
        """A source as the file has it now; None where it is out of it."""
        return self._sources.get(url)

    def status(self, url: Url) -> SourceStatus | None:
        """What the store knows of a source; None where it has never seen it."""
        return self._statuses.get(url)

    def urls(self) -> Iterable[Url]:
        """Of every source, those of the file first."""
        return {**self._sources, **self._statuses}

    def name(self, url: Url) -> str:
        """How people are told of a source. The URL of a removed one may have been confidential."""
        source, status = self.source(url), self.status(url)
        if source is not None:
            return (status.memory if status else Memory()).name_of(source)
        title = status.memory.info.title if status and status.memory.info else ""
        return f"a removed source: {title or 'one that was never read'}"

    def title(self, slug: Slug) -> str:
        """Of a category."""
        return self._titles.get(slug, slug)

    def position(self, url: Url) -> int:
        """The place of a source in the file; one that is not in it comes last."""
        source = self.source(url)
        return len(self._sources) if source is None else source.position

    def hides(self, text: str, url: Url) -> bool:
        """Whether a text is the URL of a source that nobody may see, or of one that is not known any more."""
        source = self.source(url) or Source(url, confidential=True)
        return reveals(text, source)

    def asked_for(self, text: str) -> Url | None:
        """The source that a text is the URL of: as in the file, a former one, or where it has moved to."""
        wanted = urls.key(text)
        for url in self.urls():
            source, status = self.source(url), self.status(url)
            known = (url, source.was if source else "", status.memory.adopted if status else "")
            if any(one == text or (bool(wanted) and urls.key(one) == wanted) for one in known if one):
                return url
        return None


def when(moment: datetime) -> str:
    """A moment for people: UTC, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def span(length: timedelta) -> str:
    """A duration as the file writes it, in the largest unit that fits: `365d`, `90s`."""
    seconds = int(length.total_seconds())
    for unit, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"
