"""The JSON Schema says of every key what the loader does."""

import dataclasses

import pytest

from aggregator.config import json_schema
from aggregator.config.feed_keys import CategoryKeys, FeedKeys
from aggregator.config.schema import OutputKeys, PollingKeys, ServerKeys, SiteKeys
from aggregator.model import Category, Output, Polling, Server, Site, Source

SCHEMA = json_schema()
MADE_OF_OTHERS = {"title", "url", "author", "contact", "category", "timezone", "entries", "feeds", "rules"}


PARTS = {
    name: shape["properties"]
    for name, part in {"file": SCHEMA, **SCHEMA["$defs"]}.items()
    for shape in part.get("anyOf", [part])
    if "properties" in shape
}


@pytest.mark.parametrize("properties", PARTS.values(), ids=PARTS)
def test_every_key_is_described(properties):
    """An editor can explain each key, on one line."""
    for name, key in properties.items():
        said = key.get("description") or SCHEMA["$defs"][key["$ref"].rpartition("/")[2]]["description"]
        assert said, name
        assert "\n" not in said


@pytest.mark.parametrize(
    ("keys", "noun"),
    [
        (SiteKeys, Site),
        (PollingKeys, Polling),
        (OutputKeys, Output),
        (ServerKeys, Server),
        (CategoryKeys, Category),
        (FeedKeys, Source),
    ],
)
def test_defaults_are_those_of_the_nouns(keys, noun):
    """What the schema gives as default is what a value made without the file has."""
    of_noun = {f.name: f.default for f in dataclasses.fields(noun)}
    for name, info in keys.model_fields.items():
        if name not in MADE_OF_OTHERS and not info.is_required():
            assert info.default == of_noun[name], name


def test_defaults_are_written_as_in_the_file():
    """Durations and sizes stand in the schema as the operator would write them."""
    polling = SCHEMA["$defs"]["PollingKeys"]["properties"]
    assert polling["every"]["default"] == "1h"
    assert polling["max_size"]["default"] == "10MB"
    assert SCHEMA["$defs"]["OutputKeys"]["properties"]["keep"]["default"] == "365d"


def test_short_forms_are_allowed():
    """A feed may be its URL, and `then` may be `drop`; unknown keys are none of the schema."""
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {shape.get("type") for shape in SCHEMA["$defs"]["FeedKeys"]["anyOf"]} == {"string", "object"}
    assert SCHEMA["$defs"]["ThenKeys"]["anyOf"][0] == {"const": "drop"}
    assert SCHEMA["additionalProperties"] is False
