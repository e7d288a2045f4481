"""Pure. How two configurations differ: what an edit of feeds.yaml does, in values and in one line, and when.

What follows from a difference (who is polled, which documents are rendered) is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from aggregator.config.problems import listed
from aggregator.model import Category, Config, Slug, Source, Url


@dataclass(frozen=True, slots=True)
class Changes:
    """From an old configuration to a new one. False where both say the same."""

    sources_added: tuple[Url, ...] = ()
    sources_removed: tuple[Url, ...] = ()
    sources_edited: tuple[Url, ...] = ()
    categories_added: tuple[Slug, ...] = ()
    categories_removed: tuple[Slug, ...] = ()
    categories_edited: tuple[Slug, ...] = ()
    reordered: bool = False  # feeds or categories stand in another order
    settings: tuple[str, ...] = ()  # other keys that changed and are in force at once: `site.title`
    restart: tuple[str, ...] = ()  # keys that differ and wait for a restart: `store`, `server.listen`

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))

    def summary(self) -> str:
        """One line for the log; names no source, since some are confidential."""
        said = [
            *_counted("source", self.sources_added, self.sources_removed, self.sources_edited),
            *_counted("category", self.categories_added, self.categories_removed, self.categories_edited),
        ]
        if self.reordered:
            said.append("another order")
        if self.settings:
            said.append(f"{listed(self.settings, 'and')} changed")
        if self.restart:
            said.append(f"{listed(self.restart, 'and')} changed, in force after a restart")
        return "; ".join(said) or "nothing changed"


def diff(old: Config, new: Config) -> Changes:
    """What changes from one configuration to the other. Sources are told apart by their URLs alone."""
    before, after = {s.url: s for s in old.sources}, {s.url: s for s in new.sources}
    was, now = {c.slug: c for c in old.categories}, {c.slug: c for c in new.categories}
    live = in_force(old, new)
    waiting = tuple(_keys(live, new, ("server",)))
    return Changes(
        sources_added=tuple(url for url in after if url not in before),
        sources_removed=tuple(url for url in before if url not in after),
        sources_edited=tuple(u for u in after if u in before and _edited(before[u], after[u])),
        categories_added=tuple(slug for slug in now if slug not in was),
        categories_removed=tuple(slug for slug in was if slug not in now),
        categories_edited=tuple(slug for slug in now if slug in was and now[slug] != was[slug]),
        reordered=_common(before, after) != _common(after, before) or _common(was, now) != _common(now, was),
        settings=tuple(_keys(old, live, ("site", "polling", "output"))),
        restart=(("store",) if live.store != new.store else ()) + waiting,
    )


def in_force(old: Config, new: Config) -> Config:
    """The new configuration as far as it holds before a restart: what cannot change live is the old one's.

    That is what the process has open: the store and the listeners. While `site.url` is
    only where we listen, and `site.contact` only that URL, they stay true by staying too. A URL that the
    file gives in so many words as where it will listen is no different from that.
    """
    site = new.site
    if site.url == new.server.reached:
        url = old.server.reached or old.site.url
        site = replace(site, url=url, contact=url if site.contact == site.url else site.contact)
    return replace(new, store=old.store, server=old.server, site=site)


def _keys(old: Config, new: Config, parts: Iterable[str]) -> Iterator[str]:
    """What differs, as the file names it; what only follows from another key is left out."""
    for part in parts:
        before, after = getattr(old, part), getattr(new, part)
        for name in (f.name for f in fields(before) if f.name != "reached"):
            if getattr(before, name) != getattr(after, name):
                yield f"{part}.{name}"


def _edited(old: Source, new: Source) -> bool:
    """Rules carry their place in the file in their names; that a place moved is no edit."""
    if old == new:
        return False
    return _placeless(old) != _placeless(new)


def _placeless(source: Source) -> Source:
    return replace(source, position=0, rules=tuple(replace(rule, name="") for rule in source.rules))


def _common(these: dict[Url, Source] | dict[Slug, Category], those: object) -> list[str]:
    known = those if isinstance(those, dict) else {}
    return [key for key in these if key in known]


def _counted(
    noun: str, added: tuple[str, ...], removed: tuple[str, ...], edited: tuple[str, ...]
) -> list[str]:
    plural = f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"
    groups = ((added, "added"), (removed, "removed"), (edited, "edited"))
    return [f"{len(g)} {noun if len(g) == 1 else plural} {verb}" for g, verb in groups if g]
