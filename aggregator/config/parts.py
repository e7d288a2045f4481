"""Pure. Each part of the file held against its keys, every fault of it in our words with its place.

A feed that is wrong is left out and the others are still checked, so that all problems come at once.
Whether the parts fit each other is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aggregator.config import document, kinds, values
from aggregator.config.document import Path
from aggregator.config.feed_keys import CategoryKeys, FeedDefaults, FeedKeys, RuleKeys
from aggregator.config.keys import Keys
from aggregator.config.problems import Position, Problem, Wrong, listed, nearest, quoted
from aggregator.config.schema import FileKeys, OutputKeys, PollingKeys, ServerKeys, SiteKeys

K = TypeVar("K", bound=Keys)

_OTHER_WORDS = {
    "interval": "every", "refresh": "every", "name": "title", "lang": "language", "tz": "timezone",
    "href": "url", "link": "url", "xmlurl": "url", "feed": "feeds", "sources": "feeds", "urls": "feeds",
    "label": "tags", "labels": "tags", "enabled": "paused", "disabled": "paused", "full": "full_text",
    "database": "store", "db": "store", "port": "listen", "bind": "listen", "host": "listen",
}  # fmt: skip
"""What other programs call it."""
_SECTIONS: dict[str, type[Keys]] = {
    "site": SiteKeys,
    "polling": PollingKeys,
    "output": OutputKeys,
    "server": ServerKeys,
}


@dataclass(frozen=True, slots=True)
class Feed:
    """One mention of a feed, and where."""

    path: Path
    keys: FeedKeys
    category: str | None  # the one that it is listed under


@dataclass(slots=True)
class Parts:
    """The file, part by part; what was wrong is missing or at its default."""

    tree: document.Node
    filled: set[Path]
    unfilled: set[Path]
    problems: list[Problem]
    broken: set[Path] = field(default_factory=set)  # parts of which nothing was taken; of the file: `store`
    file: FileKeys = field(default_factory=FileKeys)
    site: SiteKeys = field(default_factory=SiteKeys)
    polling: PollingKeys = field(default_factory=PollingKeys)
    output: OutputKeys = field(default_factory=OutputKeys)
    server: ServerKeys = field(default_factory=ServerKeys)
    defaults: FeedDefaults = field(default_factory=FeedDefaults)
    categories: dict[str, CategoryKeys] = field(default_factory=dict)
    rules: tuple[RuleKeys, ...] = ()
    feeds: list[Feed] = field(default_factory=list)

    def at(self, *path: str | int) -> Position:
        """Where a value stands, or as near to it as the file goes."""
        return document.find(self.tree, path)[1]

    def has(self, *path: str) -> bool:
        """Whether the file has a key, though perhaps nothing behind it."""
        owner, _ = document.find(self.tree, path[:-1])
        return isinstance(owner, document.Mapping) and path[-1] in owner.items

    def unsure(self, *path: str | int) -> bool:
        """Whether it is not known what the file says here: that has been said, and explains what follows."""
        return path in self.unfilled or path in self.broken or path[:-1] in self.broken

    def wrong(self, path: Path, text: str) -> None:
        """Note a problem at a value."""
        if not self.unsure(*path):
            self.problems.append(Problem(self.at(*path), text))


def read(tree: document.Mapping, environment: Mapping[str, str]) -> Parts:
    """Every part of the file; problems are collected in the result."""
    filled = values.fill(tree, environment)
    parts = Parts(tree, filled.filled, filled.unfilled, list(filled.problems))
    data: dict[str, Any] = filled.data
    own = {k: v for k, v in data.items() if k == "store" or k not in FileKeys.model_fields}
    parts.file = _check(parts, FileKeys, own, ()) or parts.file
    for name, part in data.items():  # in the order of the file, which is the order of the feeds
        if part is None:
            continue
        match name:
            case "site":
                parts.site = _check(parts, SiteKeys, part, (name,)) or parts.site
            case "polling":
                parts.polling = _check(parts, PollingKeys, part, (name,)) or parts.polling
            case "output":
                parts.output = _check(parts, OutputKeys, part, (name,)) or parts.output
            case "server":
                parts.server = _check(parts, ServerKeys, part, (name,)) or parts.server
            case "defaults":
                parts.defaults = _check(parts, FeedDefaults, part, (name,)) or parts.defaults
            case "categories":
                _categories(parts, part)
            case "rules":
                checked = [_check(parts, RuleKeys, v, path) for path, v in _items(parts, part, (name,))]
                parts.rules = tuple(rule for rule in checked if rule)
            case "feeds":
                _feeds(parts, part, (name,), None)
            case _:
                pass  # the store, and unknown keys: both checked above
    return parts


def _categories(parts: Parts, data: Any) -> None:
    if not isinstance(data, dict):
        what = "categories stand in a mapping by slug; write news: and below it title: and feeds:"
        parts.wrong(("categories",), what)
        return
    for slug, keys in data.items():
        path: Path = ("categories", slug)
        try:
            kinds.slug(slug)
        except Wrong as wrong:
            parts.problems.append(Problem(_key_position(parts.tree, path), f"{quoted(slug)} {wrong}"))
            continue
        own = {k: v for k, v in keys.items() if k != "feeds"} if isinstance(keys, dict) else keys or {}
        parts.categories[slug] = _check(parts, CategoryKeys, own, path) or CategoryKeys()
        if isinstance(keys, dict) and keys.get("feeds") is not None:
            _feeds(parts, keys["feeds"], (*path, "feeds"), slug)


def _feeds(parts: Parts, data: Any, path: Path, category: str | None) -> None:
    for place, item in _items(parts, data, path):
        keys = _check(parts, FeedKeys, {"url": item} if isinstance(item, str) else item, place)
        if keys:
            parts.feeds.append(Feed(place, keys, category))


def _items(parts: Parts, data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(data, list):
        yield from (((*path, i), item) for i, item in enumerate(data))
    else:
        what = f"{path[-1]} is no list; begin each item with a dash on a line of its own"
        parts.problems.append(Problem(parts.at(*path), what))  # also where its category is broken


def _check(parts: Parts, model: type[K], data: Any, path: Path) -> K | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _note(parts, model, path, detail)
        parts.broken.add(path or ("store",))  # the other keys of the file are parts of their own
        return None


def _note(parts: Parts, model: type[Keys], base: Path, detail: ErrorDetails) -> None:
    loc = detail["loc"]
    path: Path = (*base, *loc)
    match detail["type"], detail.get("ctx", {}).get("error"):
        case "extra_forbidden", _:
            owner = _model_at(model, loc[:-1])
            unknown = _unknown_key(str(loc[-1]), owner)
            parts.problems.append(Problem(_key_position(parts.tree, path), unknown))
        case "missing", _:
            owner = _model_at(model, loc[:-1])
            parts.wrong(path, f"{owner.part} lacks {loc[-1]}; {owner.instead}")
        case "tuple_type", _:
            parts.wrong(
                path, f"{_last_key(path)} is no list; begin each item with a dash on a line of its own"
            )
        case _, Wrong() as wrong:
            for one in (wrong, *wrong.others):
                place = (*path, *one.inside)
                parts.wrong(place, _wrong_value(parts, place, one))
        case _:
            parts.wrong(path, f"{_last_key(path)}: {detail['msg']}; see the reference")


def _wrong_value(parts: Parts, path: Path, wrong: Wrong) -> str:
    node, _ = document.find(parts.tree, path)
    key = _last_key(path)
    as_written = quoted(node.text) if isinstance(node, document.Scalar) else ""
    if path in parts.filled and as_written:
        # What came from the environment may be a secret, and texts may repeat some of a value.
        return f"{key}: {as_written} comes out as something else than this key takes; set it right"
    shown = "" if wrong.bare or not as_written else f"{as_written} "
    return f"{key}: {shown}{wrong.what}; {wrong.instead}"


def _unknown_key(key: str, owner: type[Keys]) -> str:
    known = [f.alias or name for name, f in owner.model_fields.items()]
    other = _OTHER_WORDS.get(key.lower())
    meant = other if other in known else nearest(key, known)
    if owner is FileKeys and not meant:
        meant = next((f"it below {name}:" for name, p in _SECTIONS.items() if key in p.model_fields), None)
    elif owner is FeedDefaults and key in FeedKeys.model_fields:
        return f"{key} is each feed's own; write it there"
    return f"{owner.part} has no key {quoted(key)}; write {meant or listed(known)}"


def _model_at(model: type[Keys], loc: tuple[int | str, ...]) -> type[Keys]:
    for step in loc:
        for name, info in model.model_fields.items():
            if step in (name, info.alias) and (inner := _keys_inside(info.annotation)):
                model = inner
                break
    return model


def _keys_inside(annotation: Any) -> type[Keys] | None:
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        return annotation
    return next(filter(None, map(_keys_inside, get_args(annotation))), None)


def _last_key(path: Path) -> str:
    return next((str(step) for step in reversed(path) if isinstance(step, str)), "the file")


def _key_position(tree: document.Node, path: Path) -> Position:
    parent, position = document.find(tree, path[:-1])
    keys = parent.keys if isinstance(parent, document.Mapping) else {}
    return keys.get(str(path[-1]), position)
