"""`deploy/nginx.conf` in the real nginx: the documents as files, and our server behind it."""

import gzip
import os

import pytest

from tests.e2e.program import Place
from tests.e2e.source import SourceServer, rss
from tests.e2e.webserver import SECURITY, free_port, get, program, sample, serving

FEED = "/category/tech/feed.atom"
ATOM = "application/atom+xml; charset=utf-8"
WRAPPED = """\
daemon off; worker_processes 1; pid {home}/pid; error_log stderr notice; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  include {home}/aggregator.conf;
}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The output of one run of `once` as files at one port, and at another one a daemon behind nginx."""
    nginx = program("nginx")
    place = Place(tmp_path_factory.mktemp("nginx"))
    with SourceServer() as sources:
        sources.put("a.xml", rss("A", *(f"Post number {n}" for n in range(40))))
        place.write(
            "output: {formats: [atom, rss, json, html, posts]}\n"
            f"categories: {{tech: {{title: Tech, feeds: ['{sources.url('a.xml')}']}}}}\n"
        )
        assert place.run("once").returncode == 0
        for name in (".hidden.atom", "backup.zip", "CNAME", "category/.feed.atom.1-1.new"):
            (place.public / name).write_text("secret")
        (place.public / "linked.html").symlink_to(place.file)
        (place.public / "admin").mkdir()
        with place.daemon() as daemon:
            daemon.wait_for_body(FEED[1:], "Post number 39")
            files, proxy = free_port(), free_port()
            home = place.directory / "nginx"
            home.mkdir()
            first, second = sample(
                "nginx.conf",
                ("    listen [::]:80;\n", ""),
                ("root /srv/aggregator/public;", f"root {place.public};"),
                ("http://127.0.0.1:8080", f"http://127.0.0.1:{daemon.port}"),
            ).split("# 2. ")
            assert "listen 80;" in first
            assert "listen 80;" in second
            first = first.replace("listen 80;", f"listen 127.0.0.1:{files};")
            second = second.replace("listen 80;", f"listen 127.0.0.1:{proxy};")
            (home / "aggregator.conf").write_text(f"{first}# {second}")
            # As root its workers would be somebody who may not read what pytest makes.
            user = "user root;" if os.geteuid() == 0 else ""
            (home / "nginx.conf").write_text(WRAPPED.format(home=home, user=user))
            command = [nginx, "-p", str(home), "-c", str(home / "nginx.conf")]
            with serving(command, files, home / "log"):
                yield place, files, proxy, daemon


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        (FEED, ATOM),
        ("/feed.atom", ATOM),
        ("/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json; charset=utf-8"),
        ("/outputs.opml", "text/x-opml; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
        ("/about.html", "text/html; charset=utf-8"),
        ("/category/tech/", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
    ],
)
def test_documents(site, path, media_type):
    """As files or through our server: the same bytes, types and safety, packed or not."""
    for port in site[1:3]:
        status, headers, body = get(port, path)
        assert (status, headers["content-type"]) == (200, media_type)
        assert (
            body
            == (site[0].public / (path[1:] + "index.html" if path.endswith("/") else path[1:])).read_bytes()
        )
        assert headers["vary"] == "Accept-Encoding"
        assert headers["cache-control"].startswith("public, max-age=")
        packed = get(port, path, accept_encoding="gzip")
        assert packed[1]["content-encoding"] == "gzip"
        assert packed[1]["content-type"] == media_type
        assert gzip.decompress(packed[2]) == body
        assert packed[1]["etag"] != headers["etag"]
        assert not headers["etag"].startswith("W/")
        assert [headers[name] for name in SECURITY] == [get(site[3].port, path)[1][name] for name in SECURITY]


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
            assert "cache-control" in again
        assert get(port, FEED, accept_encoding=accept, if_none_match='"other"')[0] == 200
        if accept == "gzip" and port == site[1]:
            continue  # nginx sends a twin whole, which is allowed (RFC 9110, 14.2)
        status, part_headers, part = get(port, FEED, accept_encoding=accept, range="bytes=5-9")
        assert (status, part) == (206, body[5:10])
        assert part_headers["content-range"] == f"bytes 5-9/{len(body)}"
        assert get(port, FEED, accept_encoding=accept, range=f"bytes={len(body)}-")[0] == 416
        status, told, nothing = get(port, FEED, "HEAD", accept_encoding=accept)
        assert (status, told["content-length"], nothing) == (200, str(len(body)), b"")


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
        "/linked.html",
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
    """Hidden, temporary, foreign, or the operator's: none of it gets out, and nginx does not name itself."""
    for port in site[1:3]:
        status, headers, body = get(port, path)
        if path == "/admin" and port == site[1]:
            assert status == 301  # a folder, as any; there is nothing in it
            continue
        assert status in (400, 404)
        assert b"secret" not in body
        assert "x" not in headers
        assert headers.get("server", "nginx") == "nginx"
        if port == site[1] and status == 404:
            assert (body, headers["content-type"]) == (b"not found\n", "text/plain; charset=utf-8")
            assert set(SECURITY) <= headers.keys()
            assert "cache-control" not in headers


