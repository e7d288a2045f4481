"""The articles of new posts: which are asked for, what their pages give, what becomes of their errands."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator import pipeline
from aggregator.model import (
    Article,
    Errand,
    Extracted,
    Fetched,
    FetchFailed,
    Hints,
    Lease,
    Memory,
    Post,
    Robots,
    RobotsRules,
    SourceInfo,
    Unreadable,
    Validators,
)
from aggregator.pipeline import articles
from tests.pipeline.given import HOUR, NOW, SITE, after, decide, item, lease, poll, rss, source, stored

LINK = "https://a.example/news/1"
TEASER = "<p>The council has decided on the new bridge over the river.</p>"
KNOWN = Robots("https://a.example", NOW + HOUR, ((False, "/private"),))
PARAGRAPHS = "".join(
    f"<p>{n} said the council has decided on the new bridge over the river, and that work begins in spring. "
    f"Nobody knows yet what that costs, and who is going to pay for it.</p>"
    for n in ("The mayor", "A speaker", "The engineer", "A neighbour")
)
CONSENT = "".join(
    f"<p>We and our {n} partners store cookies, and process personal data such as your address, for "
    "measuring content and advertising. You can accept or refuse.</p>"
    for n in range(9)
)
FULL = source(full_text=True)


def post(**said):
    return Post(
        **{
            "id": "tag:a.example,2026:1",
            "source": FULL.url,
            "guid": "1",
            "title": "A new bridge",
            "link": LINK,
            "published": NOW,
            "updated": NOW,
            "first_seen": NOW,
            "origin": SourceInfo("i", "A"),
            "content": TEASER,
            "whole": True,
            **said,
        }
    )


def held(of=None, robots=KNOWN, **said):
    """The lease of an errand for an article."""
    errand = Errand("article", LINK, NOW, post=post().id, **said)
    return Lease(FULL, 1, Memory(), errand=errand, post=of or post(), robots=robots)


def page(body, title="A new bridge", head="", url=LINK, content_type="text/html; charset=utf-8"):
    text = f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    body = text if isinstance(text, bytes) else text.encode()
    return Fetched(body, content_type, url, Validators(), Hints())


def article(body, headline="A new bridge"):
    return (
        f"<nav><a href='/'>Home</a></nav><article><h1>{headline}</h1>{body}</article><footer>Imprint</footer>"
    )


def read(fetched, of=None, **said):
    pytest.importorskip("trafilatura")
    return pipeline.read(held(of, **said), fetched, NOW, SITE)


def settle(lease, result, reading=None, now=NOW):
    return decide(lease, result, reading, now=now)


def failed(kind="status", status=None, **said):
    return FetchFailed(kind, "why", status=status, **said)


# What is asked for


def test_the_articles_of_new_posts_are_asked_for():
    """At most ten, of the newest; each once."""
    dates = (f"Tue, 03 Nov 2026 10:{n:02}:00 GMT" for n in range(12))
    first = lease(FULL)
    _, outcome = poll(first, rss(*(item(str(n), date=date) for n, date in enumerate(dates))))
    assert [errand.url for errand in outcome.errands] == [f"https://a.example/{n}" for n in range(11, 1, -1)]
    assert {errand.post for errand in outcome.errands} <= {v.post.id for v in outcome.verdicts}
    assert {(errand.kind, errand.due) for errand in outcome.errands} == {("article", NOW)}


def test_nothing_is_asked_for_where_it_is_off():
    """Nor where a rule shows less, or the link names no one entry."""
    assert poll(lease(), rss(item("1")))[1].errands == ()
    assert poll(lease(replace(FULL, republish="excerpt")), rss(item("1")))[1].errands == ()
    shared = rss(item("1", link=LINK), item("2", link=LINK))
    assert poll(lease(FULL), shared)[1].errands == ()
    assert poll(lease(FULL), rss(item("1", link=None)))[1].errands == ()


@pytest.mark.parametrize(("length", "asked"), [(articles.LONGEST_URL, 1), (articles.LONGEST_URL + 1, 0)])
def test_an_article_of_a_link_that_is_very_long_is_left(length, asked):
    """What finds an errand by its URL could not on every database."""
    long = LINK + "x" * (length - len(LINK))
    assert len(poll(lease(FULL), rss(item("1", link=long)))[1].errands) == asked


def test_an_edit_of_the_entry_asks_again_and_nothing_else_does():
    first = lease(FULL)
    _, outcome = poll(first, rss(item("1")))
    known = stored(outcome)
    _, same = poll(after(first, outcome), rss(item("1"), extra="<x/>"), known, now=NOW + HOUR)
    assert same.errands == ()
    _, edited = poll(after(first, outcome), rss(item("1", text="<p>New</p>")), known, now=NOW + HOUR)
    assert [errand.post for errand in edited.errands] == [outcome.verdicts[0].post.id]


# Before anything is sent


def test_robots_txt_is_asked_for_first():
    """At the root of the article's site; a page is asked for once its rules are known."""
    assert held(robots=None).url == "https://a.example/robots.txt"
    assert pipeline.unasked(held(robots=None)) is None
    assert (pipeline.unasked(held()), held().url) == (None, LINK)
    port = replace(held(robots=None).errand, url="http://u:p@A.example:81/x")
    assert replace(held(robots=None), errand=port).url == "http://a.example:81/robots.txt"


