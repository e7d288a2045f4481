"""How log lines look, for people and for programs, and that no secret is in any."""

import io
import json
import logging

import pytest

from aggregator import observe
from aggregator.observe.logs import AsJson, AsText, without_secrets

MOMENT = 1764000000.25


def said(form, message, *values, **more):
    """What a handler would write."""
    record = logging.LogRecord("aggregator.x", logging.WARNING, "x.py", 1, message, values, None)
    record.created = MOMENT
    record.exc_info = more.get("exc_info")
    return form.format(record)


def test_key_value():
    """Event, then its fields; what has a space is quoted, what is empty left out, a line stays one."""
    line = observe.line(
        "poll", {"source": "a b", "result": "x", "error": "", "next": None, "n": 0, "q": '"\n'}
    )
    assert line == 'poll source="a b" result=x n=0 q="\\" "'
    text = said(AsText(), "%s", line)
    assert text.endswith(f"WARNING {line}")
    assert "\n" not in text


def test_json():
    """One object on one line, with the fields beside event, level and time."""
    text = said(AsJson(), "%s", observe.line("poll", {"source": "标题\n", "error": "", "posts": 3}))
    assert "\n" not in text
    assert json.loads(text) == {
        "time": "2025-11-24T16:00:00.250+00:00",
        "level": "warning",
        "logger": "aggregator.x",
        "event": "poll",
        "source": "标题\n",
        "posts": 3,
    }
    plain = json.loads(said(AsJson(), "stopping by=%s polls=%d", "SIGTERM", 3))
    assert plain["message"] == "stopping by=SIGTERM polls=3"


def test_a_field_replaces_nothing_of_the_line():
    """One that is called like what every line has is left out."""
    assert json.loads(said(AsJson(), "%s", observe.line("x", {"level": "y", "a": 1})))["level"] == "warning"


def test_a_fault_of_ours_has_its_trace():
    """In JSON on the same line."""
    try:
        raise ValueError("https://u:hunter2@a.example/")
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
    text = said(AsJson(), "fault", exc_info=told)
    assert "\n" not in text
    assert "ValueError" in json.loads(text)["trace"]
    for form in (AsJson(), AsText()):
        assert "hunter2" not in said(form, "fault", exc_info=told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:hunter2@a.example/f", "https://***@a.example/f"),
        ("https://hunter2@a.example/f", "https://***@a.example/f"),
        ("postgresql://me:hunter2@db/x", "postgresql://***@db/x"),
        ("https://a.example/f?token=hunter2&page=2", "https://a.example/f?token=***&page=2"),
        ("https://a.example/f?page=2&api_key=hunter2", "https://a.example/f?page=2&api_key=***"),
        ("https://a.example/f?access-token=hunter2#x", "https://a.example/f?access-token=***#x"),
        ("https://a.example/f?AUTH=hunter2", "https://a.example/f?AUTH=***"),
        ("https://a.example/f?X-Amz-Signature=hunter2", "https://a.example/f?X-Amz-Signature=***"),
        ("'https://a.example/f?key=hunter2' and more", "'https://a.example/f?key=***' and more"),
        ("https://a.example/f?monkey=banana&keyboard=1", "https://a.example/f?monkey=banana&keyboard=1"),
        ("https://a.example/@someone/feed?page=2", "https://a.example/@someone/feed?page=2"),
        ("write to me@a.example", "write to me@a.example"),
        ("poll source=a token=free", "poll source=a token=free"),
    ],
)
def test_secrets_in_urls_are_struck_out(text, expected):
    """User name and password, and parameters that are called like a key; nothing else."""
    assert without_secrets(text) == expected
    assert expected in said(AsText(), "%s", observe.line("x", {"a": text})) or " " in expected
    for form in (AsText(), AsJson()):
        assert "hunter2" not in said(form, "%s", observe.line("x", {"source": text}))
        assert "hunter2" not in said(form, "cannot: %s", text)


@pytest.mark.parametrize("form", ["text", "json"])
def test_it_is_put_in_place(form, monkeypatch):
    """Our lines at INFO, those of libraries where they warn."""
    root, ours = logging.getLogger(), logging.getLogger("aggregator")
    before = root.handlers[:], root.level, ours.level
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    try:
        observe.configure(form=form)
        logging.getLogger("aggregator.poll").info("%s", observe.line("poll", {"source": "x"}))
        logging.getLogger("aggregator.poll").debug("not this")
        logging.getLogger("library").info("nor this")
    finally:
        root.handlers[:], level, own = before
        root.setLevel(level)
        ours.setLevel(own)
    [line] = out.getvalue().splitlines()
    assert line.startswith("{") is (form == "json")
    assert "poll" in line
