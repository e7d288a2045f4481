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


def meant(asked, *posts, whole=False):
    """The sources of who is meant, whether they are too many, and the sources of who is left."""
    config = Config(sources=(source(), source(OTHER, position=1)))
    by_story = {}
    for one in posts:
        by_story.setdefault(one.story, []).append(one)
    found = [StoredStory(story, tuple(members)) for story, members in by_story.items()]
    sought = explaining.sought(asked, config, Findings())
    answer = takedown.meant(sought, found, config, whole=whole)
    return [one.post.source for one in answer.posts], answer.several, [one.post.source for one in answer.left]


LINK = "https://a.example/one"
ONE = stored("one")
COPY = stored("copy", OTHER, ONE.story, link=f"{LINK}?utm_source=b", guid="x")
SAME = stored("same", OTHER, ONE.story, guid=ONE.post.guid)
SAME = replace(SAME, post=replace(SAME.post, id="tag:minted"))
DROPPED = replace(ONE, post=replace(ONE.post, dropped="rules.0"))
LINKED = stored("linked", THIRD, ONE.story, guid=LINK, link=LINK)
WORDS = stored("words", THIRD, ONE.story)


@pytest.mark.parametrize(
    ("asked", "posts", "expected"),
    [
        (f"{LINK}#top", (COPY, ONE, WORDS), [ONE.post.source]),  # a link: who speaks for those that have it
        (f"{LINK}#top", (COPY, DROPPED), [OTHER]),  # ... where readers see it
        (ONE.post.id, (ONE, COPY, WORDS), [ONE.post.source]),  # an id: the one
        (ONE.post.guid, (ONE, SAME), [ONE.post.source]),
        (COPY.post.id, (ONE, COPY), [OTHER]),
        ("x", (ONE, COPY), [OTHER]),  # a guid that is no id
        (LINK, (LINKED, ONE), [ONE.post.source]),  # an id that is a link
        (LINK, (), []),
    ],
)
def test_who_is_meant(asked, posts, expected):
    """One post, whatever is asked: others tell it still, and can be taken down in their turn."""
    assert meant(asked, *posts) == (expected, False, [])


def test_posts_of_several_stories():
    """A link that many have: the operator has to say which."""
    apart = replace(COPY, story="tag:other")
    assert meant(LINK, ONE, apart) == ([ONE.post.source, OTHER], True, [])


def test_what_has_gone():
    """A link that was taken down means nobody who is left, but for `--story`: run twice, it does no more."""
    gone = replace(ONE, ended=ENDED)
    left = replace(COPY, story="tag:other")
    assert meant(LINK, gone, left) == ([], False, [OTHER])
    assert meant(LINK, gone, left, whole=True) == ([OTHER], False, [])
    assert meant(LINK, gone, replace(left, ended=ENDED)) == ([ONE.post.source], False, [])
    of_source = replace(ONE, ended=replace(ENDED, kind="source"))
    assert meant(LINK, of_source, left) == ([OTHER], False, [])


def test_an_id_that_has_ended():
    """It means what went with it, for good: not the post that had it and is called otherwise by now."""
    founder = replace(ONE, post=replace(ONE.post, id="tag:new"), story="tag:new")
    gone = replace(COPY, story=ONE.post.id, ended=ENDED)
    assert meant(ONE.post.id, founder, gone) == ([OTHER], False, [])


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