def test_nobody_is_asked_for_what_robots_txt_disallows():
    lease = held(robots=replace(KNOWN, rules=((False, "/news"),)))
    result = pipeline.unasked(lease)
    outcome = settle(lease, result)
    said = "the feed's own content: its site's robots.txt disallows it"
    assert (result.kind, outcome.article, outcome.errands) == ("unasked", Article(post().id, "", said), ())


def test_nobody_is_asked_for_what_nobody_wants_any_more():
    """Taken down, or the file has changed its mind."""
    for late in (replace(held(), post=None), held(post(whole=False)), replace(held(), source=source())):
        outcome = settle(late, pipeline.unasked(late))
        assert (outcome.article, outcome.errands, outcome.result) == (None, (), "not wanted any more")


# robots.txt


def test_what_robots_txt_says_is_kept_for_a_day():
    """And the errand goes on at the next turn of the host."""
    lease = held(robots=None)
    fetched = Fetched(b"User-agent: *\nDisallow: /x", "text/plain", lease.url, Validators(), Hints())
    reading = pipeline.read(lease, fetched, NOW, SITE)
    outcome = settle(lease, fetched, reading)
    assert reading == RobotsRules(((False, "/x"),))
    assert outcome.robots == Robots("https://a.example", NOW + timedelta(hours=24), ((False, "/x"),))
    assert (outcome.errands, outcome.article) == ((lease.errand,), None)
    assert outcome.memory == lease.memory


@pytest.mark.parametrize("status", [404, 403, 410, 451, 200])
def test_a_site_without_robots_txt_allows_everything(status):
    """RFC 9309, 2.3.1.3; 200 is an empty one."""
    lease = held(robots=None)
    outcome = settle(lease, failed(status=status))
    assert (outcome.robots.rules, outcome.robots.trouble, outcome.errands) == ((), "", (lease.errand,))


@pytest.mark.parametrize(
    "result",
    [failed(status=503), failed(status=429), failed("timeout"), failed("dns"), failed("redirect", 301)],
)
def test_nothing_is_fetched_while_nobody_knows_what_robots_txt_says(result):
    """RFC 9309, 2.3.1.4. All articles of that site wait for the same next try."""
    outcome = settle(held(robots=None), result)
    assert (outcome.robots.trouble, outcome.robots.until) == ("why", NOW + HOUR)
    [again] = outcome.errands
    assert (again.due, again.attempts) == (NOW + HOUR, 1)
    other = held(robots=outcome.robots)
    ended = settle(other, pipeline.unasked(other))
    assert ended.errands[0].due == NOW + HOUR
    assert "robots.txt cannot be had: why" in ended.result


def test_a_wait_that_robots_txt_asks_for_is_kept():
    late = NOW + 5 * HOUR
    outcome = settle(held(robots=None), failed(status=503, hints=Hints(retry_after=late)))
    assert (outcome.robots.until, outcome.errands[0].due) == (late, late)


# What a page gives


def test_the_text_of_an_article():
    """Without what stands around it, without the headline, safe, and absolute against where it was found."""
    body = (
        PARAGRAPHS
        + "<p>More <a href='../two'>here</a> <img src='pic.png' onerror='x()'><script>y()</script></p>"
    )
    found = read(page(article(body), url="https://a.example/news/1/"))
    assert found.why_not == ""
    for word in (
        "The engineer",
        'href="https://a.example/news/two"',
        'src="https://a.example/news/1/pic.png"',
    ):
        assert word in found.text
    for word in ("A new bridge", "Home", "Imprint", "script", "onerror"):
        assert word not in found.text


def test_the_base_of_a_page():
    body = article(PARAGRAPHS + "<p>And <a href='x'>more</a></p>")
    found = read(page(body, head="<base href='https://cdn.example/b/'>"))
    assert 'href="https://cdn.example/b/x"' in found.text


