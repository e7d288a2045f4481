"""What an edit would do to stored posts, told without doing it."""

from dataclasses import replace

from aggregator.model import Difference, SourceDifference, StoredPost
from aggregator.pipeline.differing import TITLES, moved, shifts
from tests.contract.made import NOW, post


def stored(name, **said):
    """A post of an active source, shown in `news`."""
    made = post(name, title=name.title())
    given = {key: said.pop(key) for key in ("active", "purged", "retracted") if key in said}
    return StoredPost(replace(made, **said), made.id, "d", **{"active": True, **given})


def after(*posts, **said):
    """What becomes of them."""
    return {one.post.id: replace(one.post, **said) for one in posts}


def told(some, becomes):
    return [(s.kind, s.before, s.after, s.posts, s.titles) for s in shifts(some, becomes)]


def test_nothing_happens_to_what_stays_as_it_is():
    """And nothing is said of it."""
    one = stored("one")
    assert told([one], after(one)) == []
    assert moved([one], after(one)) == ({}, {})


def test_posts_to_which_the_same_happens_are_counted_together():
    """The newest of them are named."""
    some = [stored(f"n{n}") for n in range(TITLES + 2)]
    titles = tuple(one.post.title for one in some[:TITLES])
    assert told(some, after(*some, categories=("world", "arts"))) == [
        ("moves", "news", "arts, world", TITLES + 2, titles)
    ]
    gains, losses = moved(some, after(*some, categories=("world", "arts")))
    assert (gains, losses) == ({"arts": 5, "world": 5}, {"news": 5})


def test_hidden_and_back():
    """By the rule; where a post is hidden before and after, nobody sees a difference."""
    one, two = stored("one"), stored("two", dropped="rules.1")
    assert told([one, two], after(one, two, dropped="rules.0")) == [
        ("hidden", "rules.0", "news", 1, ("One",))
    ]
    assert told([one, two], after(one, two, dropped="")) == [("back", "rules.1", "news", 1, ("Two",))]
    assert moved([one, two], after(one, two, dropped="")) == ({"news": 1}, {})


def test_a_source_that_leaves_and_returns():
    """What it shows leaves every category, and returns to those of the file."""
    one, hidden = stored("one"), stored("two", dropped="rules.0")
    assert told([one, hidden], {}) == [("leaves", "news", "", 1, ("One",))]
    away = replace(one, active=False)
    assert told([away], after(one, categories=("arts",))) == [("back", "", "arts", 1, ("One",))]


def test_what_is_over_stays_over():
    """Posts that are purged or deleted come back by no edit."""
    gone = [stored("old", purged=True), stored("deleted", retracted=NOW)]
    assert told(gone, after(*gone, categories=("arts",))) == []
    assert moved(gone, after(*gone, categories=("arts",))) == ({}, {})


def test_how_much_is_shown_and_tags():
    """Each by itself."""
    one = stored("one", tags=("x",))
    assert told([one], after(one, republish="link", tags=())) == [
        ("shown", "in full", "as a link alone", 1, ("One",)),
        ("tagged", "x", "", 1, ("One",)),
    ]


def test_what_was_looked_at():
    """Of all that may become something else."""
    some = SourceDifference("edited", "a", posts=50, stored=60, looked=20), SourceDifference("new", "b")
    assert (Difference(some).looked, Difference(some).concerned) == (20, 60)
