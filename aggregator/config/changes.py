"""Pure. How two configurations differ: what an edit of feeds.yaml does, in values and in one line, and when.

What follows from a difference (who is polled, which documents are rendered) is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from aggregator.config.problems import listed
from aggregator.model import Category, Config, Rule, Slug, Source, Url
from aggregator.syntax.counting import counted

Names = tuple[str, ...]
NAMED = 5
"""Names of one kind that the log line has; the rest are counted."""
LONGEST = 40
"""Characters of a name there."""
_DERIVED = {"position", "definition", "confidential", "path", "rules"}
_WRITTEN = {"categories": "category"}
"""Keys of a source that the file writes otherwise."""


@dataclass(frozen=True, slots=True)
class Changes:
    """From an old configuration to a new one. False where both say the same."""

    sources_added: tuple[Url, ...] = ()
    sources_removed: tuple[Url, ...] = ()
    sources_edited: tuple[Url, ...] = ()
    categories_added: tuple[Slug, ...] = ()
    categories_removed: tuple[Slug, ...] = ()
    categories_edited: tuple[Slug, ...] = ()
    keys: tuple[str, ...] = ()  # of the edited sources, without their rules: `every`
    categories_keys: tuple[str, ...] = ()  # of the edited categories: `news.title`
    rules_added: tuple[str, ...] = ()  # by their place in the file: `rules.0`
    rules_removed: tuple[str, ...] = ()
    rules_edited: tuple[str, ...] = ()
    reordered: bool = False  # feeds or categories stand in another order
    settings: tuple[str, ...] = ()  # other keys that changed and are in force at once: `site.title`
    restart: tuple[str, ...] = ()  # keys that differ and wait for a restart: `store`, `server.listen`

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))

    def summary(self) -> str:
        """One line for the log, of bounded length; names no source, since some are confidential."""
        said = [
            _counted("source", "added", self.sources_added),
            _counted("source", "removed", self.sources_removed),
            _counted("source", "edited", self.sources_edited, self.keys),
            _counted("rule", "added", self.rules_added, self.rules_added),
            _counted("rule", "removed", self.rules_removed, self.rules_removed),
            _counted("rule", "edited", self.rules_edited, self.rules_edited),
            _counted("category", "added", self.categories_added, self.categories_added),
            _counted("category", "removed", self.categories_removed, self.categories_removed),
            _counted("category", "edited", self.categories_edited, self.categories_keys),
        ]
        said = [part for part in said if part]
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
    edited = [(before[u], s) for u, s in after.items() if u in before and _edited(before[u], s)]
    added, removed, changed = _rules(edited)
    waiting = tuple(_keys(live, new, ("server",)))
    return Changes(
        sources_added=tuple(url for url in after if url not in before),
        sources_removed=tuple(url for url in before if url not in after),
        sources_edited=tuple(new.url for _, new in edited),
        categories_added=tuple(slug for slug in now if slug not in was),
        categories_removed=tuple(slug for slug in was if slug not in now),
        categories_edited=tuple(slug for slug in now if slug in was and now[slug] != was[slug]),
        keys=tuple(dict.fromkeys(key for pair in edited for key in _differing(*pair, _DERIVED))),
        categories_keys=tuple(
            f"{slug}.{key}"
            for slug in now
            if slug in was
            for key in _differing(was[slug], now[slug], {"configured"})
        ),
        rules_added=added,
        rules_removed=removed,
        rules_edited=changed,
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


def _differing(old: Source | Category, new: Source | Category, derived: set[str]) -> Iterator[str]:
    """Which keys of two that are one thing differ, but for those that nobody writes."""
    for name in (f.name for f in fields(new)):
        if name not in derived and getattr(old, name) != getattr(new, name):
            yield _WRITTEN.get(name, name)


def _rules(edited: Iterable[tuple[Source, Source]]) -> tuple[Names, Names, Names]:
    """Names of the rules that were added, removed and edited, in sources that were.

    A rule is known by what it says: what only stands at another place now is none of these. One that says
    something else at its place is edited.
    """
    was, now = dict[str, Rule](), dict[str, Rule]()
    for old, new in edited:
        was |= {rule.name: rule for rule in old.rules}
        now |= {rule.name: rule for rule in new.rules}
    before, after = ({replace(rule, name="") for rule in rules.values()} for rules in (was, now))
    come = [name for name, rule in now.items() if replace(rule, name="") not in before]
    gone = [name for name, rule in was.items() if replace(rule, name="") not in after]
    return (
        tuple(name for name in come if name not in gone),
        tuple(name for name in gone if name not in come),
        tuple(name for name in come if name in gone),
    )


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


def _counted(noun: str, verb: str, group: Names, names: Names = ()) -> str:
    """`2 sources edited (every, tags)`; nothing for none."""
    if not group:
        return ""
    said = f"{counted(len(group), noun)} {verb}"
    return f"{said} ({_some(names)})" if names else said


def _some(names: Names) -> str:
    """The first names, none of them longer than a line has room for, and how many there are besides."""
    shown = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names[:NAMED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
