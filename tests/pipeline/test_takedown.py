"""Which posts a takedown means: nothing is guessed, since it is for good."""

from dataclasses import replace

import pytest

from aggregator.model import Config, Ended, Findings, StoredPost, StoredStory
from aggregator.pipeline import explaining, takedown
from tests.pipeline.given import HOUR, NOW, item, lease, poll, rss, source

OTHER, THIRD = "https://b.example/feed", "https://c.example/feed"
ENDED = Ended(NOW, "post", "made")


def stored(name, url="https://a.example/feed.xml", story=None, **said):
    """A post as the store has it; `ended` with its story."""
    ended = said.pop("ended", None)
    _, outcome = poll(lease(source(url)), rss(item(name, **said)))
    [verdict] = outcome.verdicts
    return StoredPost(verdict.post, story or verdict.post.id, "d1", active=True, ended=ended)


def meant(asked, *posts):
    config = Config(sources=(source(), source(OTHER)))
    by_story = {}
    for one in posts:
        by_story.setdefault(one.story, []).append(one)
    found = [StoredStory(story, tuple(members)) for story, members in by_story.items()]
    answer = takedown.meant(explaining.sought(asked, config, Findings()), found)
    return [one.post.source for one in answer.posts], answer.several


LINK = "https://a.example/one"
ONE = stored("one")
COPY = stored("copy", OTHER, ONE.story, link=f"{LINK}?utm_source=b", guid="x")
SAME = stored("same", OTHER, ONE.story, guid=ONE.post.guid)
SAME = replace(SAME, post=replace(SAME.post, id="tag:minted"))
LINKED = stored("linked", THIRD, ONE.story, guid=LINK, link=LINK)
WORDS = stored("words", THIRD, ONE.story)


@pytest.mark.parametrize(
    ("asked", "posts", "expected"),
    [
        (f"{LINK}#top", (ONE, COPY, WORDS), [ONE.post.source, OTHER]),  # a link: all that have it
        (ONE.post.id, (ONE, COPY, WORDS), [ONE.post.source]),  # an id: the one
        (ONE.post.guid, (ONE, SAME), [ONE.post.source]),
        (COPY.post.id, (ONE, COPY), [OTHER]),
        ("x", (ONE, COPY), [OTHER]),  # a guid that is no id
        (LINK, (LINKED, ONE), [THIRD, ONE.post.source]),  # an id that is a link
        (LINK, (), []),
    ],
)
def test_who_is_meant(asked, posts, expected):
    """A link means every post under it, since they tell the same; an id means its post alone."""
    assert meant(asked, *posts) == (expected, False)


def test_posts_of_several_stories():
    """A link that many have: the operator has to say which."""
    apart = replace(COPY, story="tag:other")
    assert meant(LINK, ONE, apart) == ([ONE.post.source, OTHER], True)


def test_what_has_gone():
    """It does not stand in the way of what is left; where nothing is, it is what is meant."""
    gone = replace(ONE, ended=ENDED)
    assert meant(LINK, gone, replace(COPY, story="tag:other")) == ([OTHER], False)
    assert meant(LINK, gone, replace(COPY, story="tag:other", ended=ENDED)) == ([ONE.post.source], False)


def test_an_id_that_has_ended():
    """It means what went with it, for good: not the post that had it and is called otherwise by now."""
    founder = replace(ONE, post=replace(ONE.post, id="tag:new"), story="tag:new")
    gone = replace(COPY, story=ONE.post.id, ended=ENDED)
    assert meant(ONE.post.id, founder, gone) == ([OTHER], False)


def test_new_ids():
    """Ours, another for each, the same for the same; they name no source that the file does not."""
    confidential = source(OTHER, confidential=True)
    make = takedown.new_id(Config(sources=(source(), confidential)), NOW)
    ids = [make(ONE.post.source, "urn:1"), make(ONE.post.source, "urn:2"), make(OTHER, "urn:1")]
    assert ids[0].startswith("tag:a.example,2026-11-24:")
    assert ids[2].startswith("tag:aggregator.invalid,")
    assert make(THIRD, "urn:1").startswith("tag:aggregator.invalid,")
    assert len(set(ids)) == 3
    assert takedown.new_id(Config(sources=(source(),)), NOW + HOUR)(ONE.post.source, "urn:1") == ids[0]
