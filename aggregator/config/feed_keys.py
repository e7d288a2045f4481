"""Pure. What feeds.yaml may say of feeds, categories and rules: every key, its kind, its default, what for.

With `schema`, the only place where a key is described. How the parts of the file belong together is not
known here, only each part by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from aggregator.config import addresses, kinds
from aggregator.config.keys import (
    DURATION_SCHEMA,
    Boolean,
    FeedUrl,
    Keys,
    Labels,
    Language,
    Line,
    Patterns,
    Republish,
    Templates,
    Text,
    Texts,
    Timezone,
    choice,
    whole,
)


class ConditionKeys(Keys):
    """Patterns (RE2) by field of a post; all keys must match, a list is any of."""

    part: ClassVar[str] = "a condition"
    instead: ClassVar[str] = "write {title: '广告'}"

    title: Patterns = ()
    """In its title."""
    text: Patterns = ()
    """In its title and content as plain text."""
    author: Patterns = ()
    """In the name of an author."""
    link: Patterns = ()
    """In its link."""
    term: Patterns = ()
    """In one of the terms that its source gave it."""
    language: Patterns = ()
    """In its language tag."""
    feed: Patterns = ()
    """In the URL or title of its source."""


class ThenKeys(Keys):
    """What a rule does with a post."""

    part: ClassVar[str] = "then"
    instead: ClassVar[str] = "write drop, or a mapping with category, also, tags or republish"

    category: Labels = ()
    """Moves the post: slugs, titles or templates."""
    also: Labels = ()
    """Adds categories: slugs, titles or templates."""
    tags: Labels = ()
    """Adds tags: texts or templates."""
    republish: Republish | None = None
    """How much of its content our documents show: full, excerpt or link."""


class RuleKeys(Keys):
    """What happens to posts that a condition fits. All rules that match apply, in order."""

    part: ClassVar[str] = "a rule"
    instead: ClassVar[str] = "write if: {title: '广告'} and then: drop"

    when: ConditionKeys | None = Field(None, alias="if")
    """All its keys must match."""
    unless: ConditionKeys | None = None
    """The opposite of if: the rule is skipped where this matches."""
    then: Annotated[ThenKeys | None, BeforeValidator(lambda v: None if v == "drop" else v)]
    """`drop` (ends), or what to change."""


class FeedDefaults(Keys):
    """Keys of a feed that all feeds may share."""

    part: ClassVar[str] = "a feed"
    instead: ClassVar[str] = "write its URL, or url: https://example.org/feed.xml"

    title: Line = ""
    """Shown instead of the feed's own title."""
    category: Labels = ("general",)
    """Where its posts go: slug, title, template ('{author}', '{feed_title}', '{publisher}', '{term}'), or a
    list of them. For a feed listed under a category: further ones."""
    tags: Templates = ()
    """Tags of its posts: texts or templates."""
    every: Annotated[timedelta | None, PlainValidator(kinds.duration), DURATION_SCHEMA] = None
    """Fixed time between polls, which may be below polling.min_interval. Default: adapted to its rhythm."""
    insist: Boolean = False
    """true: poll at `every` although caching headers ask for less (429 and Retry-After still bind)."""
    timezone: Annotated[Timezone, Field(json_schema_extra={"default": "(site.timezone)"})] = ""
    """IANA name for its dates without an offset."""
    language: Annotated[Language, Field(json_schema_extra={"default": "(the feed's own)"})] = ""
    """BCP 47 tag of its posts."""
    republish: Republish = "full"
    """How much of its content our documents show: full, excerpt or link."""
    full_text: Boolean = False
    """true: fetch the page of each new article and show its text instead of what the feed has. Takes the
    extra `fulltext`, and a feed that says `republish: full` itself: in `defaults` that is not enough."""
    updates: Annotated[str, *choice("replace", "ignore")] = "replace"
    """What a visible change of an entry does to its post that is out."""
    backlog: Annotated[int, *whole(0, 1000)] = 3
    """Posts of a source added later that go into the subscription document at once."""
    private: Boolean = False
    """true: its host may have a private address; its URL is then shown nowhere in public."""
    headers: Annotated[
        tuple[tuple[str, str], ...],
        PlainValidator(addresses.headers),
        WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
        Field(json_schema_extra={"default": {}}),
    ] = ()
    """Request headers for this feed."""
    drop_params: Texts = ()
    """Query parameters that do not tell its articles apart, beside the well-known ones."""
    keep_params: Texts = ()
    """Query parameters that tell its articles apart although they look like tracking."""
    rules: tuple[RuleKeys, ...] = ()
    """For its posts, before the file's."""
    paused: Boolean = False
    """true: not polled; what is out stays."""


class FeedKeys(FeedDefaults):
    """One feed to poll; its URL alone is enough."""

    url: FeedUrl
    """http, https, or `file:PATH` relative to feeds.yaml."""
    was: Annotated[FeedUrl, Field(json_schema_extra={"default": ""})] = ""
    """Its former URL, to keep its history."""


class CategoryKeys(Keys):
    """One subject that people subscribe to."""

    part: ClassVar[str] = "a category"
    instead: ClassVar[str] = "write title: and feeds: below it, indented"

    title: Annotated[Line, Field(json_schema_extra={"default": "(slug)"})] = ""
    """Its name for people."""
    description: Text = ""
    """One line about it, on its page and in its feed."""
    language: Annotated[Language, Field(json_schema_extra={"default": "(site.language)"})] = ""
    """BCP 47 tag of its documents."""
    near_duplicates: Annotated[str, *choice("merge", "keep")] = "merge"
    """What happens to posts of several sources that tell the same thing."""
    entries: Annotated[
        int | None, *whole(1, 1000), Field(json_schema_extra={"default": "(output.entries)"})
    ] = None
    """Newest posts in its subscription document."""
    formerly: Texts = ()
    """Old paths of its feed.atom, answered with 301."""
    feeds: tuple[FeedKeys, ...] = ()
    """Feeds whose posts all go here."""
