"""Pages of posts, as operators and readers see them: by the commands, and by a running daemon."""

import re

from tests.e2e.program import HEAD, until
from tests.e2e.source import rss

HERE = "https://example.org"


def write(place, sources, formats="[atom, html, posts]", extra=""):
    head = (
        HEAD.replace("polling: {", "polling: {min_interval: 1s, ")
        + f"output: {{formats: {formats}{extra}}}\n"
    )
    feed = f"{{url: '{sources.url('a.xml')}', every: 1s}}"
    place.write(f"categories: {{x: {{title: X, feeds: [{feed}]}}}}\n", head)


def pages(place):
    """The pages that there are, without their twins."""
    return {path: body for path, body in place.documents().items() if re.fullmatch(r"post/.*\.html", path)}


def said(done, status=0):
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stdout + done.stderr
    return done.stdout + done.stderr


def test_by_the_commands(place, sources):
    """`once` makes them, `publish` mends them to the same bytes, out of the file they go."""
    sources.put("a.xml", rss("A", "One", "Two"))
    write(place, sources)
    assert "no effect" not in said(place.run("once"))
    made = pages(place)
    assert len(made) == 2
    [one] = [path for path in made if "/one-" in path]
    assert b"<h1>" in made[one]
    assert b'content="noindex"' in made[one]
    assert f'href="../../{one}"'.encode() in place.documents()["category/x/index.html"]
    assert f'href="{one}"'.encode() in place.documents()["index.html"]
    (place.public / one).unlink()
    said(place.run("publish"))
    assert pages(place) == made
    write(place, sources, extra=", index: true")
    said(place.run("once"))
    assert pages(place).keys() == made.keys()
    assert b"noindex" not in pages(place)[one]
    write(place, sources, "[posts]")
    said(place.run("once"))
    assert {path for path in place.documents() if path.endswith((".html", ".css"))} == {*made, "style.css"}
    write(place, sources, "[atom, html]")
    said(place.run("once"))
    assert pages(place) == {}
    assert not list((place.public / "post").rglob("*.gz"))
    assert f"{one}".encode() not in place.documents()["index.html"]


def test_what_was_changed_by_hand(place, sources):
    """It is neither overwritten in passing nor removed, and it is named."""
    sources.put("a.xml", rss("A", "One"))
    write(place, sources)
    said(place.run("once"))
    [path] = pages(place)
    (place.public / path).write_text("mine")
    write(place, sources, "[atom, html]")
    assert "was changed since we wrote it" in said(place.run("publish"), 1)
    assert pages(place) == {path: b"mine"}


def test_beside_a_daemon(place, sources):
    """A new post has its page, an edit changes it, formats come and go live, and a takedown is 410."""
    sources.put("a.xml", rss("A", "One"))
    write(place, sources)
    with place.daemon() as daemon:
        daemon.wait_for_body("category/x/index.html", 'href="../../post/')
        [one] = pages(place)
        status, headers, body = daemon.get(one)
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "img-src http: https:" in headers["content-security-policy"]
        assert b">One</a></h1>" in body
        write(place, sources, "[atom, html]")
        until(lambda: daemon.get(one)[0] == 404, daemon.log)
        write(place, sources)
        assert daemon.wait_for_body(one, "One") == body
        sources.put("a.xml", rss("A", "One", "Two"))
        until(lambda: len(pages(place)) == 2, daemon.log)
        said(place.run("takedown", f"{HERE}/A/One"))
        until(lambda: daemon.get(one)[0] == 410, daemon.log)
        assert daemon.get(one)[2] == b"gone\n"
        until(lambda: one not in pages(place), daemon.log)  # it says so before the file is gone
        [two] = pages(place)
        assert daemon.get(two)[0] == 200
