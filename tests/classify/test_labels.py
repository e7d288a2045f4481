"""Category values become slugs once, and the same value is the same category."""

from dataclasses import replace

import pytest

from aggregator.classify import assign
from aggregator.classify.labels import TEMPLATED_AT_MOST, categories_of, tags_of
from aggregator.model import Known, Label, Said
from aggregator.syntax.labels import fold
from aggregator.syntax.slugs import slugify
from tests.posts import post, source


def assigned(labels, known=None, **fields):
    """The slugs of one post with these labels, and the slugs that are new."""
    slugged = tuple(replace(label, slug=slugify(label.value)) for label in labels)
    posts, made = assign([post(labels=slugged)], known or Known(), source(**fields))
    return posts[0].categories, [c.slug for c in made]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Tech", "tech"), ("ＴＥＣＨ", "tech"), ("  open\n source ", "Open Source"), ("Straße", "STRASSE")],
)
def test_values_that_read_the_same_are_one_category(one, other):
    """NFKC, case and white space do not make two categories."""
    assert fold(one) == fold(other)


def test_chinese_value_gets_a_romanized_slug():
    """The slug is the romanized value, the title the value."""
    labels = categories_of(["{author}"], post(said=Said(author="中国市场监管新闻网")), "F")
    posts, made = assign([post(labels=labels)], Known(), source())
    assert posts[0].categories == ("zhongguoshichangjianguanxinwenwang",)
    assert [(c.title, c.templated_by) for c in made] == [("中国市场监管新闻网", source().url)]


def test_known_value_keeps_its_slug():
    """A slug is stored, never recomputed."""
    known = Known(labels={fold("Tech"): "technology"}, slugs=frozenset({"technology"}))
    assert assigned([Label("TECH", True)], known) == (("technology",), [])


def test_value_whose_slug_is_configured_is_that_category():
    """A template that gives `Tech!` lands in the configured `tech`."""
    known = Known(slugs=frozenset({"tech"}), configured=frozenset({"tech"}))
    assert assigned([Label("Tech!", True)], known) == (("tech",), [])


def test_other_collisions_get_a_number():
    """Two values with one romanization stay two categories."""
    known = Known(labels={fold("施实"): "shishi"}, slugs=frozenset({"shishi", "shishi-2"}))
    assert assigned([Label("时事", True)], known) == (("shishi-3",), ["shishi-3"])


def test_a_source_makes_a_hundred_categories_and_no_more():
    """After that its own title is the category."""
    known = Known(templated=TEMPLATED_AT_MOST)
    assert assigned([Label("One more", True)], known, title="Feed A") == (("feed-a",), ["feed-a"])


def test_a_source_that_renames_itself_makes_no_more():
    """Past the cap and its own title there is `general`."""
    beyond = Known(templated=TEMPLATED_AT_MOST + 1)
    assert assigned([Label("One more", True)], beyond, title="New name") == (("general",), ["general"])


def test_missing_values_are_the_title_of_the_source():
    """`{author}` of an entry without an author is the feed's title."""
    nameless = post(said=Said(feed_title="财新"))
    assert categories_of(["{author}"], nameless, "财新") == (Label("财新", True, "caixin"),)
    assert tags_of(["{author}新闻"], nameless, "财新") == ("财新新闻",)


def test_term_gives_the_first_for_a_category_and_each_for_tags():
    """`{term}` is one category and many tags."""
    termed = post(said=Said(terms=("a", "b"), feed_title="F"))
    assert categories_of(["{term}"], termed, "F") == (Label("a", True, "a"),)
    assert tags_of(["{term}", "fixed"], termed, "F") == ("a", "b", "fixed")
