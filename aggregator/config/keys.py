"""Pure. What keys of feeds.yaml are made of: kinds of values as types that pydantic checks and describes.

Each type joins a function of `kinds` or `addresses` with its shape in JSON Schema. No key is named here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from aggregator.config import addresses, kinds
from aggregator.config.problems import Wrong

DURATION_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": "^[0-9]+ ?[smhd]$", "examples": ["90s", "15m", "2h", "1d"]}
)
TEXT_SCHEMA = WithJsonSchema({"type": "string"})
URL_SCHEMA = WithJsonSchema({"type": "string", "examples": ["https://example.org/feed.xml"]})
BOOLEAN_SCHEMA = WithJsonSchema({"type": "boolean"})


def example(*examples: str) -> WithJsonSchema:
    """One line of text, and how it may look."""
    return WithJsonSchema({"type": "string", "examples": list(examples)})


def texts(*examples: str) -> WithJsonSchema:
    """One text or a list of them, and how one may look."""
    shapes = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    return WithJsonSchema({"anyOf": shapes} | ({"examples": list(examples)} if examples else {}))


def whole(least: int, most: int) -> Any:
    return PlainValidator(kinds.whole(least, most)), WithJsonSchema(
        {"type": "integer", "minimum": least, "maximum": most}
    )


def words(*words: str) -> Any:
    schema = {"type": "array", "items": {"enum": list(words)}, "uniqueItems": True}
    return PlainValidator(kinds.words(words)), WithJsonSchema(schema)


def choice(*words: str) -> Any:
    return PlainValidator(kinds.choice(*words)), WithJsonSchema({"enum": list(words)})


Text = Annotated[str, PlainValidator(kinds.text), TEXT_SCHEMA]
Line = Annotated[str, PlainValidator(kinds.line), TEXT_SCHEMA]
Boolean = Annotated[bool, PlainValidator(kinds.boolean), BOOLEAN_SCHEMA]
Duration = Annotated[timedelta, PlainValidator(kinds.duration), DURATION_SCHEMA]
Language = Annotated[str, PlainValidator(kinds.language), example("en", "zh-CN")]
Timezone = Annotated[str, PlainValidator(kinds.timezone), example("Asia/Shanghai", "Europe/Berlin")]
FeedUrl = Annotated[str, PlainValidator(addresses.feed_url), URL_SCHEMA]
Address = Annotated[str | None, PlainValidator(addresses.listen), example("127.0.0.1:8080", "off")]
Texts = Annotated[tuple[str, ...], PlainValidator(kinds.listing(kinds.line)), texts()]
Templates = Annotated[
    tuple[str, ...], PlainValidator(kinds.listing(kinds.template)), texts("Fed", "{term}", "{author}新闻")
]
Labels = Annotated[
    tuple[str, ...], PlainValidator(kinds.listing(kinds.template, at_least=1)), texts("tech", "{author}")
]
Patterns = Annotated[
    tuple[str, ...],
    PlainValidator(kinds.listing(kinds.pattern, at_least=1)),
    texts("(?i)sponsored|广告", r"\bFed\b"),
]
Republish = Annotated[str, *choice("full", "excerpt", "link")]


class Keys(BaseModel):
    """Keys of one part of the file; others are refused. A key with nothing behind it is as if left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    part: ClassVar[str] = "the file"
    instead: ClassVar[str] = "write keys and values"

    @model_validator(mode="before")
    @classmethod
    def _said(cls, data: Any) -> Any:
        if isinstance(data, dict):
            # An unknown key stays, for the error that it deserves.
            return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}
        what = "a list" if isinstance(data, list) else "nothing" if data is None else "one text"
        raise Wrong(f"{what} stands where the keys of {cls.part} belong", cls.instead, bare=True)


def duration_text(length: timedelta) -> str:
    """A duration as the file writes it, in the largest unit that has no remainder: `1h`, `90s`."""
    seconds = int(length.total_seconds())
    for unit, of in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % of == 0:
            return f"{seconds // of}{unit}"
    return f"{seconds}s"
