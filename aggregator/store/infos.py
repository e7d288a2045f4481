"""Shell. What sources say of themselves: their titles and homes, for the documents that name every source.

It stands in their memories, which polls write. Of those only the texts are looked at each time, and taken
apart again where they have changed.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from aggregator.model import Source, SourceInfo, Url
from aggregator.store.memories import MEMORY
from aggregator.store.tables import sources

_AT_ONCE = 500
"""Memories that are held at once: those of all sources are tens of megabytes."""
_MEMORIES = sa.select(sources.c.url, sources.c.memory).execution_options(yield_per=_AT_ONCE)


class Infos:
    """What was read last, and of which texts. Two threads may read at once; the last one is remembered."""

    def __init__(self) -> None:
        self._seen: Mapping[Url, tuple[int, SourceInfo | None]] = {}  # texts as their hash alone
        self._infos: Mapping[Url, SourceInfo] = {}

    def read(self, connection: sa.Connection, configured: Mapping[str, Source]) -> Mapping[Url, SourceInfo]:
        """See `ports.SourceReader.infos`. Of URLs that are `configured` no second copy is kept."""
        before, seen = self._seen, dict[Url, tuple[int, SourceInfo | None]]()
        for row, memory in connection.execute(_MEMORIES):
            url = configured[row].url if row in configured else Url(row)
            text, known = hash(memory), before.get(url)
            seen[url] = known if known is not None and known[0] == text else (text, _info(memory))
        found = {url: info for url, (_, info) in seen.items() if info is not None}
        self._seen = seen
        if found != self._infos:
            self._infos = found
        return self._infos


def _info(memory: str) -> SourceInfo | None:
    info = MEMORY.validate_json(memory).info
    return None if info is None else SourceInfo("", info.title, info.home)
