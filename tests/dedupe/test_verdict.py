"""What posts turn out to be: a truth table over what is stored."""

from dataclasses import replace
from datetime import timedelta

from aggregator.dedupe import judge, stamp
from aggregator.model import (
    Changed,
    Duplicate,
    Known,
    KnownPost,
    New,
    PostId,
    Rejected,
    Unchanged,
)
from tests.posts import NOW, post, source

A, B = source(), source("https://b.example/feed", position=1)


def stored(one, story=None, position=0):
    """A stamped post as the store would know it."""
    return KnownPost(
        id=one.id or PostId(f"tag:stored,2026:{one.guid}"),
        source=one.source,
        guid=one.guid,
        slug=one.slug,
        digest=one.digest,
        text_digest=one.text_digest,
        link_key=one.link_key,
        published=one.published,
        updated=one.updated,
        first_seen=one.first_seen,
        story=PostId(story or one.id or f"tag:stored,2026:{one.guid}"),
        story_standing=one.standing,
        story_published=one.published,
        story_position=position,
        dropped=one.dropped,
        label_digest=one.label_digest,
    )


def known(*posts, **fields):
    """What a store that holds these posts would answer."""
    by_key = {}
    for one in posts:
        for key in one.keys:
            by_key.setdefault(key, []).append(stored(one))
    ids = frozenset(one.id for one in posts if one.id)
    return Known(by_key={k: tuple(v) for k, v in by_key.items()}, ids=ids, **fields)


def verdicts(posts, state, by=A):
    """The verdicts on a document's posts."""
    stamped, _ = stamp([replace(one, source=by.url) for one in posts], by)
    return judge(stamped, by, state, lambda one: PostId(f"tag:minted,2026:{one.guid}"), NOW)


def stamped(one, by=A):
    """A post with its keys."""
    return stamp([replace(one, source=by.url)], by)[0][0]


def test_first_sight_is_new_under_its_own_id():
    """A guid that is an IRI is the id, as given."""
    (verdict,) = verdicts([post("tag:a,2026:1")], Known()).verdicts
    assert isinstance(verdict, New)
    assert verdict.post.id == "tag:a,2026:1"


def test_a_guid_that_is_no_iri_gets_an_id_of_ours():
    """`g1` is no id for the world."""
    (verdict,) = verdicts([post("g1")], Known()).verdicts
    assert verdict.post.id == "tag:minted,2026:g1"


def test_same_again_is_unchanged():
    """The same bytes twice publish once."""
    one = stamped(post())
    (verdict,) = verdicts([post()], known(one)).verdicts
    assert isinstance(verdict, Unchanged)


def test_new_date_alone_changes_nothing():
    """Feeds that touch `updated` at every poll are not news."""
    one = stamped(post())
    (verdict,) = verdicts([post(published=NOW - timedelta(1), claims_updated=NOW)], known(one)).verdicts
    assert isinstance(verdict, Unchanged)


def test_visible_change_keeps_id_and_dates_and_moves_updated():
    """The entry's own `updated` counts where it is later than ours and not in the future."""
    one = stamped(post(published=NOW - timedelta(days=2), updated=NOW - timedelta(days=2)))
    claimed = NOW - timedelta(days=1)
    (verdict,) = verdicts([post(title="Better", claims_updated=claimed)], known(one)).verdicts
    assert isinstance(verdict, Changed)
    assert (verdict.post.published, verdict.post.updated) == (NOW - timedelta(days=2), claimed)
    (late,) = verdicts([post(title="Better", claims_updated=NOW + timedelta(1))], known(one)).verdicts
    assert late.post.updated == NOW


def test_new_labels_move_a_post_and_no_date():
    """An edit of the file that tags a post is no change for its readers."""
    one = stamped(post(updated=NOW - timedelta(days=2)))
    (verdict,) = verdicts([post(tags=("x",))], known(one)).verdicts
    assert isinstance(verdict, Changed)
    assert verdict.post.updated == NOW - timedelta(days=2)


