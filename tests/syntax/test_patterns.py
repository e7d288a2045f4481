"""Patterns search in linear time and say what is wrong with them; templates are filled once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.syntax import patterns


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("广告", "今日广告专题", True),
        ("(?i)sponsored|广告", "A SPONSORED post", True),
        ("sponsored", "A SPONSORED post", False),
        (r"\bFed\b", "the Fed raises", True),
        (r"\bFed\b", "Federal", False),
        (r"\bFed\b", "美联储Fed加息", True),
        (r"^沪指.$", "沪指涨", True),
        (".", "\ud800", True),
        ("a", "", False),
    ],
)
def test_pattern_is_searched(pattern, text, found):
    """A pattern is found anywhere, case counts, a character is one character in any script."""
    assert patterns.search(pattern, text) is found


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "missing ): (a"),
        ("a)", "unexpected ): a)"),
        ("[a", "missing ]: [a"),
        ("(?=a)", "invalid perl operator: (?="),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("*a", "no argument for repetition operator: *"),
        ("a{1001}", "invalid repetition size: {1001}"),
        (r"\pL{1000}", "pattern too large - compile failed"),
        ("\ud800", "holds half a character (a lone surrogate)"),
    ],
)
def test_bad_pattern_says_why(pattern, reason, capfd):
    """What RE2 does not take is an error with its reason, and nothing is written to stderr."""
    with pytest.raises(patterns.PatternError) as caught:
        patterns.compile(pattern)
    assert str(caught.value).startswith(reason)
    assert capfd.readouterr().err == ""


def test_a_pattern_that_ruins_backtracking_engines_ends():
    """Nested repetition over a long hostile text ends (Python's re would outlive us)."""
    assert not patterns.search("(a+)+$", "a" * 200_000 + "b")


@given(st.text(), st.text())
def test_any_pattern_compiles_or_says_why(pattern, text):
    """No pattern and no text gives anything but an answer or a PatternError."""
    try:
        found = patterns.search(pattern, text)
    except patterns.PatternError:
        return
    assert isinstance(found, bool)


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("新闻", ()),
        ("{author}", ("author",)),
        ("{author}的{term} {author}", ("author", "term")),
        ("{}", ("",)),
        ("{a", ()),
        ("{{a}}", ("a",)),
    ],
)
def test_placeholders_are_found(template, names):
    """Every name between braces is found once, in order."""
    assert patterns.placeholders(template) == names


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{author}新闻", "王芳新闻"),
        ("{author}/{author}", "王芳/王芳"),
        ("{other}", "{other}"),
        ("{trick}", "{author}"),
        ("plain", "plain"),
    ],
)
def test_template_is_filled_once(template, filled):
    """Values go in as they are; a name without a value, and braces inside a value, stay."""
    assert patterns.fill(template, {"author": "王芳", "trick": "{author}"}) == filled
