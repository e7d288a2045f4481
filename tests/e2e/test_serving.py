"""What a running daemon serves, and what other commands may do beside it."""

import gzip
import json

import pytest
from lxml import etree

from tests.e2e.program import HEAD, Place, until
from tests.e2e.source import SourceServer, rss

FEED = "category/tech/feed.atom"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One daemon with two sources, which tell one story twice, for all tests here."""
    place = Place(tmp_path_factory.mktemp("serving"))
    with SourceServer() as sources:
        names = [f"Post number {n}" for n in range(30)]
        sources.put("a.xml", rss("A", *names))
        told = rss("B", "https://example.org/A/Post%20number%203?utm_source=b", "Only here")
        gate = sources.hang("b.xml", told)
        place.write(
            "categories:\n  tech:\n    title: Technik\n    feeds:\n"
            f"      - {sources.url('a.xml')}\n      - {sources.url('b.xml')}\n"
        )
        with place.daemon() as daemon:
            daemon.wait_for_body(FEED, "Post number 29")
            gate.set()
            daemon.wait_for_body(FEED, "Only here")
            daemon.wait_for_body("feed.atom", "Only here")
            yield place, daemon, sources


def test_a_whole_answer(running):
    """A document comes with its validators and its media type, and is the file in the output directory."""
    place, daemon, _ = running
    status, headers, body = daemon.get(FEED)
    assert status == 200
    assert headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert headers["etag"].startswith('"')
    assert headers["last-modified"].endswith("GMT")
    assert headers["content-length"] == str(len(body))
    assert "accept-encoding" in headers["vary"].lower()
    assert body == (place.public / FEED).read_bytes()


def test_what_is_said_about_it(running):
    """Where it is, when it can be another one, and that readers in a browser may have it."""
    _, headers, _ = running[1].get("feed.atom")
    assert headers["link"].startswith('<https://news.example.org/feed.atom>; rel="self"')
    assert headers["access-control-allow-origin"] == "*"
    public, age = headers["cache-control"].split(", max-age=")
    assert public == "public"
    assert 60 <= int(age) <= 900


@pytest.mark.parametrize("accept", ["identity", "gzip"])
def test_a_download_that_broke_off(running, accept):
    """The rest comes, and fits."""
    _, headers, body = running[1].get(FEED, accept_encoding=accept)
    rest = {"range": "bytes=100-", "if_range": headers["etag"], "accept_encoding": accept}
    status, _, found = running[1].get(FEED, **rest)
    assert (status, body[:100] + found) == (206, body)


def test_old_addresses_of_feeds(running):
    """Those of the site and of a category lead to what they are now, from the edit on that names them."""
    place, daemon, _ = running
    file = place.file.read_text()
    assert daemon.get("?feed=rss2")[0] == 200
    head = HEAD.replace("site: {", "site: {formerly: ['/?feed=rss2', /all.xml], ")
    place.write(
        file[len(HEAD) :].replace("title: Technik", "title: Technik\n    formerly: [/tech/feed/]"), head
    )
    until(lambda: daemon.get("?feed=rss2")[0] == 301, daemon.log)
    assert daemon.get("?feed=rss2")[1]["location"] == "feed.atom"
    assert daemon.get("all.xml")[1]["location"] == "feed.atom"
    assert daemon.get("tech/feed/")[1]["location"] == f"../../{FEED}"
    place.write(file[len(HEAD) :])
    until(lambda: daemon.get("all.xml")[0] == 404, daemon.log)
    assert "has no effect" not in daemon.log()


def test_what_is_in_it(running):
    """One entry for each story, with the ids of their sources, the source itself, and the category."""
    feed = etree.fromstring(running[1].get(FEED)[2])
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 31
    assert {e.findtext(f"{ATOM}source/{ATOM}title") for e in entries} == {"A", "B"}
    ids = {e.findtext(f"{ATOM}id") for e in entries}
    assert {f"tag:example.org,2026:A/{n}" for n in range(30)} | {"tag:example.org,2026:B/1"} == ids
    assert {e.find(f"{ATOM}category").get("term") for e in entries} == {"tech"}
    assert feed.findtext(f"{ATOM}title").startswith("Technik")


@pytest.mark.parametrize("name", ["etag", "last-modified"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_not_modified(running, name, method):
    """Whoever comes back with a validator gets 304, the validators, and no body."""
    _, headers, _ = running[1].get(FEED)
    condition = {"etag": "if_none_match", "last-modified": "if_modified_since"}[name]
    status, again, body = running[1].get(FEED, method, **{condition: headers[name]})
    assert (status, body) == (304, b"")
    assert again["etag"] == headers["etag"]


@pytest.mark.parametrize("etag", ['"other"', '"other", W/"another"'])
def test_modified(running, etag):
    """Another validator gets the whole document."""
    assert running[1].get(FEED, if_none_match=etag)[0] == 200


@pytest.mark.parametrize("path", [FEED, "index.html", "style.css"])
def test_head(running, path):
    """HEAD gives what GET gives, without the body; what it says of the time may be another by then."""
    status, headers, body = running[1].get(path, "HEAD")
    full = running[1].get(path)
    assert (status, body) == (200, b"")
    timeless = {"date": "", "cache-control": ""}
    assert {**headers, **timeless} == {**full[1], **timeless}
    assert headers["cache-control"].startswith("public, max-age=")


def test_gzip(running):
    """Who takes gzip gets the stored twin, under an ETag of its own that gives 304 as well."""
    place, daemon, _ = running
    _, plain, body = daemon.get(FEED)
    status, headers, packed = daemon.get(FEED, accept_encoding="br, gzip;q=0.5")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(packed) == body
    assert packed == (place.public / f"{FEED}.gz").read_bytes()
    assert headers["etag"] != plain["etag"]
    again = daemon.get(FEED, accept_encoding="gzip", if_none_match=headers["etag"])
    assert (again[0], again[2]) == (304, b"")
    assert "content-encoding" not in daemon.get(FEED, accept_encoding="gzip;q=0")[1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 200),
        ("about.html", 200),
        ("feed.atom", 200),
        ("category/tech/", 200),
        ("category/tech", 301),
        ("healthz", 200),
        ("readyz", 200),
        ("category/none/feed.atom", 404),
        ("../feeds.yaml", 404),
        ("%2e%2e/feeds.yaml", 404),
        ("data/aggregator.db", 404),
    ],
)
def test_paths(running, path, status):
    """Documents, health, and nothing else of the machine."""
    assert running[1].get(path)[0] == status


def test_only_reading(running):
    """Nobody can change anything over the public listener."""
    status, headers, _ = running[1].get(FEED, "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_sources_are_asked_politely(running):
    """They learn who asks and where to complain, and are asked for gzip."""
    headers = running[2].log[0].headers
    assert headers["user-agent"].startswith("aggregator/")
    assert "(+https://news.example.org/about)" in headers["user-agent"]
    assert "gzip" in headers["accept-encoding"]


@pytest.mark.parametrize("command", [("run",), ("once", "--all")], ids=" ".join)
def test_a_second_process_is_refused(running, command):
    """It says which process runs the loops and what to do, polls nothing, and the first one goes on."""
    place, daemon, sources = running
    asked = len(sources.log)
    done = place.run(*command)
    assert done.returncode == 1
    assert f"process {daemon.process.pid} runs the loops on this store; stop it first" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(sources.log) == asked
    assert daemon.get("healthz")[0] == 200


def test_status_beside_the_daemon(running):
    """It names the process, and what each source came to."""
    place, daemon, _ = running
    done = place.run("status", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["daemon"] == daemon.process.pid
    assert [source["posts"] for source in said["sources"]] == [30, 2]


def test_publish_beside_the_daemon(running):
    """It only marks; the daemon renders what is missing within a tick."""
    place, daemon, _ = running
    before = daemon.get(FEED)[2]
    (place.public / FEED).unlink()
    assert daemon.get(FEED)[0] == 404
    done = place.run("publish")
    assert (done.returncode, done.stderr) == (0, "")
    assert "the running daemon renders them" in done.stdout
    assert daemon.wait_for_body(FEED, "Post number 29") == before
