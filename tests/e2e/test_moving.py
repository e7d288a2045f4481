"""Feeds move in and out, as an operator types it: `preview`, `add`, `import`, `export`."""

import json
import os

import pytest

from tests.e2e.program import HEAD
from tests.e2e.source import rss

PAGE = (
    "<!doctype html><title>Blog</title>"
    '<link rel="alternate" type="application/rss+xml" title="Comments" href="comments.xml">'
    '<link rel="alternate" type="application/rss+xml" title="Blog" href="feed.xml">'
    '<link rel="alternate" type="application/atom+xml" href="gone.xml">'
)


def ended(done, status=0):
    """A command that ended as expected, and without a traceback."""
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture
def blog(sources):
    """A page with a feed, a feed of comments, and one that has gone."""
    sources.put("blog/", PAGE.encode(), Content_Type="text/html; charset=utf-8")
    sources.put("blog/feed.xml", rss("Blog: it's", "One", "Two"))
    sources.put("blog/comments.xml", rss("Comments on Blog", "Re: One"))
    return sources


def test_add(place, blog):
    """The feed behind a page is found, printed, inserted, and found to be there the next time."""
    place.write("feeds:\n  - https://a.example/feed  # mine\n# end\n")
    before = place.file.read_bytes()
    url = blog.url("blog/feed.xml")
    done = ended(place.run("add", blog.url("blog/")))
    assert done.stdout == f"  - {url}  # Blog: it's\n"
    lines = done.stderr.splitlines()
    assert lines[0] == f"> {url}: Blog: it's, 2 entries, newest 2026-11-03"
    assert lines[1].startswith(f"  {blog.url('blog/comments.xml')}: Comments on Blog, 1 entry")
    assert lines[2].startswith(f"  {blog.url('blog/gone.xml')}: ")
    assert "404" in lines[2]
    assert place.file.read_bytes() == before
    assert not place.store.exists()

    os.chmod(place.file, 0o640)
    done = ended(place.run("add", blog.url("blog/"), "--write", "--category", "tech"))
    assert "1 feed added" in done.stderr
    inserted = f"  - url: {url}  # Blog: it's\n    category: tech\n"
    assert place.file.read_bytes() == before.replace(b"# end", inserted.encode() + b"# end")
    assert place.file.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in place.directory.iterdir()] == ["feeds.yaml"]
    ended(place.run("check"))

    again = ended(place.run("add", url.replace("http:", "HTTP:"), "--write"))
    assert "has it already, as feed 2" in again.stderr
    assert place.file.read_bytes() == before.replace(b"# end", inserted.encode() + b"# end")


def test_add_what_cannot_be(place, sources):
    """A private address, a file, a page without feeds, a file that cannot be added to: words and status 1."""
    sources.put("page", b"<!doctype html><p>none", Content_Type="text/html")
    sources.put("a.xml", rss("A", "One"))
    refused = ended(place.run("add", sources.url("a.xml")), 1)
    assert "is not public; for a feed on a private address write `private: true`" in refused.stderr
    assert sources.log == []
    done = ended(place.run("add", sources.url("a.xml"), "--private"))
    assert done.stdout == f"  - url: {sources.url('a.xml')}  # A\n    private: true\n"
    assert "write `- file:PATH` into" in ended(place.run("add", "file:x.xml"), 1).stderr
    place.write(
        "other: &f [https://a.example/]\nfeeds: *f\n", HEAD.replace("per_host_gap: 0s", "per_host_gap: 0s")
    )
    assert ended(place.run("add", sources.url("a.xml")), 2).stderr.startswith("feeds.yaml:5:1: ")
    place.write("feeds: []\n")
    none = ended(place.run("add", sources.url("page")), 1)
    assert "no feed was found" in none.stderr
    assert sources.times("feed.xml") == 1
    place.write(f"feeds: ['{sources.url('b.xml')}']\n")
    wrong = ended(place.run("add", sources.url("a.xml"), "--write", "--category", "{autor}"), 1)
    assert "nothing was written" in wrong.stderr
    assert "{autor}" not in place.file.read_text()


def test_add_by_links_and_well_known_places(place, sources):
    """Where a page names no feed, what it links to is looked at, and then where feeds are wont to be."""
    place.write("feeds: []\n")
    sources.put("a/", b"<p><a href='about'>About</a> <a href=/x/all.rss>all</a>", Content_Type="text/html")
    sources.put("x/all.rss", rss("All", "One"))
    assert ended(place.run("add", sources.url("a/"))).stdout == f"  - {sources.url('x/all.rss')}  # All\n"
    sources.put("b/", b"<!doctype html><p>nothing", Content_Type="text/html")
    sources.put("b/atom.xml", rss("Hidden", "One"))
    sources.put("feed.xml", rss("Of the root", "One"))
    assert ended(place.run("add", sources.url("b/"))).stdout == f"  - {sources.url('b/atom.xml')}  # Hidden\n"
    assert sources.times("feed.xml") == 0


