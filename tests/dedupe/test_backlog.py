"""What a source that comes later may put into documents that are out."""

from datetime import timedelta

from aggregator.dedupe.backlog import held_back
from aggregator.model import Duplicate, New
from tests.posts import NOW, post, source

HOUR = timedelta(hours=1)
POSTS = [
    post(f"tag:x,2026:{n}", published=NOW - n * HOUR, categories=("a", "b") if n % 2 else ("a",))
    for n in range(6)
]
VERDICTS = [New(one) for one in reversed(POSTS)]


def held(opened, backlog=2, verdicts=VERDICTS):
    """The numbers of the posts that stay out, by document."""
    found = {}
    for id, scope in held_back(verdicts, source(backlog=backlog), NOW, opened):
        found.setdefault(scope, set()).add(int(id[-1]))
    return found


def test_the_newest_few_come_in_and_the_rest_stays_out():
    """Each document by itself: `feed.atom`, and the two categories."""
    out = dict.fromkeys((None, "a", "b"), NOW - HOUR)
    assert held(out) == {None: {2, 3, 4, 5}, "a": {2, 3, 4, 5}, "b": {5}}


def test_a_document_that_was_never_published_shows_its_newest_whatever_their_age():
    """A category that the source makes is as full as the feed."""
    assert held({None: NOW - HOUR}) == {None: {2, 3, 4, 5}}


def test_a_source_that_was_there_from_the_start_fills_its_documents():
    """Although its first answer comes after the first publish."""
    assert held({None: NOW + HOUR, "a": NOW}) == {}


def test_backlog_zero_holds_everything():
    """Only what comes from now on."""
    assert held({"b": NOW - HOUR}, backlog=0) == {"b": {1, 3, 5}}


def test_what_others_tell_already_is_theirs():
    """A copy of a story that is out changes nothing about where it is."""
    copies = [Duplicate(one, "tag:x:story") for one in POSTS]
    assert held({None: NOW - HOUR}, verdicts=copies) == {}
