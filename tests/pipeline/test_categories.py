"""From what an entry says to the slug of its category: read, lookup, known, decide, commit on one store."""

import pytest

from aggregator import pipeline
from aggregator.classify.labels import TEMPLATED_AT_MOST
from aggregator.model import Category, Config, NewCategory, Polling
from tests.fakes import MemoryStore
from tests.pipeline.given import NOW, URL, decide, fetched, item, kinds, lease, poll, rss, source, stored

A, B = URL, "https://b.example/feed.xml"
AUTHOR = {"categories": ("{author}",)}


class Desk:
    """A store in memory and its sources; polls one at a time."""

    def __init__(self, *sources, categories=()):
        self.store = MemoryStore(NOW)
        config = Config(
            categories=tuple(Category(slug, title) for slug, title in categories),
            sources=sources,
            polling=Polling(),
        )
        self.store.polls.sync(config, NOW)
        self.leases = {lease.source.url: lease for lease in self.store.polls.lease_due(NOW, 99)}

    def poll(self, url, *items):
        """A whole poll; its outcome."""
        lease, body = self.leases.pop(url), fetched(rss(*items))
        reading = pipeline.read(lease, body, NOW, self.store.site)
        known = self.store.polls.known(pipeline.lookup(lease, reading, NOW))
        outcome = decide(lease, body, reading, known)
        self.store.polls.commit([outcome], NOW)
        return outcome

    def titles(self):
        return {category.slug: category.title for category in self.store.posts.categories()}


def placed(outcome):
    """The slugs of each post, by the last character of its guid."""
    return {v.post.guid[-1]: v.post.categories for v in outcome.verdicts}


def test_a_value_makes_a_category():
    """The slug is the romanized value, the title the value, and the store has it from then on."""
    desk = Desk(source(**AUTHOR))
    outcome = desk.poll(A, item("1", author="中国市场监管新闻网"), item("2", author="Bob"))
    slug = "zhongguoshichangjianguanxinwenwang"
    assert outcome.categories == (
        NewCategory(slug, "中国市场监管新闻网", "中国市场监管新闻网", A),
        NewCategory("bob", "Bob", "bob", A),
    )
    assert placed(outcome) == {"1": (slug,), "2": ("bob",)}
    assert desk.titles() == {slug: "中国市场监管新闻网", "bob": "Bob"}


@pytest.mark.parametrize("other", ["bob", "ＢＯＢ", " Bob\n ", "BOB"])
def test_values_that_fold_alike_are_one(other):
    """NFKC, case and white space make no second category: in one document, nor in another source's."""
    desk = Desk(source(**AUTHOR), source(B, **AUTHOR))
    first = desk.poll(A, item("1", author="Bob"), item("2", author=other))
    assert [category.slug for category in first.categories] == ["bob"]
    second = desk.poll(B, item("3", author=other, guid="b-3"))
    assert second.categories == ()
    assert placed(second) == {"3": ("bob",)}
    assert desk.titles() == {"bob": "Bob"}


@pytest.mark.parametrize(
    ("author", "slug"),
    [("World", "world"), ("world", "world"), ("天下", "world"), ("Tian Xia", "tian-xia")],
    ids=["its slug as a value", "its slug", "its title", "neither"],
)
def test_configured_categories_take_what_names_them(author, slug):
    """A value that is a configured title, or whose slug a configured category has, is that category."""
    desk = Desk(source(**AUTHOR), categories=[("world", "天下")])
    outcome = desk.poll(A, item("1", author=author))
    assert placed(outcome) == {"1": (slug,)}
    assert [made.slug for made in outcome.categories] == ([] if slug == "world" else [slug])


def test_colliding_slugs_are_numbered():
    """Different values with one romanization stay apart, also when they come at different times."""
    desk = Desk(source(**AUTHOR), source(B, **AUTHOR))
    first = desk.poll(
        A, item("1", author="市场"), item("2", author="Shi Chang"), item("3", author="shichang")
    )
    assert placed(first) == {"1": ("shichang",), "2": ("shi-chang",), "3": ("shichang-2",)}
    second = desk.poll(B, item("4", author="试场", guid="b-4"), item("5", author="市场", guid="b-5"))
    assert placed(second) == {"4": ("shichang-3",), "5": ("shichang",)}


def test_what_an_entry_does_not_say_is_the_sources_title():
    """A template without a value names the source itself."""
    desk = Desk(source(title="My source", **AUTHOR))
    outcome = desk.poll(A, item("1"))
    assert placed(outcome) == {"1": ("my-source",)}
    assert desk.titles() == {"my-source": "My source"}


def test_a_source_cannot_flood_the_site_with_categories():
    """After so many templated categories its posts go under its own title, and known ones still count."""
    desk = Desk(source(title="Mine", **AUTHOR))
    authors = [f"Author {n}" for n in range(TEMPLATED_AT_MOST + 5)]
    outcome = desk.poll(A, *(item(f"p{n}", author=author) for n, author in enumerate(authors)))
    slugs = [verdict.post.categories for verdict in outcome.verdicts]
    assert slugs[TEMPLATED_AT_MOST - 1] == (f"author-{TEMPLATED_AT_MOST - 1}",)
    assert set(slugs[TEMPLATED_AT_MOST:]) == {("mine",)}
    assert len(desk.titles()) == TEMPLATED_AT_MOST + 1


def test_a_fixed_value_is_not_counted_against_the_source():
    """What the file itself names is the operator's wish, not the feed's."""
    desk = Desk(source(categories=("Good news",)))
    outcome = desk.poll(A, item("1"))
    assert outcome.categories == (NewCategory("good-news", "Good news", "good news", None),)


def test_one_post_in_several_categories():
    """Labels that lead to one category count once, in their order."""
    desk = Desk(source(categories=("{term}", "macro", "{author}")), categories=[("macro", "宏观")])
    outcome = desk.poll(A, item("1", author="宏观", term="Rates"))
    assert placed(outcome) == {"1": ("rates", "macro")}


def test_unchanged_posts_make_no_categories():
    """Only what is written needs a category."""
    held, body = lease(source(**AUTHOR)), rss(item("1", author="Ann"))
    _, first = poll(held, body)
    assert [made.slug for made in first.categories] == ["ann"]
    _, again = poll(held, body, stored(first))
    assert kinds(again) == ["Unchanged"]
    assert again.categories == ()
