"""What was taken down does not come back: not from its own source, nor as a copy; and what may come."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.dedupe import judge, stamp
from aggregator.model import Changed, Duplicate, Known, New, Rejected, Unchanged
from tests.dedupe.test_alike import LEAD, WIRE, banded, telling
from tests.dedupe.test_alike import stored as candidate_of
from tests.dedupe.test_verdict import A, B, known, minted, stored
from tests.posts import NOW, post

WEEKS = timedelta(days=60)


def stamped(one, by=A):
    [made], _ = stamp([replace(one, source=by.url)], by)
    return made


def verdicts(posts, state, by=A):
    made, _ = stamp([replace(one, source=by.url) for one in posts], by)
    return judge(made, by, state, minted, NOW).verdicts


def ended(*posts, kind="post", story=None, **fields):
    """What the store would say if these were taken down."""
    found = known(*posts, story=story, **fields)
    return replace(
        found,
        by_key={key: tuple(replace(k, ended=kind) for k in there) for key, there in found.by_key.items()},
    )


def test_the_same_entry():
    """However it has changed, nothing of it is stored."""
    one = stamped(post("1"))
    [verdict] = verdicts([post("1", title="Edited", content="<p>Edited</p>")], ended(one))
    assert verdict == Unchanged("tag:stored,2026:1", "it was taken down")


def test_its_link_under_another_guid():
    """Its own source: else the link would name neither of the two, and the new one would be shown."""
    one = stamped(post("1", link="https://a.example/x"))
    judged = judge([stamped(post("2", link="https://a.example/x"))], A, ended(one), minted, NOW)
    [verdict] = judged.verdicts
    assert isinstance(verdict, Duplicate)
    assert (verdict.story, verdict.reason) == ("tag:stored,2026:1", "link")
    assert judged.withdrawn == frozenset()


def test_its_link_under_several_guids():
    """Else it would be enough to say it twice in one document. Where the link never named one entry, it says
    nothing of what comes later.
    """
    one = stamped(post("1", link="https://a.example/x", content="<p>Other words</p>"))
    again = [post(n, link="https://a.example/x") for n in "123"]
    came = verdicts(again, ended(one))
    assert [type(verdict) for verdict in came] == [Unchanged, Duplicate, Duplicate]
    came = verdicts(again, ended(one, withdrawn=frozenset({one.link_key})))
    assert [type(verdict) for verdict in came] == [Unchanged, New, New]


def test_a_new_guid():
    """Its title and text under a guid and link that are new: it is stored beside the old one."""
    one = stamped(post("1", title="T", content="<p>Text</p>"))
    again = post("2", title="T", content="<p>Text</p>", link="https://a.example/2")
    [verdict] = verdicts([again], ended(one))
    assert isinstance(verdict, Duplicate)
    assert verdict.story == "tag:stored,2026:1"
    [living] = verdicts([again], known(one))
    assert isinstance(living, Changed)


@pytest.mark.parametrize(("kind", "expected"), [("post", Duplicate), ("source", New)])
def test_a_copy(kind, expected):
    """By its link: hidden with the post; of a source that was taken down it is a post of its own."""
    one = stamped(post("1", link="https://a.example/x"))
    [verdict] = verdicts([post("9", link="https://a.example/x")], ended(one, kind=kind), by=B)
    assert type(verdict) is expected
    [dropped] = verdicts([post("9", link="https://a.example/x", dropped="r")], ended(one, kind=kind), by=B)
    assert isinstance(dropped, Rejected)
    assert (dropped.story is not None) == (kind == "post")


def test_a_copy_of_what_others_tell_still():
    """Of two posts with its link one was taken down: it joins the other, which is shown."""
    gone, there = (stamped(post(n, link="https://a.example/x", id=f"tag:{n}")) for n in "12")
    there = replace(there, source="https://c.example/feed")
    by_key = {
        there.link_key: (replace(stored(gone), ended="post"), stored(there)),
    }
    [verdict] = verdicts([post("9", link="https://a.example/x")], Known(by_key), by=B)
    assert verdict.story == there.id


@pytest.mark.parametrize("url", ["https://a.example/feed", "https://b.example/feed"])
def test_in_other_words(url):
    """Of its own source or another, also after weeks, and twice in one document."""
    one = telling()
    candidate = candidate_of(one)
    taken = replace(candidate, known=replace(candidate.known, ended="post"))
    state = banded((one, taken))
    by = A if url == A.url else B
    late = [telling(n, LEAD + WIRE, url, published=NOW + WEEKS) for n in ("8", "9")]
    came = judge(late, by, state, minted, NOW).verdicts
    assert [(type(v), v.story, v.reason) for v in came] == [(Duplicate, "tag:g1", "alike")] * 2
    of_source = banded((one, replace(taken, known=replace(candidate.known, ended="source"))))
    assert isinstance(judge(late, by, of_source, minted, NOW).verdicts[0], New)


def test_as_like_another_story():
    """Of two that are equally similar, the one that is shown is meant."""
    gone, there = telling(), telling("g2", url="https://c.example/feed", published=NOW + timedelta(hours=1))
    candidates = candidate_of(gone), candidate_of(there)
    taken = replace(candidates[0], known=replace(candidates[0].known, ended="post"))
    state = banded((gone, taken), (there, candidates[1]))
    [verdict] = judge([telling("9", LEAD + WIRE, B.url)], B, state, minted, NOW).verdicts
    assert verdict.story == "tag:g2"


def test_copies_of_a_copy_in_one_document():
    """What follows in the document sees that the first was hidden: its other link is barred with it."""
    one = stamped(post("1", link="https://a.example/x"))
    first = post("8", link="https://b.example/8", canonical="https://a.example/x")
    came = verdicts([first, replace(first, guid="9", link="https://b.example/9")], ended(one), by=B)
    assert [(type(verdict), verdict.story) for verdict in came] == [(Duplicate, "tag:stored,2026:1")] * 2
