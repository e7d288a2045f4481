"""Which stories are shown, in which order, and who leads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.model import PostId, Story
from aggregator.publish import Entry, in_order, latest, primary, shown

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
POSITIONS = {"https://a.example/": 0, "https://b.example/": 1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"published": NOON, "source": "https://b.example/"},
         {"published": NOON + timedelta(seconds=1), "source": "https://a.example/"}),
        ({"published": NOON, "source": "https://a.example/", "id": "z"},
         {"published": NOON, "source": "https://b.example/", "id": "a"}),
        ({"published": NOON, "source": "https://a.example/", "id": "a"},
         {"published": NOON, "source": "https://a.example/", "id": "b"}),
        ({"published": NOON, "source": "https://b.example/", "id": "z"},
         {"published": NOON, "source": "https://removed.example/", "id": "a"}),
    ],
    ids=["published", "order in the file", "id", "not in the file"],
)  # fmt: skip
def test_primary(make, first, second):
    """The earliest leads, then the order in the file, then id; the order of arrival does not matter."""
    one, other = make(1, **first), make(2, **second)
    assert one == primary([one, other], POSITIONS)
    assert one == primary([other, one], POSITIONS)


def test_story_is_shown_once_with_what_its_members_add(make):
    """Under the story's id, with every category and tag once, the primary's first, and the others beside."""
    late = make(1, categories=("c", "b"), tags=("t", "u"))
    early = make(2, categories=("a", "b"), tags=("u", "v"))
    (one,) = shown([Story(PostId("story"), (late, early))], POSITIONS, 10)
    assert one.post.id == "story"
    assert one.post.title == early.title
    assert one.post.categories == ("a", "b", "c")
    assert one.post.tags == ("u", "v", "t")
    assert [(member.origin, member.link) for member in one.also_in] == [(late.origin, late.link)]


def test_newest_first_then_id_and_no_more_than_the_limit(make):
    """Order is by `published`, newest first, then by id; the rest is cut off."""
    moments = {"b": NOON, "a": NOON, "c": NOON + timedelta(hours=1), "d": NOON - timedelta(hours=1)}
    stories = [Story(PostId(name), (make(published=moment),)) for name, moment in moments.items()]
    assert [one.post.id for one in shown(stories, {}, 3)] == ["c", "a", "b"]
    assert shown(stories, {}, 0) == ()


@pytest.mark.parametrize("names", ["abc", "acb", "bac", "cba", "abdc", "dcba", "dabc"])
def test_entries_of_several_calls_come_in_the_order_of_one(make, names):
    """Whether they were in order before, or not, or only those of one moment were not."""
    moments = {"a": NOON + timedelta(hours=1), "b": NOON, "c": NOON, "d": NOON - timedelta(hours=1)}
    stories = [Story(PostId(name), (make(published=moments[name]),)) for name in names]
    entries = [Entry(*shown([story], {}, 1)) for story in stories]
    for limit in (len(names), 2, 0):
        ids = [one.id for one in in_order(entries, limit)]
        assert ids == [one.post.id for one in shown(stories, {}, limit)] == sorted(names)[:limit]


def test_story_without_members_is_a_fault(make):
    """The store never gives one; if it does, it is said."""
    with pytest.raises(ValueError, match="without members"):
        primary([], {})


def test_updated_of_a_document_never_goes_back(make):
    """The latest of the entries, what was said before if that is later, else the creation."""
    entries = [Entry(*shown([Story(PostId("s"), (make(updated=NOON),))], {}, 1))]
    later, earlier = NOON + timedelta(days=1), NOON - timedelta(days=1)
    assert latest(entries, None, later) == NOON
    assert latest(entries, earlier, later) == NOON
    assert latest(entries, later, earlier) == later
    assert latest((), None, earlier) == earlier
    assert latest((), NOON, earlier) == NOON


@pytest.mark.parametrize(
    ("said", "content"),
    [
        ({"article": "<p>all</p>", "whole": True}, "<p>all</p>"),
        ({"article": "<p>all</p>"}, "<p>a part</p>"),
        ({"whole": True}, "<p>a part</p>"),
    ],
)
def test_an_article_stands_for_the_content_where_its_feed_lets_us(make, said, content):
    """And where there is one."""
    told = Story(PostId("story"), (make(1, content="<p>a part</p>", **said),))
    assert shown([told], POSITIONS, 1)[0].post.content == content