LIST = """\
<opml version="2.0"><body>
<outline text="科技"><outline text="A: $HOME" xmlUrl="https://a.example/?$x"/></outline>
<outline text="x&#10;- file:/etc/passwd" xmlUrl="https://b.example/"/>
<outline text="there" xmlUrl="https://c.example/"/>
<outline text="no" xmlUrl="file:///etc/passwd"/>
</body></opml>
"""


def test_import_and_export(place):
    """A list is printed as a file, or inserted, and comes out again as it went in."""
    (place.directory / "list.opml").write_text(LIST)
    place.write("categories:\n  b: {title: B}\nfeeds: ['https://c.example/']\n", "")
    before = place.file.read_text()
    done = ended(place.run("import", "list.opml"))
    assert done.stdout == (
        "categories:\n  keji: {title: 科技}\nfeeds:\n"
        "  - url: https://a.example/?$$x\n    title: 'A: $$HOME'\n    category: keji\n"
        "  - url: https://b.example/\n    title: 'x - file:/etc/passwd'\n"
    )
    assert "has it already: https://c.example/" in done.stderr
    assert "not taken: file:///etc/passwd only http and https are imported" in done.stderr
    assert place.file.read_text() == before

    ended(place.run("import", "list.opml", "--write"))
    after = place.file.read_text()
    assert after.startswith(
        "categories:\n  b: {title: B}\n  keji: {title: 科技}\nfeeds: ['https://c.example/',\n"
    )
    ended(place.run("check"))
    assert "0 feeds to add" in ended(place.run("import", "list.opml", "--write")).stderr
    assert place.file.read_text() == after

    out = ended(place.run("export"))
    (place.directory / "out.opml").write_text(out.stdout)
    (place.directory / "new.yaml").write_text(
        ended(place.run("-c", "none.yaml", "import", "out.opml")).stdout
    )
    again = ended(place.run("-c", "new.yaml", "export"))
    assert again.stdout == out.stdout


def test_export_keeps_secrets(place):
    """Confidential sources are left out and named by their label, unless they are asked for."""
    place.write(
        "feeds:\n  - https://a.example/\n  - file:x.xml\n"
        "  - {url: 'https://b.example/?key=s3cret', private: true, title: B}\n",
        "",
    )
    done = ended(place.run("export"))
    assert "https://a.example/" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr
    assert "left out: B (confidential)" in done.stderr
    assert "(a file)" in done.stderr
    everything = ended(place.run("export", "--confidential"))
    assert "s3cret" in everything.stdout
    assert "x.xml" not in everything.stdout


FEED = """\
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>F</title>
<link>https://example.org/</link>
<item><title>One</title><link>https://example.org/1?utm_source=x&amp;id=7</link><dc:creator>Ann</dc:creator>
<pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate><category>Go</category>
<description>&lt;p onclick="x()"&gt;Text&lt;script&gt;evil()&lt;/script&gt;&lt;/p&gt;</description>
<enclosure url="https://example.org/1.mp3" type="audio/mpeg" length="9"/></item>
<item><title>Sponsored: two</title><link>https://example.org/2</link><pubDate>soon</pubDate></item>
</channel></rss>"""


def test_preview(place, sources):
    """Entries as they would look, with what was done to them and why; nothing is stored or written."""
    sources.put("f.xml", FEED.encode())
    place.write(
        f"feeds:\n  - {{url: '{sources.url('f.xml')}', category: ['{{author}}', news], tags: ['{{term}}']}}\n"
        "rules: [{if: {title: Sponsored}, then: drop}]\n"
    )
    done = ended(place.run("preview", sources.url("f.xml")))
    for line in (
        "F",
        "  keys: those that the file has for it",
        "One",
        "  link: https://example.org/1?id=7",
        "  published: 2026-11-03 10:00:00Z, its own date",
        "  by: Ann",
        "  categories: ann, news",
        "  tags: Go",
        "  enclosure: https://example.org/1.mp3 (audio/mpeg)",
        "  content: Text",
        "  note: left out of its HTML: script",
        "  note: attributes left out: onclick",
        "  note: left out of its link: utm_source",
        "  dropped: rules.0",
        "  note: its date cannot be believed: soon",
    ):
        assert line in done.stdout.splitlines(), done.stdout
    (place.directory / "f.xml").write_text(FEED)
    file = json.loads(ended(place.run("preview", "f.xml", "--json")).stdout)
    assert [entry["title"] for entry in file["entries"]] == ["One", "Sponsored: two"]
    assert (file["configured"], file["entries"][0]["categories"]) == (False, ["general"])
    assert file["entries"][1]["dropped"]
    sources.put("page", b"<!doctype html><p>none", Content_Type="text/html")
    assert "no feed: an HTML page" in ended(place.run("preview", sources.url("page")), 1).stdout
    assert sorted(path.name for path in place.directory.iterdir()) == ["f.xml", "feeds.yaml"]
    place.file.unlink()
    refused = ended(place.run("preview", sources.url("f.xml")), 1)
    assert "write `private: true`" in refused.stdout
    assert json.loads(ended(place.run("preview", "f.xml", "--json")).stdout)["title"] == "F"
