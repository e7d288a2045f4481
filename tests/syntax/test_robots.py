"""robots.txt (RFC 9309)."""

import pytest

from aggregator.syntax import robots


def allowed(text, path):
    return robots.allows(robots.rules(text.encode()), f"https://a.example{path}")


def test_without_rules_everything_is_allowed():
    """An empty file, one about others only, and a page that stands where robots.txt should."""
    for text in (
        "",
        "User-agent: other\nDisallow: /",
        "<html><body>Not found: sorry</body></html>",
        "Disallow: /",
    ):
        assert allowed(text, "/a")


def test_a_group_for_us_counts_instead_of_the_one_for_everybody():
    text = "User-agent: *\nDisallow: /\n\nUser-Agent: Aggregator/2.0\nDisallow: /private\n"
    assert (allowed(text, "/a"), allowed(text, "/private/a")) == (True, False)


def test_a_group_for_us_without_rules_allows_everything():
    """And so does an empty Disallow."""
    assert allowed("User-agent: *\nDisallow: /\n\nUser-agent: aggregator\nDisallow:\n", "/a")
    assert allowed("User-agent: *\nDisallow: /\n\nUser-agent: aggregator\n", "/a")


def test_groups_of_several_agents_and_several_groups_are_one():
    text = (
        "User-agent: other\nUser-agent: aggregator\nDisallow: /a\n"
        "User-agent: third\nDisallow: /\n"
        "User-agent: AGGREGATOR\nDisallow: /b # with a comment\n"
    )
    assert [allowed(text, path) for path in ("/a", "/b", "/c")] == [False, False, True]


def test_a_longer_name_is_not_ours():
    """Names are compared whole."""
    assert allowed("User-agent: aggregator-bot\nDisallow: /", "/a")


def test_the_longest_pattern_decides_and_allow_where_two_are_as_long():
    text = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /same\nAllow: /same\n"
    said = [allowed(text, path) for path in ("/a", "/a/b/c", "/a/c", "/same", "/else")]
    assert said == [False, True, False, True, True]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/*.pdf$", "/a/b.pdf", True),
        ("/*.pdf$", "/a/b.pdf?x", False),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a*b*c", "/a1b2c3", True),
        ("/a*b*c", "/a1c2b", False),
        ("/*ab$", "/ab", True),
        ("/a*a$", "/a", False),
        ("*", "/anything", True),
        ("/?*x=1", "/?y=2&x=1", True),
        ("/a/%7ejoe", "/a/~joe", True),
        ("/新闻", "/%E6%96%B0%E9%97%BB/1", True),
        ("/a%2fb", "/a%2Fb", True),
        ("/a%2Fb", "/a/b", False),
        ("a", "/a", False),
        ("/$", "/", True),
    ],
)
def test_patterns(pattern, path, fits):
    assert allowed(f"User-agent: *\nDisallow: {pattern}", path) is not fits


def test_robots_txt_itself_is_always_allowed():
    assert allowed("User-agent: *\nDisallow: /", "/robots.txt")


def test_hostile_files_are_bounded():
    """What is too long is left out, not misread; wildcards by the hundred take no time to speak of."""
    wild = "/" + "*a" * 900 + "$"
    many = "User-agent: *\n" + f"Disallow: {wild}\n" * 5000
    assert len(robots.rules(many.encode())) < robots.MOST_RULES
    assert allowed(many, "/" + "a" * 899 + "b")
    assert (
        robots.rules(b"User-agent: *\n" + b"Disallow: /x\n" * 90_000) == ((False, "/x"),) * robots.MOST_RULES
    )
    assert robots.rules(b"User-agent: *\nDisallow: /" + b"a" * 9999) == ()
    assert robots.rules(bytes(range(256)) * 100) == ()
    late = b"#" + b"x" * robots.LONGEST + b"\nUser-agent: *\nDisallow: /"
    assert robots.rules(late) == ()


def test_line_ends_marks_and_spaces():
    """A byte order mark, CR, CRLF and spaces around everything."""
    assert robots.rules("\ufeffUSER-AGENT : *\r\n Disallow :  /a \rAllow:/b".encode()) == (
        (False, "/a"),
        (True, "/b"),
    )
