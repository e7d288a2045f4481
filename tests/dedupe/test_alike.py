"""Copies in other words: which story they join, and whom they never join."""

from datetime import timedelta

import pytest

from aggregator.dedupe import stamp
from aggregator.dedupe.alike import WINDOW
from aggregator.dedupe.verdict import judge
from aggregator.model import Candidate, Duplicate, Known, KnownPost, New, Rejected
from tests.posts import NOW, post, source

WIRE = (
    "The ministry said on Tuesday that exports of machine tools to the region fell for a third month in a "
    "row, as buyers waited for the new tariff schedule. Deliveries are expected to recover once the talks in "
    "Geneva end, a spokeswoman told reporters, adding that no factory had been closed and that short-time "
    "work was being prepared in two plants near the coast."
)
LEAD = "From our correspondent. What the figures mean for the town is not yet known. "
A, B, C = "https://a.example/feed", "https://b.example/feed", "https://c.example/feed"


def telling(guid="g1", text=WIRE, url=A, **said):
    """A stamped post of this source with this text."""
    fields = {
        "source": url,
        "link": f"{url}/{guid}",
        "content": f"<p>{text}</p>",
        "title": "Machine tool exports fall again",
    } | said
    (made,), _ = stamp([post(guid, **fields)], source(url))
    return made


def stored(made, story=None, sources=None):
    """What the store would say of a post that founded a story."""
    known = KnownPost(
        id=made.id or f"tag:{made.guid}",
        source=made.source,
        guid=made.guid,
        slug="",
        digest=made.digest,
        text_digest=made.text_digest,
        link=made.link,
        link_key=made.link_key,
        published=made.published,
        updated=made.updated,
        first_seen=made.first_seen,
        story=story or made.id or f"tag:{made.guid}",
    )
    return Candidate(known, made.title, made.content, frozenset(sources or {made.source}))


def banded(*candidates_of):
    by_band = {}
    for made, candidate in candidates_of:
        for band in made.bands:
            by_band.setdefault(band, []).append(candidate)
    return Known(by_band={band: tuple(found) for band, found in by_band.items()})


def verdict(new, *founders):
    [said] = judge(
        [new], source(new.source), banded(*founders), lambda p, n: f"tag:new-{p.guid}", NOW
    ).verdicts
    return said


def founder(guid="g1", **said):
    made = telling(guid, **said)
    return made, stored(made)


def test_a_copy_under_another_headline_joins():
    """With a lead on top, in another source."""
    said = verdict(telling("copy", LEAD + WIRE, B), founder())
    assert isinstance(said, Duplicate)
    assert (said.story, said.reason, said.telling) == ("tag:g1", "alike", None)
    assert 0.8 < said.similarity <= 1


def test_the_most_similar_story_is_joined():
    """Of two founders, the one that shares more."""
    near, far = founder("near"), founder("far", text=WIRE[:250] + LEAD, url=C)
    assert verdict(telling("copy", WIRE, B), near, far).story == "tag:near"
    assert verdict(telling("copy", WIRE, B), far, near).story == "tag:near"


def test_nothing_is_alike_within_a_source():
    """Two guids of one source are two posts; nor does a story take a second post of a source by its words."""
    assert isinstance(verdict(telling("again", WIRE, A), founder()), New)
    made = telling()
    assert isinstance(verdict(telling("third", WIRE, C), (made, stored(made, sources={A, C}))), New)


def test_two_posts_of_one_document_do_not_join_one_story():
    """The second of two that are like a founder stays its own."""
    posts = [telling("one", WIRE, B), telling("two", WIRE + " Updated.", B)]
    said = judge(posts, source(B), banded(founder()), lambda p, n: f"tag:new-{p.guid}", NOW).verdicts
    assert [type(v) for v in said] == [Duplicate, New]


@pytest.mark.parametrize(("apart", "joins"), [(WINDOW, True), (WINDOW + timedelta(seconds=1), False)])
def test_only_within_a_window(apart, joins):
    """What comes back later is another story."""
    late = telling("copy", WIRE, B, published=NOW + apart)
    assert isinstance(verdict(late, founder()), Duplicate if joins else New)


def test_other_numbers_are_another_story():
    """The same template with other figures."""
    said = [
        f"The index rose {n}% to {m} points on Tuesday, led by banks. " + WIRE
        for n, m in ((0.5, 3210), (1.7, 3264))
    ]
    assert isinstance(verdict(telling("copy", said[1], B), founder(text=said[0])), New)


def test_a_dropped_copy_remembers_what_it_would_join():
    """So that it can return there with the rule."""
    said = verdict(telling("copy", LEAD + WIRE, B, dropped="rules.0"), founder())
    assert isinstance(said, Rejected)
    assert (said.story, said.joined, said.reason) == ("tag:g1", "alike", "rules.0")


def test_a_document_has_so_many_comparisons(monkeypatch):
    """What is left after them is new: one hostile document must not keep us busy for minutes."""
    monkeypatch.setattr("aggregator.dedupe.alike.MOST_COMPARISONS", 1)
    posts = [telling(f"n{n}", WIRE + " " + "Another word." * n, B) for n in range(3)]
    founders = [founder(f"f{n}", text=WIRE + " " + "Another word." * n) for n in range(3)]
    said = judge(posts, source(B), banded(*founders), lambda p, n: f"tag:new-{p.guid}", NOW).verdicts
    assert [type(v) for v in said] == [Duplicate, New, New]
