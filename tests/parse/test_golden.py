"""Feeds of every kind, each beside what it says: `NAME.xml` (`.html`, `.feed` for JSON) and `NAME.json`."""

import json
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import Fetched, Hints, Validators
from aggregator.parse import parse

DATA = Path(__file__).parent / "data"
GOLDEN = sorted(DATA.glob("*.json"))


def spoken(value):
    """A value as JSON, without the fields that say nothing."""
    if is_dataclass(value):
        said = {f.name: spoken(getattr(value, f.name)) for f in fields(value)}
        return {name: v for name, v in said.items() if v or (v == 0 and v is not False)}
    if isinstance(value, tuple):
        return [spoken(v) for v in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f}s"
    return value


def fetched(body: bytes, content_type: str = "application/xml") -> Fetched:
    return Fetched(body, content_type, "https://source.example/dir/feed.xml", Validators(), Hints())


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_what_a_feed_says(golden):
    """A feed gives, field by field, what its golden twin says."""
    body = next(DATA.glob(f"{golden.stem}.[xhf]*")).read_bytes()
    assert json.loads(golden.read_text()) == spoken(parse(fetched(body)))


def test_every_feed_has_its_twin():
    """No data file is forgotten."""
    assert {p.stem for p in DATA.iterdir()} == {p.stem for p in GOLDEN}
