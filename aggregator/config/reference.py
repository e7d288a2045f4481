"""Pure. The reference of feeds.yaml as Markdown, made of its JSON Schema: each key once, in the file's order.

What a key is for is written in `schema` and `feed_keys` and nowhere else; here is only how it is shown. Texts
that the file has to quote (patterns, templates, addresses) are shown as they are written there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aggregator.config.schema import json_schema

_PARTS = {
    "": "The file",
    "SiteKeys": "`site`",
    "PollingKeys": "`polling`",
    "OutputKeys": "`output`",
    "JekyllKeys": "`output.jekyll`",
    "ServerKeys": "`server`",
    "CategoryKeys": "`categories.SLUG`",
    "FeedKeys": "`feeds`",
    "RuleKeys": "`rules`",
    "ConditionKeys": "`if` and `unless`",
    "ThenKeys": "`then`",
}
"""Names in the schema and their headings; `FeedDefaults` are keys of `FeedKeys` and not shown again."""
_QUOTED = frozenset("{}[]\\|#&*!'\"%@`?")


def reference() -> str:
    """Every key of feeds.yaml: its kind, its default, what it is for, how it may look."""
    return "\n".join(_lines(json_schema()))


def _lines(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, heading in _PARTS.items():
        part = _part(schema, name)
        yield f"### {heading}\n"
        yield f"{part['description']}\n"
        keys = part["properties"]
        required = part.get("required", [])
        for key in sorted(keys, key=lambda key: key not in required):  # the others in their order
            yield _key(schema, key, keys[key], required=key in required)
        yield ""


def _part(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if not name:
        return schema
    shape: Mapping[str, Any] = schema["$defs"][name]
    return next((one for one in shape.get("anyOf", ()) if "properties" in one), shape)


def _key(schema: Mapping[str, Any], key: str, shape: Mapping[str, Any], *, required: bool) -> str:
    said = shape.get("description") or _part(schema, _referred(shape))["description"]
    facts = [_kind(shape)]
    if required:
        facts.append("required")
    elif shape.get("default") not in (None, [], {}):
        facts.append(f"default {_default(shape['default'])}")
    shown = ", ".join(f"`{_written(one)}`" for one in shape.get("examples", ()))
    example = f" Like {shown}." if shown and "pattern" not in shape else ""
    return f"- **`{key}`** ({'; '.join(facts)}): {said}{example}"


def _kind(shape: Mapping[str, Any]) -> str:
    """What kind of value a key takes, in the words of the page."""
    match shape:
        case {"enum": words}:
            return " or ".join(f"`{word}`" for word in words)
        case {"type": "array", "items": {"enum": words}}:
            return "list of " + ", ".join(f"`{word}`" for word in words)
        case {"type": "array"}:
            return "list"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"{least} to {most}"
        case {"pattern": _}:
            return "duration"
        case {"type": ["boolean", "string"]}:
            return "`true`, `false` or text"
        case {"type": "string"}:
            return "text"
        case {"anyOf": [{"type": "string"}, {"type": "array"}]}:
            return "text, or a list of them"
        case {"anyOf": [{"enum": _} as one]}:
            return _kind(one)
        case {"additionalProperties": {"type": "string"}}:
            return "texts by name"
        case _:
            return "keys"


def _referred(shape: Mapping[str, Any]) -> str:
    (one,) = shape.get("anyOf", [shape])
    return str(one["$ref"]).rpartition("/")[2]


def _default(value: Any) -> str:
    """A default as the file would write it; one in brackets says where it comes from."""
    if isinstance(value, list):
        return f"`[{', '.join(value)}]`"
    if isinstance(value, str) and value.startswith("("):
        named = value.strip("()")
        return named if " " in named else f"what `{named}` says"
    return f"`{_written(value)}`"


def _written(value: Any) -> str:
    """A value as it stands in the file: patterns and templates in single quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if text == "off" or _QUOTED & set(text):
        return "'" + text.replace("'", "''") + "'"
    return text
