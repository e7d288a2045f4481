"""Sources that are files."""

import asyncio
import os
from datetime import UTC, datetime

import pytest

from aggregator.fetch import HttpFetcher
from aggregator.model import Fetched, FetchFailed, Hints, Lease, Memory, NotModified, Polling, Source

URL = "file:feeds/own.xml"


class Noon:
    def now(self):
        return datetime(2026, 11, 24, 12, tzinfo=UTC)


def fetch(path, memory=Memory(), max_size=1000):  # noqa: B008 - a frozen value
    client = HttpFetcher(Polling(max_size=max_size), "aggregator/1", Noon())
    return asyncio.run(client.fetch(Lease(Source(url=URL, path=str(path)), 1, memory)))


def remembered(fetched, url=URL):
    return Memory(validators=fetched.validators, validators_from=url)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("own.xml", "application/xml"), ("own.JSON", "application/feed+json"), ("own", "")],
)
def test_a_file(tmp_path, name, content_type):
    """Its bytes, under the URL as configured, with a type where the name tells one."""
    path = tmp_path / name
    path.write_bytes(b"<rss/>")
    result = fetch(path)
    assert isinstance(result, Fetched)
    assert (result.body, result.url, result.content_type) == (b"<rss/>", URL, content_type)


def test_an_unchanged_file(tmp_path):
    """It is not read again; its validators belong to this source alone."""
    path = tmp_path / "own.xml"
    path.write_bytes(b"<rss/>")
    memory = remembered(fetch(path))
    assert fetch(path, memory) == NotModified(memory.validators, Hints(), URL)
    assert isinstance(fetch(path, remembered(fetch(path), "file:other.xml")), Fetched)


def test_a_changed_file(tmp_path):
    """New bytes, a new time, or another file in its place are all changes."""
    path = tmp_path / "own.xml"
    path.write_bytes(b"<rss/>")
    memory = remembered(fetch(path))
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert isinstance(fetch(path, memory), Fetched)
    memory = remembered(fetch(path))
    other = tmp_path / "other.xml"
    other.write_bytes(b"<rdf/>")
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    other.replace(path)
    assert fetch(path, memory).body == b"<rdf/>"


def test_what_is_no_readable_file(tmp_path):
    """Missing, a directory, a pipe without a writer, empty, no path at all: a failure, at once."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe", tmp_path / "empty", "a\0b", ""):
        result = fetch(path)
        assert isinstance(result, FetchFailed)
        assert result.kind == "file"
        assert str(tmp_path) not in result.detail


def test_a_file_that_is_too_large(tmp_path):
    """The limit for bodies holds here too."""
    path = tmp_path / "own.xml"
    path.write_bytes(b"x" * 1001)
    assert fetch(path).kind == "size"
    path.write_bytes(b"x" * 1000)
    assert isinstance(fetch(path), Fetched)
