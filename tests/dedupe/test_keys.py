"""By what posts of one document are recognised."""

import random
from dataclasses import replace

from aggregator.dedupe import keys, stamp
from tests.posts import post, source


def kinds(stamped):
    """The kinds of keys of each post."""
    return [sorted(key[:2] for key in one.keys) for one in stamped]


def test_links_that_differ_in_trackers_are_one_key():
    """`utm_` parameters, scheme and fragment do not tell articles apart."""
    (one, other), _ = stamp(
        [
            post("a", link="https://x.example/1?utm_source=rss"),
            post("b", link="http://x.example/1#top", source=source("https://b.example/").url),
        ],
        source(),
    )
    assert one.link_key == other.link_key is not None


def test_a_link_that_two_entries_share_is_no_key_of_theirs():
    """Podcasts and status pages link everything to one place."""
    stamped, _ = stamp(
        [post("a", link="https://x.example/show"), post("b", link="https://x.example/show")], source()
    )
    assert [one.names_entry for one in stamped] == [False, False]


def test_a_guid_that_entries_with_different_links_share_is_no_key():
    """A reused guid tells nothing; guid and link together do."""
    stamped, repeats = stamp(
        [post("a", link="https://x.example/1"), post("a", link="https://x.example/2")], source()
    )
    assert kinds(stamped) == [["e1", "n1", "u1"], ["e1", "n1", "u1"]]
    assert repeats == ()


def test_an_entry_that_repeats_another_is_left_out_and_named():
    """The same guid and link twice in a document is one post."""
    stamped, repeats = stamp([post("a", position=0), post("a", position=1)], source())
    assert len(stamped) == 1
    assert [(r.position, r.reason) for r in repeats] == [(1, "repeats entry 1 of the document")]


def test_keys_within_a_source_are_its_own():
    """The guid `1` of two sources is two posts."""
    (one,), _ = stamp([post("1", link="")], source())
    (other,), _ = stamp([post("1", link="")], source("https://b.example/feed"))
    assert not set(one.keys) & set(other.keys)


def test_digest_is_of_what_readers_see():
    """Dates do not count, titles and content do; labels have a digest of their own."""
    (one,), _ = stamp([post()], source())
    (redated,), _ = stamp([post(published=one.published.replace(year=2020))], source())
    (retitled,), _ = stamp([post(title="Other")], source())
    (tagged,), _ = stamp([post(tags=("x",))], source())
    assert one.digest == redated.digest == tagged.digest != retitled.digest
    assert one.label_digest == redated.label_digest != tagged.label_digest


def test_white_space_that_nobody_sees_is_no_edit():
    """Line ends around blocks and runs of spaces change nothing; in `pre` they are the text."""
    (one,), _ = stamp([post(content="<p>a  b</p>\n <p>c<br> d</p>")], source())
    (other,), _ = stamp([post(content="<p>a b</p><p>c <br>d</p>")], source())
    (pre,), _ = stamp([post(content="<pre>a  b</pre>")], source())
    (edited,), _ = stamp([post(content="<pre>a b</pre>")], source())
    assert one.digest == other.digest
    assert pre.digest != edited.digest


def test_another_host_is_no_edit():
    """A site that moves, or begins to speak TLS, has not edited its posts; another page is another link."""
    (one,), _ = stamp([post(link="http://a.example/1?p=2")], source())
    (moved,), _ = stamp([post(link="https://b.example/1?p=2")], source())
    (other,), _ = stamp([post(link="http://a.example/1?p=3")], source())
    assert one.digest == moved.digest != other.digest


def test_a_source_that_moved_is_known_by_its_first_url():
    """The keys of a source's posts outlive its URL."""
    (before,), _ = stamp([post()], source("https://a.example/feed"))
    (after,), _ = stamp([post()], source("https://b.example/feed"), "https://a.example/feed")
    assert before.keys == after.keys


def test_the_forms_of_a_page_are_keys_too():
    """Who links to the mobile page meets who links to the canonical one, and who links to the AMP form."""
    (mobile,), _ = stamp(
        [
            post(
                "a",
                link="https://m.x.example/1",
                canonical="https://x.example/1",
                forms=("https://x.example/1/amp",),
            )
        ],
        source(),
    )
    for form in ("https://x.example/1", "https://m.x.example/1", "https://x.example/1/amp"):
        (other,), _ = stamp([post("b", link=form)], source("https://b.example/feed"))
        assert other.link_key in mobile.keys
    assert mobile.link_key == stamp([post("b", link="https://x.example/1")], source())[0][0].link_key


def test_sessions_tell_no_pages_apart():
    """A session in a query names a visit."""
    spelled = ("?id=1&PHPSESSID=0a1b", "?id=1&sid=0123456789abcdef0123456789abcdef", "?id=1")
    keys = {
        stamp([post("a", link=f"https://x.example/p{query}")], source())[0][0].link_key for query in spelled
    }
    assert len(keys) == 1
    assert stamp([post("a", link="https://x.example/p?id=1&sid=7")], source())[0][0].link_key not in keys


def test_a_strangers_entry_ties_no_pages_of_a_site():
    """Whose link is not on its own site names one page of it at most."""
    forms = ("https://x.example/2", "https://x.example/3")
    (trap,), _ = stamp(
        [post("a", link="https://x.example/1", canonical=forms[0], forms=forms, standing=1)], source()
    )
    assert kinds([trap]) == [["e1", "g1", "n1", "u1"]]


def test_where_nothing_is_compared_posts_have_no_bands():
    """All else is as it were."""
    said = [post("a", content="<p>" + "Some words that go on for long enough. " * 4 + "</p>")]
    (compared,), _ = stamp(said, source())
    (other,), _ = stamp(said, source(), compares=False)
    assert (bool(compared.bands), other.bands) == (True, ())
    assert replace(compared, bands=()) == other


def test_white_space_is_left_out_the_same_way_whatever_tags_hold():
    """The shorter ways to what is seen of HTML come to what one search for tags and their spaces does."""
    pieces = (
        "<p>", "</p>", " ", "  ", "text", '<a href="x">', "</a>", "<br>", "<br/>", "<b", '<p class="x', '"',
        ">", "<li>", "\n", "\u00a0", "中文", '<h1 title="a<b">', "<pfoo>", "<figure>", "<p<b>", "<ul ",
    )  # fmt: skip
    chosen = random.Random(7)
    for _ in range(4000):
        html = "".join(chosen.choices(pieces, k=chosen.randint(1, 8)))
        assert keys._as_seen(html) == keys._LINE.sub(r"\1", " ".join(html.split())).strip(), html
