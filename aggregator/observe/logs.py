"""Shell. How a log line looks: `key=value` for people and for grep, or one JSON object for programs.

Whatever a line says, a password or key in a URL is not in it: sources that have one are named by their label
elsewhere already, this is the net below. A line is a line: what would break it is escaped or a space.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

HIDDEN = "***"
_USERINFO = re.compile(r"(?<=://)[^\s/?#@\"'<>]*@")
_PARAMETER = re.compile(
    r"([?&;](?:[\w.-]*[_.-])?"
    r"(?:access|api|apikey|auth|authorization|credential|key|pass|passwd|password|pwd|secret|sig|signature|"
    r"session|token)(?:[_.-][\w.-]*)?=)[^\s&;#\"'<>]+",
    re.I,
)


class Line(str):
    """`event key=value`, which also knows its parts."""

    __slots__ = ("event", "fields")
    event: str
    fields: Mapping[str, object]


def line(event: str, fields: Mapping[str, object]) -> Line:
    """`event key=value key="two words"`; empty values are left out."""
    said = {key: value for key, value in fields.items() if value not in ("", None)}
    made = Line(" ".join((event, *(f"{key}={_quoted(str(value))}" for key, value in said.items()))))
    made.event, made.fields = event, said
    return made


def without_secrets(text: str) -> str:
    """The text with user names, passwords and keys in URLs struck out."""
    if "=" not in text and "@" not in text:
        return text
    return _PARAMETER.sub(rf"\1{HIDDEN}", _USERINFO.sub(f"{HIDDEN}@", text))


def configure(*, verbose: bool = False, quiet: bool = False, form: Literal["text", "json"] = "text") -> None:
    """Send our lines to standard error; libraries only where they warn. `quiet`: ours too, errors apart."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson() if form == "json" else AsText())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
    logging.getLogger("aggregator").setLevel(level)


class AsText(logging.Formatter):
    """`2026-11-24T10:00:00+0000 INFO poll source=…`; a fault of ours is followed by its trace."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class AsJson(logging.Formatter):
    """One object on one line: `time` (RFC 3339), `level`, `message`; of an outcome also `event` and fields.

    The fields of an outcome are `event`'s own and stand beside it, as texts and numbers. A fault of ours has
    its `trace`.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        only = record.args[0] if isinstance(record.args, tuple) and len(record.args) == 1 else None
        if isinstance(only, Line) and record.msg == "%s":
            fields = {key: _plain(value) for key, value in only.fields.items() if key not in said}
            said |= {"event": only.event, **fields}
        else:
            said["message"] = without_secrets(record.getMessage())
        if record.exc_info:
            said["trace"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) else without_secrets(str(value))


def _quoted(value: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in value)
    if plain and not set(plain) & set(' "='):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
