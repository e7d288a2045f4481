"""Pure. The text of feeds.yaml as a tree in which everything knows its line and column.

YAML's events are read one by one (PyYAML's parser, libyaml where it is built in), so that nothing of YAML
1.1 gets a say: every scalar is text as it was written (`no`, `on`, `12:30` and `0123` too), tags and merge
keys are refused, a key that comes twice is an error, and nesting and aliases are bounded. What the tree
means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from aggregator.config.problems import Position, Problem, lines, quoted
from aggregator.config.syntax_errors import Quote, explain

MAX_DEPTH = 32
"""Nested lists and mappings. libyaml's time is quadratic in open flow brackets; we stop reading here."""
MAX_VALUES = 1_000_000
"""Values in a file, those that aliases repeat counted each time (the "billion laughs" of YAML)."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_YAML = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # YAML 1.1, 5.1
    "|(?<=[\n\r])\ufeff"  # before what was the first line of another file
)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(slots=True)
class Scalar:
    """One text as it was written. `null`: unquoted, and one of YAML's ways to say nothing."""

    text: str
    position: Position
    null: bool = False


@dataclass(slots=True)
class Sequence:
    """A list."""

    position: Position
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Keys and values in the order of the file, with where each key stands."""

    position: Position
    items: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)


Node: TypeAlias = Scalar | Sequence | Mapping
Path: TypeAlias = tuple[str | int, ...]


def read(text: str) -> tuple[Node | None, list[Problem]]:
    """The tree, and what is wrong with the text as YAML.

    The tree is None for an empty file, and where the text cannot be read to its end (YAML does not allow
    to go on behind a fault of its grammar, so there is then only that one problem after those before it).
    """
    if bad := _NOT_YAML.search(text):
        *above, here = lines(text[: bad.start()])
        what = f"the character U+{ord(bad[0]):04X} may not stand {_where(bad[0])}; delete it"
        return None, [Problem((len(above), len(here)), what)]
    tree = _Tree()
    try:
        return tree.grow(yaml.parse(text, Loader=LOADER)), tree.problems
    except yaml.YAMLError as error:
        return None, [*tree.problems, explain(error, text, tree.long_quote, tree.innermost)]
    except _Hopeless as error:
        return None, [*tree.problems, error.problem]
    except OverflowError:
        # PyYAML's own scanner (not libyaml's) gives chr() whatever follows "\U".
        return None, [*tree.problems, Problem((0, 0), "an escape names no character; use single quotes")]


def _where(character: str) -> str:
    return "before a line" if character == "\ufeff" else "in a YAML file"


def find(tree: Node, path: Iterable[str | int]) -> tuple[Node, Position]:
    """The deepest node on a path, and where to point: at the key of a missing or wrong last step's parent.

    Steps that lead nowhere are skipped: what validators call a place need not be one in the file.
    """
    node, position = tree, tree.position
    for step in path:
        match node:
            case Mapping() if isinstance(step, str) and step in node.items:
                node = node.items[step]
                position = node.position
            case Sequence() if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                position = node.position
            case _:
                continue
    return node, position


class _Hopeless(Exception):  # reading ends here
    def __init__(self, position: Position, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(position, text)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read: the key that waits for its value, and what it began with."""

    node: Sequence | Mapping
    anchor: str | None
    values_before: int
    key: Scalar | None = None


class _Tree:
    """Grows the tree from events; a stack instead of recursion, since the text decides the depth."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.long_quote: Quote | None = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._values = 0
        self._root: Node | None = None

    @property
    def innermost(self) -> Position | None:
        """Where the list or mapping begins that is being read."""
        return self._open[-1].node.position if self._open else None

    def grow(self, events: Iterator[yaml.Event]) -> Node | None:
        for event in events:
            mark = event.start_mark
            position = (mark.line, mark.column) if mark else (0, 0)
            match event:
                case yaml.ScalarEvent():
                    self._refuse_tag(event, position)
                    if event.style in ("'", '"') and (end := event.end_mark) and end.line > position[0]:
                        self.long_quote = Quote(position, end.line)
                    scalar = Scalar(event.value, position, not event.style and event.value in _NULL)
                    self._keep(event.anchor, scalar, 1)
                    self._add(scalar, 1)
                case yaml.SequenceStartEvent():
                    self._begin(event, Sequence(position))
                case yaml.MappingStartEvent():
                    self._begin(event, Mapping(position))
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    done = self._open.pop()
                    self._keep(done.anchor, done.node, self._values - done.values_before)
                    self._add(done.node, 0)
                case yaml.AliasEvent():
                    self._repeat(event.anchor or "", position)
                case yaml.DocumentStartEvent() if self._root is not None:
                    raise _Hopeless(position, 'a second document begins here; delete the line "---"')
        return self._root

    def _begin(self, event: yaml.CollectionStartEvent, node: Sequence | Mapping) -> None:
        self._refuse_tag(event, node.position)
        if len(self._open) >= MAX_DEPTH:
            raise _Hopeless(node.position, f"nested deeper than {MAX_DEPTH} levels; nothing here needs that")
        self._open.append(_Open(node, event.anchor, self._values))
        self._values += 1

    def _add(self, node: Node, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _Hopeless(node.position, f"more than {MAX_VALUES:,} values, counting aliases; use fewer")
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = self._key(node)
        else:
            self._put(parent.node, parent.key, node)
            parent.key = None

    def _key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        kind = "list" if isinstance(node, Sequence) else "mapping"
        text = f"a {kind} stands where a key belongs; put text with brackets or braces in single quotes"
        self.problems.append(Problem(node.position, text))
        return Scalar("", node.position)

    def _put(self, parent: Mapping, key: Scalar, value: Node) -> None:
        if key.text == "<<":
            text = "merge keys (<<) are not read; put what feeds share under defaults:"
            self.problems.append(Problem(key.position, text))
        elif key.text in parent.items:
            first = parent.keys[key.text][0] + 1
            text = f"key {quoted(key.text)} is already at line {first}; keep one of them"
            self.problems.append(Problem(key.position, text))
        else:
            parent.items[key.text] = value
            parent.keys[key.text] = key.position

    def _keep(self, anchor: str | None, node: Node, values: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, values)

    def _repeat(self, anchor: str, position: Position) -> None:
        if anchor in self._anchors:
            self._add(*self._anchors[anchor])
            return
        if any(opened.anchor == anchor for opened in self._open):
            raise _Hopeless(position, f"*{anchor} stands inside what it repeats; delete it")
        text = f"nothing above is named &{anchor}; put text that begins with * in single quotes"
        self.problems.append(Problem(position, text))
        self._add(Scalar(f"*{anchor}", position), 1)

    def _refuse_tag(self, event: yaml.NodeEvent, position: Position) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            short = tag.replace("tag:yaml.org,2002:", "!!")
            text = f"tags ({short}) are not read; put text that begins with ! in single quotes"
            self.problems.append(Problem(position, text))
