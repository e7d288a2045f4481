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
    Parting,
    PostId,
    Rejected,
    Unchanged,
)
from tests.posts import NOW, post, source

A, B = source(), source("https://b.example/feed", position=1)


def stored(one, story=None):
    """A stamped post as the store would know it."""
    return KnownPost(
        id=one.id or PostId(f"tag:stored,2026:{one.guid}"),
        source=one.source,
        guid=one.guid,
        slug=one.slug,
        digest=one.digest,
        text_digest=one.text_digest,
        link=one.link,
        link_key=one.link_key,
        published=one.published,
        updated=one.updated,
        first_seen=one.first_seen,
        story=PostId(story or one.id or f"tag:stored,2026:{one.guid}"),
        standing=one.standing,
        dropped=one.dropped,
        label_digest=one.label_digest,
    )


def known(*posts, story=None, **fields):
    """What a store that holds these posts would answer; all of them in one story, where one is named."""
    by_key = {}
    for one in posts:
        for key in one.keys:
            by_key.setdefault(key, []).append(stored(one, story))
    ids = frozenset(one.id for one in posts if one.id)
    return Known(by_key={k: tuple(v) for k, v in by_key.items()}, ids=ids, **fields)


def verdicts(posts, state, by=A):
    """The verdicts on a document's posts."""
    stamped, _ = stamp([replace(one, source=by.url) for one in posts], by)
    return judge(stamped, by, state, minted, NOW)


def minted(one, attempt):
    """An id of ours."""
    return PostId(f"tag:minted,2026:{one.guid}" + f"-{attempt}" * bool(attempt))


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
    """A canonical URL tells copies across sources."""
    one = stamped(post("a", link="https://x.example/1"))
    copy = post("b", link="https://x.example/1?utm_medium=x", published=NOW - timedelta(hours=1))
    (verdict,) = verdicts([copy], known(one), B).verdicts
    assert isinstance(verdict, Duplicate)
    assert (verdict.story, verdict.reason) == ("tag:stored,2026:a", "link")


def test_of_several_stories_a_copy_joins_that_of_who_would_speak_for_all():
    """One that is shown, of the best standing, of the earliest date."""
    link, late, early = "https://a.example/1", NOW - timedelta(hours=1), NOW - timedelta(hours=2)
    order = [
        stamped(post("b", link=link, standing=0, published=late)),
        stamped(post("a", link=link, standing=1, published=early)),
        stamped(post("c", link=link, standing=1, published=late)),
        stamped(post("d", link=link, standing=0, published=early, dropped="rules.0")),
    ]
    for first, *others in (order, order[1:], order[2:]):
        (verdict,) = verdicts([post("copy", link=link)], known(*others, first), B).verdicts
        assert verdict.story == f"tag:stored,2026:{first.guid}"


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


SHARED = "https://show.example/"


def part(tied, state=None, by=A, also=()):
    """The partings where a source that has one post with a link gives the link to another one too."""
    state = state or known(*tied, story="tag:stored,2026:a")
    return verdicts([post("another", link=SHARED), *also], state, by).partings


def test_a_link_that_names_no_entry_ties_no_story():
    """Where the source has founded the story the others leave it together, else its own post leaves alone."""
    a = stamped(post("a", link=SHARED))
    b, c = (
        stamped(post(name, link=SHARED, content=f"<p>{name}</p>"), source(f"https://{name}.example/feed"))
        for name in "bc"
    )
    ids = {one.guid: f"tag:stored,2026:{one.guid}" for one in (a, b, c)}
    assert part([a, b, c]) == (Parting(ids["a"], (ids["b"], ids["c"])),)
    assert part([a, b, c], by=B) == (Parting(ids["a"], (ids["b"],)),)
    assert part([a]) == ()


def test_copies_word_for_word_stay_together_when_a_link_is_withdrawn():
    """A planet brings what the blog says: the link was not all that tied them."""
    a = stamped(post("a", link=SHARED))
    planet = stamped(post("p", link=SHARED, title=a.title, content=a.content), B)
    other = stamped(post("o", link=SHARED, content="<p>o</p>"), source("https://o.example/feed"))
    ids = {one.guid: f"tag:stored,2026:{one.guid}" for one in (a, planet, other)}
    assert part([a, planet]) == part([a, planet], by=B) == ()
    assert part([a, planet, other]) == (Parting(ids["a"], (ids["o"],)),)
    founded_by_other = known(a, planet, other, story=ids["o"])
    assert part([], founded_by_other) == (Parting(ids["o"], (ids["a"], ids["p"])),)
    # The blog has withdrawn its link already, so no key leads to the founder any more.
    assert part([planet], by=B) == ()


def test_who_has_parted_is_joined_where_it_is_now():
    """Later posts of the same document see the story that was made, not the one that was left."""
    a = stamped(post("a", link=SHARED))
    b = stamped(post("tag:b,2026:1", link=SHARED, content="<p>b</p>"), B)
    state = known(a, b, story="tag:stored,2026:a")
    judged = verdicts(
        [post("another", link=SHARED), post("tag:b,2026:1", link="https://a.example/b", content="<p>b</p>")],
        state,
    )
    assert judged.partings == (Parting("tag:stored,2026:a", ("tag:b,2026:1",)),)
    assert judged.verdicts[1].story == "tag:b,2026:1"


def test_a_minted_id_that_is_taken_is_minted_again():
    """A guid that is reused from poll to poll may bring back a key whose id another post got today."""
    state = Known(ids=frozenset({"tag:minted,2026:x", "tag:minted,2026:x-1"}))
    (verdict,) = verdicts([post("x")], state).verdicts
    assert isinstance(verdict, New)
    assert verdict.post.id == "tag:minted,2026:x-2"


def test_a_rejected_post_says_whether_it_is_stored_already():
    """Only what is stored may be rewritten."""
    (first,) = verdicts([post(dropped="rules.0")], Known()).verdicts
    (again,) = verdicts([post(dropped="rules.0")], known(stamped(post()))).verdicts
    assert (first.again, again.again) == (False, True)


def test_a_post_that_nothing_names_is_called_by_its_date():
    """The date is settled by then, so that the title never changes; and it is no edit at the next poll."""
    nameless = post("", title="", link="", content='<img src="https://a.example/1.png">', dated="first-seen")
    (verdict,) = verdicts([nameless], Known()).verdicts
    assert verdict.post.title == "2026-11-24 12:00"
    (again,) = verdicts([replace(nameless, published=NOW + timedelta(1))], known(verdict.post)).verdicts
    assert isinstance(again, Unchanged)
    two, _ = stamp(
        [nameless, replace(nameless, position=1, content='<img src="https://a.example/2.png">')], A
    )
    assert len(two) == 2
