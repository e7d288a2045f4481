"""Pure. What feeds.yaml may say: every key with its kind, its default, and what it is for.

With `feed_keys`, the only place where a key is described: the JSON Schema, and through it editors and the
reference, come from here. Keys that later versions give an effect are here too (`later` names them). How
the parts of the file belong together is not known here, only each part by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar, cast

from pydantic import (
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema

from aggregator.config import addresses, kinds
from aggregator.config.feed_keys import CategoryKeys, FeedDefaults, FeedKeys, RuleKeys
from aggregator.config.keys import (
    DURATION_SCHEMA,
    TEXT_SCHEMA,
    Address,
    Boolean,
    Duration,
    Keys,
    Language,
    Line,
    Text,
    Texts,
    Timezone,
    duration_text,
    example,
    whole,
    words,
)


class SiteKeys(Keys):
    """Who publishes, where, and in which language and time zone."""

    part: ClassVar[str] = "site"
    instead: ClassVar[str] = "write title: My news below it, indented"

    title: Line = "Feeds"
    """The name of it all: on pages and of the feed of everything."""
    url: Annotated[str, PlainValidator(addresses.site_url), example("https://news.example.org/")] = ""
    """Where readers reach the output, for links (never for ids). Default: `http://` and `server.listen`, with
    loopback in place of an address that means all of them (0.0.0.0). Required with `listen: off`."""
    language: Language = "en"
    """BCP 47 tag of documents whose category or feed has none; also picks the words on pages and posts."""
    timezone: Timezone = "UTC"
    """IANA name: for dates that carry no offset, and for dates shown to people."""
    author: Annotated[Line, Field(json_schema_extra={"default": "(title)"})] = ""
    """Author of the documents, never of entries."""
    contact: Annotated[
        str, PlainValidator(addresses.contact), TEXT_SCHEMA, Field(json_schema_extra={"default": "(url)"})
    ] = ""
    """URL or e-mail address in the User-Agent, so that publishers can reach the operator."""
    formerly: Texts = ()
    """Old paths of feed.atom, answered with 301."""


class PollingKeys(Keys):
    """How sources are polled where they say nothing of their own."""

    part: ClassVar[str] = "polling"
    instead: ClassVar[str] = "write every: 1h below it, indented"

    every: Duration = timedelta(hours=1)
    """Time between polls until a source's rhythm is known; kept between min_interval and max_interval."""
    min_interval: Duration = timedelta(hours=1)
    """No source without an `every` of its own is polled more often; down to 5m only where its rhythm and its
    own hints permit."""
    max_interval: Duration = timedelta(days=1)
    """Every source is polled at least this often, unless its server asks for more time."""
    timeout: Duration = timedelta(seconds=30)
    """Of a whole exchange, redirects included."""
    max_size: Annotated[
        int,
        PlainValidator(kinds.size),
        WithJsonSchema({"type": "string", "examples": ["10MB", "512KiB"]}),
        Field(json_schema_extra={"default": "10MB"}),
    ] = 10_000_000
    """Of a body, after decompression."""
    concurrency: Annotated[int, *whole(1, 1000)] = 50
    """Exchanges under way at once."""
    per_host: Annotated[int, *whole(1, 100)] = 1
    """Exchanges under way at once to one host."""
    per_host_gap: Annotated[timedelta, PlainValidator(kinds.pause), DURATION_SCHEMA] = timedelta(seconds=1)
    """Time between two exchanges with one host; 0s for none."""


class JekyllKeys(Keys):
    """Posts as files of a Jekyll site; off unless given."""

    part: ClassVar[str] = "jekyll"
    instead: ClassVar[str] = "write directory: site/_posts below it, indented"

    directory: Line = "site/_posts"
    """Where the files go, relative to feeds.yaml."""
    layout: Line = "post"
    """The layout in their front matter."""
    category_url: Annotated[
        str, PlainValidator(kinds.text), example("//news.example.org/category/{category}.html")
    ] = ""
    """The way back to a category; `{category}` is its slug."""
    home_url: Annotated[str, PlainValidator(kinds.text), example("//news.example.org/")] = ""
    """The way back to the home page."""


