"""Pure. The tree of feeds.yaml as plain values, with the environment put in.

`${NAME}` is the variable's value, `${NAME:-default}` the default where the variable is unset or empty,
`$$` one dollar; a `$` before anything else is itself. Only values are filled, after parsing, so that no
variable can change the file's structure, and only once, so that no variable can ask for another. Which
values were filled is remembered: they may be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aggregator.config.document import Mapping as MappingNode
from aggregator.config.document import Node, Path, Scalar
from aggregator.config.problems import Position, Problem

_DOLLAR = re.compile(r"\$(?:\$|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\{)")


@dataclass(slots=True)
class Values:
    """Dicts, lists, texts and None; and the paths of all that holds a `${…}` somewhere inside."""

    data: Any
    filled: set[Path] = field(default_factory=set)
    unfilled: set[Path] = field(default_factory=set)  # of those, what holds one that could not be filled
    problems: list[Problem] = field(default_factory=list)


def fill(tree: Node, environment: Mapping[str, str]) -> Values:
    """Every scalar as text, or None where it says nothing (`null`, or a `${…}` that came out empty)."""
    values = Values(None)
    values.data = _value(tree, (), environment, values)
    return values


def _value(node: Node, path: Path, environment: Mapping[str, str], into: Values) -> Any:
    if isinstance(node, Scalar):
        if node.null:
            return None
        return _text(node, path, environment, into) if "$" in node.text else node.text
    if isinstance(node, MappingNode):
        return {key: _value(value, (*path, key), environment, into) for key, value in node.items.items()}
    return [_value(item, (*path, i), environment, into) for i, item in enumerate(node.items)]


def _text(node: Scalar, path: Path, environment: Mapping[str, str], into: Values) -> str | None:
    before = len(into.problems)
    pieces: list[str] = []
    end, variables = 0, 0
    for match in _DOLLAR.finditer(node.text):
        pieces.append(node.text[end : match.start()])
        end = match.end()
        if match[0] == "$$":
            pieces.append("$")
        else:
            variables += 1
            pieces.append(_variable(match, node.position, environment, into))
    text = "".join((*pieces, node.text[end:]))
    if variables:
        into.filled.update(path[:n] for n in range(len(path) + 1))
    if len(into.problems) > before:
        into.unfilled.update(path[:n] for n in range(len(path) + 1))
        return None
    return text if text or not variables else None


def _variable(match: re.Match[str], at: Position, environment: Mapping[str, str], into: Values) -> str:
    name, default = match["name"], match["default"]
    if name is None:
        into.problems.append(Problem(at, "${ begins no variable; write ${NAME}, ${NAME:-default}, or $${"))
        return ""
    value = environment.get(name, "")
    if not value.isprintable():
        into.problems.append(
            Problem(
                at, f"the variable {name} holds line breaks or bytes that are no text; set it to one line"
            )
        )
        return ""
    if value or default is not None or name in environment:
        return value or default or ""
    text = f"the variable {name} is not set; set it, or write ${{{name}:-}} if it may be missing"
    into.problems.append(Problem(at, text))
    return ""
