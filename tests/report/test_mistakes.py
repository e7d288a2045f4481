"""What `check` prints below each mistake: the line, and a mark where it stands."""

import pytest

from aggregator.config import load
from aggregator.errors import ConfigError
from aggregator.report.mistakes import mistakes


def printed(text, name="feeds.yaml"):
    with pytest.raises(ConfigError) as caught:
        load(text, name=name, directory="/srv", environment={})
    return list(mistakes(caught.value.problems, name, text))


def test_the_line_and_the_place():
    """For each mistake, whatever ends the lines; also where the file's name looks like a place."""
    text = "site: {title: x, langage: de}\r\nfeeds:\r\n  - url: ftp://x/\r\n"
    assert printed(text, "C:3:4: x.yaml") == [
        'C:3:4: x.yaml:1:18: site has no key "langage"; write language',
        "    site: {title: x, langage: de}",
        "                     ^",
        'C:3:4: x.yaml:3:10: url: "ftp://x/" is no http or https URL; write one like https://example.org/feed.xml',
        "      - url: ftp://x/",
        "             ^",
    ]


def test_wide_characters_move_the_mark():
    """As a terminal shows them."""
    assert printed("categories: {市场: {}}\n")[1:] == ["    categories: {市场: {}}", "                 ^"]
    text = "feeds: ['https://a.example/']\nsite: {title: 金融消息, langage: de}\n"
    assert printed(text)[2] == "    " + " " * 24 + "^"


def test_lines_are_those_that_positions_count():
    """A form feed ends none; what ends one for YAML does."""
    assert printed("feeds: []  # a\x0cb\n")[1:] == ["    feeds: []  # a b", f"    {14 * ' '}^"]
    assert printed("site:\n  title: 'a\x85b'\n  langage: de\n")[1:] == ["      langage: de", "      ^"]
    assert printed("site:\r  langage: de\r")[1:] == ["      langage: de", "      ^"]


def test_a_long_line_is_cut_around_it():
    """No more than a line of a terminal."""
    for before in ("", "x" * 500):
        feed = f"{{url: 'https://b.example/', evry: {'y' * 500}}}"
        _, line, mark = printed(f"feeds: ['https://a.example/{before}', {feed}]\n")
        assert line[mark.index("^") :].startswith("evry")
        assert len(line) < 120


def test_a_password_in_a_url_is_struck_out():
    """Output may be pasted into a bug report."""
    line = printed("feeds: [{url: 'https://me:hunter2@a.example/?key=s3cret', evry: 1h}]\n")[1]
    assert "hunter2" not in line
    assert "s3cret" not in line
    assert "evry" in line


def test_what_has_no_line():
    """An empty file has nothing to show."""
    assert len(printed("")) == 1
    assert list(mistakes(["feeds.yaml: there is no such file"], "feeds.yaml", "")) == [
        "feeds.yaml: there is no such file"
    ]
