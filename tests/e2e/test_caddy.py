"""`deploy/Caddyfile` in the real Caddy: the documents as files, and our server behind it."""

import gzip
import os

import pytest

from tests.e2e.program import Place
from tests.e2e.source import SourceServer, rss
from tests.e2e.webserver import SECURITY, free_port, get, program, sample, serving

FEED = "/category/tech/feed.atom"
ALONE = "{\n\tadmin off\n\tauto_https off\n}\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The output of one run of `once` as files at one port, and at another one a daemon behind Caddy."""
    caddy = program("caddy")
    place = Place(tmp_path_factory.mktemp("caddy"))
    with SourceServer() as sources:
        sources.put("a.xml", rss("A", *(f"Post number {n}" for n in range(40))))
        place.write(
            "output: {formats: [atom, rss, json, html, posts]}\n"
            f"categories: {{tech: {{title: Tech, feeds: ['{sources.url('a.xml')}']}}}}\n"
        )
        with place.daemon() as daemon:
            daemon.wait_for_body(FEED[1:], "Post number 39")
            daemon.wait_for_body("index.html", "Post number 39")  # after all feeds of the site
            for name in (".hidden.atom", "backup.zip", "CNAME", "category/.feed.atom.1-1.new"):
                (place.public / name).write_text("secret")
            files, proxy = free_port(), free_port()
            home = place.directory / "caddy"
            home.mkdir()
            text = sample(
                "Caddyfile",
                ("live.news.example.org {", f"http://127.0.0.1:{proxy} {{"),
                ("\nnews.example.org {", f"\nhttp://127.0.0.1:{files} {{"),
                ("/srv/aggregator/public", str(place.public)),
                ("127.0.0.1:8080", f"127.0.0.1:{daemon.port}"),
            )
            (home / "Caddyfile").write_text(ALONE + text)
            command = [caddy, "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]
            own = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
            with serving(command, files, home / "log", env=own):
                yield place, files, proxy, daemon


@pytest.mark.parametrize(
    "path",
    [
        FEED,
        "/feed.rss",
        "/feed.json",
        "/outputs.opml",
        "/",
        "/about.html",
        "/category/tech/",
        "/style.css",
    ],
)
def test_documents(site, path):
    """As files or through our server: the same bytes, types and safety, packed or not."""
    wanted = get(site[3].port, path)
    for port in site[1:3]:
        status, headers, body = get(port, path)
        assert (status, body) == (200, wanted[2])
        for name in ("content-type", "vary", "access-control-allow-origin", *SECURITY):
            assert headers.get(name) == wanted[1].get(name), name
        assert headers["cache-control"].startswith("public, max-age=")
        assert "server" not in headers
        packed = get(port, path, accept_encoding="gzip")
        assert packed[1]["content-encoding"] == "gzip"
        assert packed[1]["content-type"] == headers["content-type"]
        assert gzip.decompress(packed[2]) == body
        assert packed[1]["etag"] != headers["etag"]


def test_page_of_a_post(site):
    """It may show images from anywhere, and nothing else, as ours says it."""
    path = f"/{next(site[0].public.glob('post/*/*/*.html')).relative_to(site[0].public)}"
    for port in (*site[1:3], site[3].port):
        status, headers, body = get(port, path)
        assert (status, body) == (200, (site[0].public / path[1:]).read_bytes())
        assert headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; img-src http: https:; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("accept", ["identity", "gzip"])
def test_conditions_and_parts(site, accept):
    """304 on each validator alone and on both; a part with its place; HEAD without a body."""
    for port in site[1:3]:
        _, headers, body = get(port, FEED, accept_encoding=accept)
        for condition in (
            {"if_none_match": headers["etag"]},
            {"if_modified_since": headers["last-modified"]},
            {"if_none_match": headers["etag"], "if_modified_since": headers["last-modified"]},
        ):
            status, again, nothing = get(port, FEED, accept_encoding=accept, **condition)
            assert (status, again["etag"], nothing) == (304, headers["etag"], b"")
        assert get(port, FEED, accept_encoding=accept, if_none_match='"other"')[0] == 200
        status, part_headers, part = get(port, FEED, accept_encoding=accept, range="bytes=5-9")
        assert (status, part) == (206, body[5:10])
        assert part_headers["content-range"] == f"bytes 5-9/{len(body)}"
        assert get(port, FEED, accept_encoding=accept, range=f"bytes={len(body)}-")[0] == 416
        status, told, nothing = get(port, FEED, "HEAD", accept_encoding=accept)
        assert (status, told["etag"], nothing) == (200, headers["etag"], b"")


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/none.atom",
        "/.hidden.atom",
        "/category/.feed.atom.1-1.new",
        "/category/tech/feed.atom.gz",
        "/backup.zip",
        "/CNAME",
        "/category/",
        "/admin",
        "/admin/",
        "/metrics",
        "/../feeds.yaml",
        "/%2e%2e/feeds.yaml",
        "/..%2f..%2fetc/passwd",
        "/%0d%0aX:1",
        "/feed.atom%00.html",
    ],
)
def test_what_is_not_shown(site, path):
    """Hidden, temporary, foreign, or the operator's: none of it gets out."""
    for port in site[1:3]:
        status, headers, body = get(port, path)
        assert status in (400, 404)
        assert b"secret" not in body
        assert "x" not in headers
        if port == site[1] and status == 404:
            assert (body, headers["content-type"]) == (b"not found\n", "text/plain; charset=utf-8")
            assert set(SECURITY) <= headers.keys()
            assert "cache-control" not in headers


def test_only_reading(site):
    """405 with what there is."""
    for port in site[1:3]:
        status, headers, _ = get(port, FEED, "POST")
        assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/all.xml", "/feed.atom"),
        ("/tech/feed/", "/category/tech/feed.atom"),
        ("/?a=b&feed=rss2", "/feed.atom"),
        ("/category/tech", "/category/tech/"),
    ],
)
def test_where_others_lead(site, path, to):
    """The lines that stand for `formerly`, and a folder without its slash."""
    status, headers, _ = get(site[1], path)
    assert (status, headers["location"]) == (301, to)
    assert get(site[1], "/?feed=rss20")[0] == 200


def test_our_server_is_down(site):
    """503 with when to come back. Last here: the daemon is stopped."""
    site[3].stop()
    status, headers, body = get(site[2], FEED)
    assert (status, headers["retry-after"], body) == (503, "30", b"not available now\n")
    assert get(site[1], FEED)[0] == 200
