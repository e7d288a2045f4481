"""`aggregator explain`, as an operator who misses a post, or wonders about one, types it."""

import json

from tests.e2e.program import HEAD
from tests.e2e.source import rss

HERE = "https://example.org"


def said(done, status=0):
    """What it printed; it ended as expected, and without a traceback."""
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_before_and_after_a_poll(place, sources):
    """Nothing, and why; then the whole life of a story, by whatever names it; then that of what is hidden."""
    sources.put("a.xml", rss("A", f"{HERE}/one", "Sponsored: two"))
    sources.put("b.xml", rss("B", f"{HERE}/one?utm_source=b"))
    urls = [sources.url(name) for name in ("a.xml", "b.xml")]
    rule = "{if: {title: 'Sponsored'}, then: drop}"
    place.write(
        f"categories: {{x: {{title: X, feeds: ['{urls[0]}']}}}}\n"
        f"feeds: [{{url: '{urls[1]}', category: y}}]\nrules: [{rule}]\n"
    )
    before = said(place.run("explain", f"{HERE}/one"), 1)
    assert "There is no store yet" in before
    assert not place.store.exists()
    assert "not polled yet" in said(place.run("explain", urls[0]), 1)
    assert place.run("once").returncode == 0

    whole = said(place.run("explain", "http://example.org:80/one/?utm_medium=x#top"))
    founder = json.loads(said(place.run("explain", f"{HERE}/one", "--json")))["stories"][0]
    ids = [post["id"] for post in founder["posts"]]
    assert whole.startswith(f"A story that 2 posts tell: {founder['id']}\n")
    for words in (
        "category: x (X), as the file says for its feed",
        "in the story: it founded the story",
        "in the story: it has the link of another member",
        "speaks for the story: ",
        "  category/x/feed.atom: place 1 of 1\n  category/y/feed.atom: place 1 of 1\n",
        "  feed.atom: place 1 of 1\n",
    ):
        assert words in whole
    assert founder["id"] in ids
    for name in ids:
        assert said(place.run("explain", name)) == whole

    dropped = said(place.run("explain", f"{HERE}/A/Sponsored: two"))
    assert "rule that fits: rules.0: if title 'Sponsored' then drop" in dropped
    assert "  hidden: dropped by rules.0\n" in dropped
    assert dropped.endswith("Where it is: in no document\n")

    nothing = said(place.run("explain", f"{HERE}/nothing"), 1)
    assert "none has this link (compared as example.org/nothing)" in nothing
    assert "Source: A (confidential source 1)\n  last polled " in nothing
    source = said(place.run("explain", f"{urls[1]}#x"))
    for answer in (whole, nothing, source):  # both are confidential
        assert "127.0.0.1" not in answer
    assert f"({ids[1]})" in source or f"({ids[0]})" in source

    place.write("feeds: ['https://127.0.1.1:9/feed']\n")
    place.run("once")
    removed = said(place.run("explain", f"{HERE}/one"))
    assert removed.count("hidden: its source is not in the file any more") == 2


def test_what_kept_two_stories_apart(place, sources):
    """Two reports from one form with other numbers are two stories; the answer says which, and why."""
    form = (
        "The index rose {} percent to {} points on Tuesday, led by the shares of banks and insurers. Traders "
        "said that the volume was the lowest since the beginning of the month, and that most houses wait for "
        "the decision of the central bank, which is expected on Thursday."
    )
    for name, numbers in (("a", (0.5, 3210)), ("b", (1.7, 3264))):
        item = (
            f"<item><title>Index up</title><link>{HERE}/{name}</link><guid isPermaLink='false'>{name}</guid>"
        )
        body = f"<description>{form.format(*numbers)}</description></item>"
        channel = f"<title>{name}</title><link>{HERE}/</link><description>d</description>{item}{body}"
        sources.put(f"{name}.xml", f"<rss version='2.0'><channel>{channel}</channel></rss>".encode())
    place.write(f"feeds: ['{sources.url('a.xml')}', '{sources.url('b.xml')}']\n")
    assert place.run("once").returncode == 0
    answer = said(place.run("explain", f"{HERE}/b"))
    [other] = json.loads(said(place.run("explain", f"{HERE}/a", "--json")))["stories"]
    assert f"Much like it, and a story of its own:\n  Index up ({other['id']}), 9" in answer
    assert "of the shorter text: numbers differ: " in answer


def test_what_keeps_posts_out_of_documents(place, sources):
    """Beside a daemon: older than the document reaches, one of too many of its source, held back."""
    sources.put("a.xml", rss("A", *(f"{HERE}/a{n}" for n in range(4))))  # the last is the newest
    sources.put("b.xml", rss("B", f"{HERE}/b0"))
    sources.put("late.xml", rss("L", *(f"{HERE}/l{n}" for n in range(3))))
    feeds = [f"{{url: '{sources.url(name)}', category: x}}" for name in ("a.xml", "b.xml")]
    head = HEAD + "output: {entries: 3, per_source: 2}\n"
    place.write(f"feeds: [{', '.join(feeds)}]\n", head)
    with place.daemon() as daemon:
        daemon.wait_for_body("category/x/feed.atom", f"{HERE}/a3", f"{HERE}/a2", f"{HERE}/b0")
        assert "its source has 2 newer ones there" in said(place.run("explain", f"{HERE}/a1"))
        place.write(f"feeds: [{', '.join(feeds)}]\n", HEAD + "output: {entries: 3}\n")
        daemon.wait_for_body("category/x/feed.atom", f"{HERE}/a1")
        assert "older than the newest 3 that the document holds: it is number 5 of 5" in said(
            place.run("explain", f"{HERE}/b0")
        )
        feeds.append(f"{{url: '{sources.url('late.xml')}', category: x, backlog: 1}}")
        place.write(f"feeds: [{', '.join(feeds)}]\n", HEAD + "output: {entries: 30}\n")
        daemon.wait_for_body("category/x/feed.atom", f"{HERE}/l2", f"{HERE}/b0")
        assert "category/x/feed.atom: not in it; held back" in said(place.run("explain", f"{HERE}/l0"))
        assert "place " in said(place.run("explain", f"{HERE}/l2"))
