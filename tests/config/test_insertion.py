"""Items are put into feeds.yaml as their owner would have done it, and nothing else of it changes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator.config import load
from aggregator.config.insertion import insert
from aggregator.config.pieces import FeedItem, category, feed, listing
from aggregator.errors import AggregatorError, ConfigError

A = "https://a.example/feed"
NEW = feed(FeedItem("https://new.example/$x", remark="New # one"))
FULL = feed(FeedItem("https://full.example/f?a=1", "It's: {x}", ("a", "{author}"), private=True))
BLOCK = "- https://new.example/$$x  # New # one"
FLOW = "{url: https://full.example/f?a=1, title: 'It''s: {x}', category: [a, '{author}'], private: true}"


def loaded(text):
    return load(text, name="feeds.yaml", directory="/srv", environment={})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"feeds:\n  - {A}\n", f"feeds:\n  - {A}\n  {BLOCK}\n"),
        (f"feeds:\n- {A}  # mine\n# end\n", f"feeds:\n- {A}  # mine\n{BLOCK}\n# end\n"),
        (f"feeds:\n    - {A}", f"feeds:\n    - {A}\n    {BLOCK}"),
        (
            f"feeds:\r\n  - url: {A}\r\n    title: |\r\n      A\r\n\r\nsite: {{}}\r\n",
            f"feeds:\r\n  - url: {A}\r\n    title: |\r\n      A\r\n\r\n  {BLOCK}\r\nsite: {{}}\r\n",
        ),
        (
            f"feeds:\n  - url: {A}\n    tags: [x,\n      y]\n",
            f"feeds:\n  - url: {A}\n    tags: [x,\n      y]\n  {BLOCK}\n",
        ),
        ("feeds: []\n", "feeds: [https://new.example/$$x]\n"),
        (f"feeds: [{A}]", f"feeds: [{A}, https://new.example/$$x]"),
        (f"feeds: [\n  {A},  # mine\n]\n", f"feeds: [\n  {A}, https://new.example/$$x  # mine\n]\n"),
        ("feeds: # none yet\nsite: {}\n", f"feeds: # none yet\n  {BLOCK}\nsite: {{}}\n"),
        ("site:\n  title: x", f"site:\n  title: x\nfeeds:\n  {BLOCK}"),
        ("\ufeffsite: {}\n...\n", f"\ufeffsite: {{}}\nfeeds:\n  {BLOCK}\n...\n"),
        ("# nothing\n", f"# nothing\nfeeds:\n  {BLOCK}\n"),
        (f'{{"feeds": ["{A}"]}}', f'{{"feeds": ["{A}", https://new.example/$$x]}}'),
    ],
)
def test_one_more_feed(before, after):
    """It takes the form of its neighbours: dashes, brackets, indentation, line breaks, comments."""
    assert insert(before, "feeds", [NEW]) == after
    assert loaded(after).sources[-1].url == "https://new.example/$x"


def test_several_between_brackets():
    """Each has a line, so that what comes out can be read."""
    after = insert(f"feeds: [{A}]\n", "feeds", [NEW, FULL])
    assert after == f"feeds: [{A},\n    https://new.example/$$x,\n    {FLOW}]\n"
    [_, _, full] = loaded(after).sources
    assert (full.title, full.categories, full.private) == ("It's: {x}", ("a", "{author}"), True)


def test_categories():
    """They go into the mapping, before the keys that follow it."""
    before = f"categories:\n  a:\n    title: A\nfeeds: [{A}]\n"
    after = insert(before, "categories", [category("b", "B: {x} $")])
    assert after == f"categories:\n  a:\n    title: A\n  b: {{title: 'B: {{x}} $$'}}\nfeeds: [{A}]\n"
    assert [c.title for c in loaded(after).categories[:2]] == ["A", "B: {x} $"]


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (f"x: &f [{A}]\nfeeds: *f\n", "its value is an alias"),
        ("feeds: ~\n", "its value is a text"),
        ("feeds: |\n  x\n", "its value is a text"),
        ("- feeds\n", "no mapping with a key in each line"),
        ("{site: {}}\n", "no mapping with a key in each line"),
        (f"feeds: &f [{A}]\nother: *f\n", "come to say something else"),
        ("feeds: {}\n", "come to say something else"),
        ("feeds: [\n", "not YAML"),
    ],
)
def test_refused(before, why):
    """Where inserting cannot do it, the words say so, and that nothing was written."""
    with pytest.raises(AggregatorError, match=why) as refused:
        insert(before, "feeds", [NEW])
    assert "nothing was written" in str(refused.value)


TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        "- x",
        "a: b",
        "#x",
        "'",
        '"',
        "${HOME}",
        "$$",
        "{author}",
        "x\n- file:/etc/passwd",
        "\u2028",
        "\x85",
        "no",
    ]
)
FILES = [
    "",
    "feeds:\n",
    "feeds: []  # none\n",
    "feeds:\n- https://a.example/\n# - b\n",
    "feeds:\r\n    - url: https://a.example/\r\n      title: 'A'\r\n\r\n\r\n# end",
    "feeds: [https://a.example/, {url: https://b.example/, title: B},]",
    "site: {title: '[x]'}\nfeeds: [\n  https://a.example/, # one\n\n]\nrules: []\n",
    "categories:\n  b: {feeds: [https://b.example/]}\nfeeds:\n  - https://a.example/\nsite:\n  title: 'x",
    "# 😀\nsite:\n  title: >-\n    feeds:\n      - x\n\nfeeds:\n  - url: https://a.example/\n    rules:\n"
    "      - if: {title: 'x'}\n        then: drop\n\n\n",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILES), st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
@example(FILES[4], [("x\r\n- file:/etc/passwd #", "a\x00b")])
def test_whatever_a_title_holds(before, said):
    """The result says what the file said and the new items, and differs by what was inserted alone."""
    items = [
        FeedItem(f"https://{n}.example/", title=title, remark=remark)
        for n, (title, remark) in enumerate(said)
    ]
    try:
        after = insert(before, "feeds", list(map(feed, items)))
    except AggregatorError:
        assert "'x" in before  # that file is no YAML
        return
    start = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    assert after[: start + len(after) - len(before)] + before[start:] == after
    new = loaded(after).sources
    try:
        old = loaded(before).sources
    except ConfigError:
        old = ()
    assert [s.url for s in new] == [*(s.url for s in old), *(item.url for item in items)]
    for source, item in zip(new[len(old) :], items, strict=True):
        assert source.title == "" or " ".join(source.title.split()) == source.title
        assert "\n" not in source.title
        assert source.private is False
        assert source.title or not item.title.strip("\n\r\t \x85\u2028\ufeff") or not item.title.isprintable()
    assert [s.url for s in loaded(listing((), list(map(feed, items)))).sources] == [i.url for i in items]
