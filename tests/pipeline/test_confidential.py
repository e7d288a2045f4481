"""A confidential source's URL is in no document, whatever its entries link to."""

from datetime import timedelta

from aggregator import pipeline
from aggregator.model import (
    Claim,
    Config,
    Fetched,
    Hints,
    Known,
    Lease,
    Memory,
    Polling,
    SiteIdentity,
    Source,
    Story,
    Url,
    Validators,
)
from tests.posts import NOW

SECRET = "http://10.1.2.3:8000/p/feed?key=hunter2"
IDENTITY = SiteIdentity("7d444840-9dc0-11d1-b245-5ffdce74fad2", NOW - timedelta(days=9))
FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Inside</title><link>.</link>
<atom:link rel="self" href="http://10.1.2.3:8000/p/feed?key=hunter2"/>
<item><title>One</title><guid isPermaLink="false">1</guid><link>a.html</link>
<enclosure url="a.mp3" type="audio/mpeg" length="1"/><comments>#c</comments>
<description>&lt;a href="#fn-1"&gt;1&lt;/a&gt; &lt;img src="i.png"&gt;
&lt;a href="?x"&gt;x&lt;/a&gt;</description></item>
<item><title>Two</title><guid isPermaLink="true">http://10.1.2.3:8000/p/feed?key=hunter2</guid></item>
</channel></rss>"""


def test_no_document_has_its_url():
    """Footnotes, images and links that are relative would stand against the feed's address."""
    source = Source(url=Url(SECRET), private=True, confidential=True, definition="d", categories=("tech",))
    lease = Lease(source, 1, Memory())
    fetched = Fetched(FEED.encode(), "application/rss+xml", source.url, Validators(), Hints())
    reading = pipeline.read(lease, fetched, NOW, IDENTITY)
    outcome = pipeline.decide(lease, fetched, reading, Known(), Polling(), NOW)
    stories = [Story(v.post.id, (v.post,)) for v in outcome.verdicts]
    assert len(stories) == 2
    config = Config(sources=(source,))
    site = pipeline.render_site(
        list(pipeline.entries([(story.id, story) for story in stories], config).values()),
        {},
        Claim(None, 1, 1, None, NOW),
        (),
        pipeline.render_sources({source.url: reading.info}, config),
        config,
        IDENTITY,
    )
    bytes_of_all = b"".join(document.body for document in site.documents)
    assert b"Inside" in bytes_of_all
    for part in (b"10.1.2.3", b"hunter2", b"/p/feed"):
        assert part not in bytes_of_all