class OutputKeys(Keys):
    """What is published, and how much of it."""

    part: ClassVar[str] = "output"
    instead: ClassVar[str] = "write entries: 50 below it, indented"

    directory: Line = "public"
    """Where documents are written, relative to feeds.yaml. After an edit they are written to the new place;
    what lies at the old one stays there."""
    formats: Annotated[tuple[str, ...], *words("atom", "rss", "json", "html", "posts")] = (
        "atom",
        "rss",
        "json",
        "html",
    )
    """Kinds of documents; `posts` is a page for each post."""
    entries: Annotated[int, *whole(1, 1000)] = 50
    """Newest posts in a subscription document."""
    credit: Annotated[tuple[str, ...], *words("author", "footer", "title")] = ("author", "footer")
    """How readers see the source: as author where an entry has none, in a last line, as prefix of titles."""
    index: Boolean = False
    """true: search engines may index the pages of posts."""
    keep: Duration = timedelta(days=365)
    """How long posts are kept, counted from when they were first seen."""
    per_source: Annotated[int, *whole(0, 1000)] = 0
    """At most so many posts of one source in a subscription document; 0: no cap."""
    jekyll: JekyllKeys | None = None
    """Posts as files of a Jekyll site; off unless given."""


class ServerKeys(Keys):
    """Where we listen."""

    part: ClassVar[str] = "server"
    instead: ClassVar[str] = "write listen: 127.0.0.1:8080 below it, indented"

    listen: Address = "127.0.0.1:8080"
    """HOST:PORT for readers; `off` where another web server serves the output directory."""
    admin: Address = "127.0.0.1:8081"
    """HOST:PORT for the operator, apart from the public listener. Beyond loopback it needs admin_token;
    `off`: none."""
    admin_token: Text = ""
    """What the operator's browser must show beyond loopback; from the environment: `${ADMIN_TOKEN:-}`."""
    hub: Annotated[
        bool | str, PlainValidator(addresses.hub), WithJsonSchema({"type": ["boolean", "string"]})
    ] = True
    """true: our own WebSub hub for our documents; a URL: that hub; false: none."""
    private_hub: Boolean = False
    """true: callbacks, and a site.url for subscribing, may be private."""


class FileKeys(Keys):
    """feeds.yaml: what the aggregator polls and how it publishes."""

    part: ClassVar[str] = "the file"
    instead: ClassVar[str] = "write feeds: above it"

    site: SiteKeys = Field(default_factory=SiteKeys)
    """Who publishes, where, and in which language and time zone."""
    store: Annotated[str, PlainValidator(kinds.line), TEXT_SCHEMA] = "data/aggregator.db"
    """The database: a path, sqlite:///relative, sqlite:////absolute, or
    postgresql://user:${PGPASSWORD}@host/database, which any number of processes share (PGPASSWORD and
    ~/.pgpass are read as by psql). In force after a restart."""
    polling: PollingKeys = Field(default_factory=PollingKeys)
    """How sources are polled where they say nothing of their own."""
    output: OutputKeys = Field(default_factory=OutputKeys)
    """What is published, and how much of it."""
    server: ServerKeys = Field(default_factory=ServerKeys)
    """Where we listen. In force after a restart."""
    defaults: FeedDefaults = Field(default_factory=FeedDefaults)
    """Keys for all feeds; a feed's own key replaces one. `category` does not reach feeds listed under a
    category."""
    categories: dict[str, CategoryKeys] = Field(default_factory=dict)
    """Categories by slug. Optional: one that a feed names exists without this."""
    rules: tuple[RuleKeys, ...] = ()
    """For every post, in order; a feed's own come first."""
    feeds: tuple[FeedKeys, ...] = ()
    """Feeds to poll: URLs, or mappings with `url`."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of feeds.yaml, for editors: keys, kinds, defaults, descriptions.

    It judges shapes only: what the file's parts mean together, and `${NAME}` in place of a number, are
    known to `load` alone.
    """
    schema = FileKeys.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = schema["$defs"]
    # What one line may say in place of a mapping.
    url = {"type": "string", "description": "The URL of a feed."}
    definitions["FeedKeys"] = {"anyOf": [url, definitions["FeedKeys"]]}
    definitions["ThenKeys"] = {"anyOf": [{"const": "drop"}, definitions["ThenKeys"]]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "feeds.yaml"}


class _Generator(GenerateJsonSchema):
    """Defaults as the file would say them, and descriptions on one line."""

    def encode_default(self, dft: Any) -> Any:
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
        return cast(dict[str, Any], _tidy(super().generate(schema, mode)))


def _tidy(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    # A default that means "see the description" is none for an editor.
    tidy = {k: _tidy(v) for k, v in schema.items() if not (k == "default" and v in (None, ""))}
    if "anyOf" in tidy:  # nothing behind a key is as if it were left out, but no way to write it
        tidy["anyOf"] = [shape for shape in tidy["anyOf"] if shape != {"type": "null"}]
    if isinstance(tidy.get("title"), str):
        del tidy["title"]  # pydantic's, made of the key's name
    if isinstance(said := tidy.get("description"), str):
        tidy["description"] = " ".join(said.split())
    return tidy