def test_folder_without_its_slash(site):
    """Both lead there, and to no other host."""
    assert get(site[1], "/category/tech?x=1")[1]["location"] == "/category/tech/"
    assert get(site[2], "/category/tech?x=1")[1]["location"] == "tech/"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_reading(site, method):
    """405 with what there is."""
    for port in site[1:3]:
        status, headers, _ = get(port, FEED, method)
        assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/all.xml", "/feed.atom"),
        ("/all.xml?x=1", "/feed.atom"),
        ("/tech/feed/", "/category/tech/feed.atom"),
        ("/?feed=rss2", "/feed.atom"),
        ("/?a=b&feed=rss2&c=d", "/feed.atom"),
    ],
)
def test_old_addresses(site, path, document):
    """The lines that stand for `formerly`."""
    status, headers, _ = get(site[1], path)
    assert (status, headers["location"]) == (301, document)
    assert get(site[1], "/?feed=rss20")[0] == 200


def test_readers_in_a_browser(site):
    """They may take feeds, not pages."""
    for port in site[1:3]:
        assert get(port, FEED)[1]["access-control-allow-origin"] == "*"
        assert "access-control-allow-origin" not in get(port, "/")[1]


def test_our_server_is_down(site):
    """503 with when to come back, not a page of nginx. Last here: the daemon is stopped."""
    site[3].stop()
    status, headers, body = get(site[2], FEED)
    assert (status, headers["retry-after"], body) == (503, "30", b"not available now\n")
    assert get(site[1], FEED)[0] == 200


def test_processes_that_serve(place, sources):
    """Before two of them it asks the other one where one is dead; who asks hears nothing of that."""
    sources.put("a.xml", rss("A", "First"))
    place.write(f"feeds: [{{url: '{sources.url('a.xml')}', category: tech}}]\n")
    nginx, port = program("nginx"), free_port()
    home = place.directory / "nginx"
    home.mkdir()
    with (
        place.worker("poll,publish"),
        place.worker("serve", log="one") as one,
        place.worker("serve", log="two") as two,
    ):
        one.wait_for_body(FEED[1:], "First")
        (home / "aggregator.conf").write_text(
            sample(
                "nginx-workers.conf",
                ("    listen [::]:80;\n", ""),
                ("listen 80;", f"listen 127.0.0.1:{port};"),
                ("server-a:8080", f"127.0.0.1:{one.port}"),
                ("server-b:8080", f"127.0.0.1:{two.port}"),
            )
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(WRAPPED.format(home=home, user=user))
        with serving([nginx, "-p", str(home), "-c", str(home / "nginx.conf")], port, home / "log"):
            before = [get(port, FEED) for _ in range(4)]
            assert {status for status, _, _ in before} == {200}
            assert len({headers["etag"] for _, headers, _ in before}) == 1
            assert get(port, "/metrics")[0] == get(port, "/admin/")[0] == 404
            one.process.kill()
            one.process.wait(20)
            assert [get(port, FEED)[0] for _ in range(6)] == [200] * 6
            two.process.kill()
            two.process.wait(20)
            assert get(port, FEED)[0] == 503