def test_updates_ignore():
    """A feed whose edits are not wanted stays as it was first seen."""
    one = stamped(post())
    (verdict,) = verdicts([post(title="Better")], known(one), replace(A, updates="ignore")).verdicts
    assert isinstance(verdict, Unchanged)
    assert "ignore" in verdict.reason


def test_same_link_in_another_source_is_a_duplicate():
    """A canonical URL tells copies across sources; the earlier one leads."""
    one = stamped(post("a", link="https://x.example/1"))
    copy = post("b", link="https://x.example/1?utm_medium=x", published=NOW - timedelta(hours=1))
    (verdict,) = verdicts([copy], known(one), B).verdicts
    assert isinstance(verdict, Duplicate)
    assert (verdict.story, verdict.leads) == ("tag:stored,2026:a", True)


def test_who_claims_an_earlier_date_does_not_speak_for_the_author():
    """A date is anybody's claim: the site of the link leads, who names another feed comes last."""
    one = stamped(post("a", link="https://a.example/1", standing=0))
    thief = post("b", link="https://a.example/1", standing=1, published=NOW - timedelta(days=9))
    planet = post("c", link="https://a.example/1", standing=2, published=NOW - timedelta(days=9))
    for copy in (thief, planet):
        (verdict,) = verdicts([copy], known(one), B).verdicts
        assert not verdict.leads
    (author,) = verdicts([replace(one, keys=())], known(stamped(replace(thief, source=B.url), B)), A).verdicts
    assert author.leads


def test_same_id_elsewhere_is_a_copy_only_if_link_or_content_agree():
    """RFC 4287, 8.4: an id alone lets nobody hide another's post."""
    one = stamped(post("tag:a,2026:1"))
    same_text = post("tag:a,2026:1", link="https://b.example/copy")
    (agrees,) = verdicts([same_text], known(one), B).verdicts
    (spoofed,) = verdicts([replace(same_text, content="<p>Buy</p>")], known(one), B).verdicts
    assert isinstance(agrees, Duplicate)
    assert isinstance(spoofed, New)
    assert spoofed.post.id == "tag:minted,2026:tag:a,2026:1"
    assert agrees.post.id != one.id


def test_different_guids_of_a_source_are_different_posts():
    """Whatever the link says; and then the link names none of them."""
    one = stamped(post("a", link="https://x.example/show"))
    judged = verdicts([post("b", link="https://x.example/show")], known(one))
    assert isinstance(judged.verdicts[0], New)
    assert judged.withdrawn == {one.link_key}
    assert one.link_key not in judged.verdicts[0].post.keys


def test_shared_links_of_one_document_are_withdrawn():
    """Two entries, one link, no key; a third source with that link is no copy of either."""
    judged = verdicts([post("a", link="https://x.example/s"), post("b", link="https://x.example/s")], Known())
    assert [type(v) for v in judged.verdicts] == [New, New]
    assert len(judged.withdrawn) == 1


def test_a_feed_that_begins_to_give_guids_keeps_its_posts():
    """The same link without a guid before is the same post."""
    one = stamped(replace(post(""), guid="", link="https://a.example/x"))
    (verdict,) = verdicts(
        [post("new-guid", link="https://a.example/x", title=one.title)], known(one)
    ).verdicts
    assert not isinstance(verdict, New)


def test_entries_of_one_document_see_each_other():
    """Two entries with one id and different links: the second gets an id of ours."""
    twice = [post("tag:a:1", link="https://a.example/1"), post("tag:a:1", link="https://a.example/2")]
    first, second = verdicts(twice, Known()).verdicts
    assert first.post.id == "tag:a:1"
    assert second.post.id.startswith("tag:minted")


def test_dropped_posts_are_rejected_and_return():
    """A rule drops; without the rule the post is back under its own id and date."""
    dropped = stamped(post(dropped="rules.0"))
    (verdict,) = verdicts([post(dropped="rules.0")], Known()).verdicts
    assert isinstance(verdict, Rejected)
    assert verdict.reason == "rules.0"
    (same,) = verdicts([post(dropped="rules.0")], known(dropped)).verdicts
    assert isinstance(same, Unchanged)
    (back,) = verdicts([post()], known(dropped)).verdicts
    assert isinstance(back, Changed)