def test_a_page_says_its_own_charset():
    """In a meta element, where the server says none."""
    text = "市议会决定在河上建造一座新桥，工程将于明年春天开始，费用由谁承担目前还不清楚。" * 6
    body = f"<html><head><meta charset='gb2312'><title>新桥</title></head><body><p>{text}</p></body></html>"
    of = post(title="新桥", content="<p>市议会决定在河上建造一座新桥</p>")
    found = read(Fetched(body.encode("gb18030"), "text/html", LINK, Validators(), Hints()), of)
    assert "工程将于明年春天开始" in found.text


@pytest.mark.parametrize(
    ("body", "head", "why"),
    [
        ("<p>Subscribe to go on reading.</p>", "", "no article was found in the page, or hardly any text"),
        ("", "", "no article was found"),
        (
            CONSENT,
            "",
            "the page says something else than the feed",
        ),
        (PARAGRAPHS, '<script>{"isAccessibleForFree": "False"}</script>', "says that it is not free to read"),
    ],
)  # fmt: skip
def test_what_is_no_article_is_not_used(body, head, why):
    """Stubs, consent pages, and what is behind a paywall."""
    found = read(page(article(body, "Welcome"), "Before you continue", head))
    assert found.text == ""
    assert why in found.why_not


def test_what_has_less_than_the_feed_is_not_used():
    found = read(page(article(PARAGRAPHS)), post(content=TEASER * 40))
    assert found.why_not.startswith("the page has less than the feed: ")


def test_where_a_page_redirects_to_is_held_against_robots_txt_too():
    found = read(page(article(PARAGRAPHS), url="https://a.example/private/1"))
    assert found == Extracted(why_not="it redirects to what its site's robots.txt disallows")


def test_an_article_of_a_confidential_source_does_not_tell_where_it_was_found():
    pytest.importorskip("trafilatura")
    secret = replace(held(), source=replace(FULL, confidential=True))
    body = article(PARAGRAPHS + "<p>And <a href='x'>more</a></p>")
    found = pipeline.read(secret, page(body, url="https://a.example/k3y/1"), NOW, SITE)
    assert 'href="https://a.example/news/x"' in found.text


# What becomes of an errand


def test_what_was_extracted_is_written_with_its_post():
    lease = held()
    outcome = settle(lease, page(""), Extracted("<p>all</p>"))
    assert outcome.article == Article(post().id, "<p>all</p>", f"extracted from {LINK}")
    assert (outcome.errands, outcome.verdicts, outcome.memory) == ((), (), lease.memory)


@pytest.mark.parametrize(
    ("result", "reading"),
    [
        (failed(status=404), None),
        (failed(status=403), None),
        (failed("media", 200), None),
        (failed("redirect"), None),
        (failed("address"), None),
        (page(""), Unreadable("too long")),
        (page(""), Extracted(why_not="less")),
    ],
)
def test_what_would_be_the_same_again_is_not_asked_again(result, reading):
    outcome = settle(held(), result, reading)
    assert (outcome.errands, outcome.article.text) == ((), "")
    assert outcome.article.said.startswith("the feed's own content: ")


@pytest.mark.parametrize("result", [failed(status=500), failed(status=429), failed("timeout"), failed("dns")])
def test_trouble_is_tried_again_three_times_at_most(result):
    """Later each time; at the server's word at the earliest."""
    first = settle(held(), result)
    second = settle(held(attempts=1), result)
    assert [o.errands[0].due - NOW for o in (first, second)] == [HOUR, 2 * HOUR]
    assert (first.article, second.errands[0].attempts) == (None, 2)
    last = settle(held(attempts=2), result)
    assert (last.errands, last.article.said) == ((), "the feed's own content: why; tried 3 times")
    word = settle(held(), replace(result, hints=Hints(retry_after=NOW + 9 * HOUR)))
    assert word.errands[0].due == NOW + 9 * HOUR


def test_a_429_pauses_the_host_of_the_article():
    outcome = settle(held(), failed(status=429, url=LINK, hints=Hints(retry_after=NOW + HOUR)))
    assert outcome.pause_host_until == NOW + HOUR


def test_a_page_that_this_machine_failed_to_read_is_read_later():
    outcome = settle(held(), page(""), Unreadable("busy", ours=True))
    assert [errand.attempts for errand in outcome.errands] == [1]


def test_words_of_languages_with_and_without_spaces():
    """What the feed and the page have in common is looked for in either."""
    assert articles._pieces("The new bridge") == {"bridge"}
    assert articles._pieces("新桥梁 abc") == {"新桥", "桥梁"}
