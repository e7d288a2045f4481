"""What rules do to posts, as a truth table."""

import pytest

from aggregator.classify import classify
from aggregator.model import Condition, Label, Rule, Said
from tests.posts import post, source

FED = Condition(text=(r"\bFed\b", "美联储"))


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        (Condition(title=("(?i)sponsored",)), False),
        (Condition(title=("Title",)), True),
        (Condition(text=("of g1",)), True),
        (Condition(text=("<p>",)), False),
        (Condition(author=("^Ann$",)), True),
        (Condition(author=("Bob", "Ann")), True),
        (Condition(link=("a\\.example",)), True),
        (Condition(term=("^x$",)), True),
        (Condition(language=("^en",)), True),
        (Condition(feed=("Feed A",)), True),
        (Condition(title=("Title",), author=("Bob",)), False),
    ],
    ids=str,
)
def test_condition(condition, fits):
    """Every key must match; a key matches if any of its patterns is found."""
    told = post(language="en-GB", said=Said(terms=("x", "y"), feed_title="Feed A"))
    done = classify(told, source(rules=(Rule("rules.0", when=condition, drop=True),)))
    assert done.dropped == ("rules.0" if fits else "")


@pytest.mark.parametrize(
    ("rules", "labels", "tags"),
    [
        ((), ["tech"], ["t"]),
        ((Rule("r", category=("macro",)),), ["macro"], ["t"]),
        ((Rule("r", also=("macro", "tech")),), ["tech", "macro"], ["t"]),
        ((Rule("r", tags=("Fed", "t")),), ["tech"], ["t", "Fed"]),
        ((Rule("r", unless=Condition(title=("Title",)), category=("macro",)),), ["tech"], ["t"]),
        ((Rule("r", category=("a",)), Rule("s", also=("b",))), ["a", "b"], ["t"]),
    ],
    ids=str,
)
def test_effect(rules, labels, tags):
    """Rules move, add and tag, in order."""
    done = classify(post(), source(categories=("tech",), tags=("t",), rules=rules))
    assert [[label.value for label in done.labels], list(done.tags)] == [labels, tags]


def test_drop_ends():
    """What comes after a rule that drops does not apply."""
    rules = (Rule("r0", drop=True), Rule("r1", category=("macro",)))
    done = classify(post(), source(categories=("tech",), rules=rules))
    assert (done.dropped, done.labels) == ("r0", (Label("tech", slug="tech"),))


def test_republish_of_a_rule_wins_over_the_source():
    """A rule may show less of a post than its source does."""
    done = classify(post(), source(republish="full", rules=(Rule("r", republish="link"),)))
    assert done.republish == "link"
