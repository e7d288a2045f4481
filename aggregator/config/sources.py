"""Pure. Mentions of feeds in the file -> sources: defaults put in, places merged, order kept.

What a feed's keys mean together with `defaults`, with the category that it is listed under and with its
other mentions is decided here, and so is which sources are confidential.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import blake2b
from json import JSONEncoder
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from aggregator.config import full_text
from aggregator.config.document import Path
from aggregator.config.feed_keys import ConditionKeys, RuleKeys
from aggregator.config.parts import Feed, Parts
from aggregator.config.problems import listed
from aggregator.model import Condition, Republish, Rule, Source, Url

# Made once: `json.dumps` makes one for every text that it is asked for in another form than its own.
_JSON = JSONEncoder(sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Mention:
    """One place of a source, with the keys that hold there (`url` and `category` apart)."""

    feed: Feed
    keys: Mapping[str, Any]
    categories: tuple[str, ...]
    filled: bool  # some value that holds there comes from the environment


def sources(parts: Parts, directory: str) -> tuple[Source, ...]:
    """Every source once, in the order in which the file first names them; problems go into the parts."""
    shared = rules(parts, parts.rules, ("rules",))
    mentions: dict[str, list[_Mention]] = {}
    for feed in parts.feeds:
        mention = _mention(parts, feed)
        known = mentions.setdefault(feed.keys.url, [])
        if not known or _fits(parts, mention, known):
            known.append(mention)
    return tuple(
        _source(parts, url, places, position, shared, directory)
        for position, (url, places) in enumerate(mentions.items())
    )


def rules(parts: Parts, written: tuple[RuleKeys, ...], path: Path) -> tuple[Rule, ...]:
    """Rules as values, named for where they stand; one that says nothing is a problem."""
    return tuple(_rule(parts, keys, (*path, i)) for i, keys in enumerate(written))


def _mention(parts: Parts, feed: Feed) -> _Mention:
    own, shared = feed.keys, parts.defaults
    inherited = shared.model_fields_set - own.model_fields_set
    if feed.category is not None:
        inherited = inherited - {"category"}
    keys = vars(own) | {name: getattr(shared, name) for name in inherited}  # a copy
    del keys["url"], keys["category"]
    named: tuple[str, ...] = shared.category if "category" in inherited else own.category
    if feed.category is not None:
        further = named if "category" in own.model_fields_set else ()
        named = tuple(dict.fromkeys((feed.category, *further)))
    filled = feed.path in parts.filled or any(("defaults", name) in parts.filled for name in inherited)
    return _Mention(feed, keys, named, filled)


def _fits(parts: Parts, mention: _Mention, known: list[_Mention]) -> bool:
    """May this be one more place of a source that has been named before?"""
    path = mention.feed.path
    first = parts.at(*known[0].feed.path)[0] + 1
    if any(path[:-1] == other.feed.path[:-1] for other in known):
        parts.wrong(path, f"this feed is already in this list, at line {first}; delete one of them")
        return False
    differing = [
        name
        for name, value in known[0].keys.items()
        if mention.keys[name] != value and not parts.unsure("defaults", name)
    ]
    if differing:
        parts.wrong(
            path,
            f"this feed is also at line {first}, with another {listed(differing, 'and')}; "
            "one source has the same keys wherever it stands",
        )
    return not differing


def _source(
    parts: Parts, url: str, places: list[_Mention], position: int, shared: tuple[Rule, ...], directory: str
) -> Source:
    first = places[0]
    keys = first.keys
    if keys["was"] == url:
        parts.wrong((*first.feed.path, "was"), "was: this is the feed's own URL; write its former one")
    is_file = url.startswith("file:")
    confidential = (
        keys["private"]
        or is_file
        or any(p.filled for p in places)
        or ("@" in url and urlsplit(url).username is not None)
    )
    # Rules that come from `defaults` are named for it.
    own_rules = "rules" in first.feed.keys.model_fields_set
    where: Path = (*first.feed.path, "rules") if own_rules else ("defaults", "rules")
    defining: dict[str, Any] = {
        "title": keys["title"],
        "categories": _shared(tuple(dict.fromkeys(c for place in places for c in place.categories))),
        "tags": keys["tags"],
        "timezone": keys["timezone"] or parts.site.timezone,
        "language": keys["language"],
        "republish": keys["republish"],
        "full_text": keys["full_text"] and full_text.permitted(place.feed.keys for place in places),
        "updates": keys["updates"],
        "confidential": confidential,
        "drop_params": keys["drop_params"],
        "keep_params": keys["keep_params"],
        "rules": rules(parts, keys["rules"], where) + shared,
    }
    return Source(
        url=Url(_apart(url)),
        path=_path(url, directory) if is_file else "",
        every=keys["every"],
        insist=keys["insist"],
        backlog=keys["backlog"],
        private=keys["private"],
        headers=keys["headers"],
        was=keys["was"],
        paused=keys["paused"],
        position=position,
        definition=_definition(tuple(defining.items())),
        **defining,
    )


def _apart(text: str) -> str:
    """A copy. The text that was read lies among all that reading ten thousand feeds takes and lets go: while
    it is kept, the system gets none of that back, which is several times what is kept.
    """
    return "".join((text[:1], text[1:]))


@lru_cache(maxsize=1024)
def _shared(categories: tuple[str, ...]) -> tuple[str, ...]:
    """The same, as a copy that all sources have together which are listed so."""
    return tuple(map(_apart, categories))


def _path(url: str, directory: str) -> str:
    """The absolute path of a file: source. Only the form with slashes is a URI (RFC 8089) and decoded."""
    path = unquote(url.removeprefix("file://")) if url.startswith("file://") else url.removeprefix("file:")
    return posixpath.normpath(posixpath.join(directory, path))


@lru_cache(maxsize=1024)
def _definition(defining: tuple[tuple[str, Any], ...]) -> str:
    """The digest of what decides what a source's posts become.

    Serialized by name, so that a key that a later version adds changes no digest until it is used. When
    it is polled, how it is asked, and where rules and feeds stand in the file are no part of it. Most
    feeds of a file are defined alike.
    """
    terms = {name: value for name, value in defining if value}
    if "rules" in terms:
        terms["rules"] = [_terms_of(rule) for rule in terms["rules"]]
    return blake2b(_JSON.encode(terms).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1024)
def _terms_of(rule: Rule) -> dict[str, Any]:
    terms = {f.name: getattr(rule, f.name) for f in fields(rule) if f.name not in ("name", "when", "unless")}
    for name, condition in (("when", rule.when), ("unless", rule.unless)):
        terms[name] = {f.name: getattr(condition, f.name) for f in fields(Condition)} if condition else {}
    return {k: v for k, v in terms.items() if v}


def _rule(parts: Parts, keys: RuleKeys, path: Path) -> Rule:
    name = ".".join(map(str, path))
    if not (keys.when and keys.when.model_fields_set) and not (keys.unless and keys.unless.model_fields_set):
        parts.wrong(path, "a rule without a condition fits every post; write if: {title: '广告'}")
    then = keys.then
    if then is None:
        return Rule(name, _condition(keys.when), _condition(keys.unless), drop=True)
    if not then.model_fields_set:
        parts.wrong((*path, "then"), "then changes nothing; write drop, category, also, tags or republish")
    return Rule(
        name,
        _condition(keys.when),
        _condition(keys.unless),
        category=then.category,
        also=then.also,
        tags=then.tags,
        republish=cast(Republish | None, then.republish),
    )


def _condition(keys: ConditionKeys | None) -> Condition | None:
    return Condition(**{f.name: getattr(keys, f.name) for f in fields(Condition)}) if keys else None
