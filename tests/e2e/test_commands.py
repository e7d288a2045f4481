"""The commands, one after the other, as an operator types them, and the file that comes with the program."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from lxml import etree

from aggregator import config
from tests.e2e.program import ENVIRONMENT, HEAD, ROOT
from tests.e2e.source import rss

ATOM = "{http://www.w3.org/2005/Atom}"
BROKEN = b"<!doctype html><title>Moved</title><p>Nothing here"


def said(done, status=0):
    """What a command printed; it ended as expected, and without a traceback."""
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_from_nothing_to_a_feed(place, sources):
    """`init`, `check`, an edit, `once`, `status --json`, `publish`, `schema`: each does what it says."""
    assert "edit the first, then: aggregator run" in said(place.run("init"))
    assert "good" in said(place.run("check"))
    assert not place.store.exists()
    before = place.file.read_bytes()
    again = place.run("init")
    said(again, 1)
    assert "feeds.yaml exists already and stays as it is" in again.stderr
    assert place.file.read_bytes() == before

    text = place.file.read_text()
    for n, url in enumerate(re.findall(r"https://(?:lwn|planetpython)\S+", text)):
        sources.put(f"{n}.xml", rss(f"Feed {n}", f"First of {n}", f"Second of {n}"))
        text = text.replace(url, sources.url(f"{n}.xml"))
    place.write("defaults: {private: true}\npolling: {min_interval: 1s, per_host_gap: 0s}\n", text)
    table = said(place.run("once"))
    assert "2 sources polled: 4 new posts, 0 duplicates, 0 sources without news, 0 failed" in table
    feed = etree.fromstring((place.public / "category/news/feed.atom").read_bytes())
    assert len(feed.findall(f"{ATOM}entry")) == 4

    status = json.loads(said(place.run("status", "--json")))
    assert status["daemon"] is None
    assert [source["result"] for source in status["sources"]] == ["2 new", "2 new"]
    assert [source["source"] for source in status["sources"]] == [
        "Feed 0 (confidential source 1)",
        "Planet Python",
    ]
    assert all(source["next_poll"] > source["last_poll"] for source in status["sources"])

    documents = place.documents()
    (place.public / "index.html").unlink()
    assert "1 document written" in said(place.run("publish"))
    assert place.documents() == documents

    schema = said(place.run("schema"))
    assert schema == (place.directory / "feeds.schema.json").read_text()
    assert json.loads(schema) == config.json_schema()


def test_rounds(place, sources):
    """A source that fails is a row of the table, and the status only with `--strict`; nothing else moves."""
    sources.put("good.xml", rss("Good", "One", "Two"))
    sources.put("page.html", BROKEN, Content_Type="text/html")
    sources.put("gone.xml", b"", 410)
    urls = {name: sources.url(name) for name in ("good.xml", "page.html", "gone.xml", "missing.xml")}
    head = HEAD.replace("per_host: 8", "per_host: 8, min_interval: 1s")
    lines = [f"  - {{url: '{url}', title: '{name}'}}\n" for name, url in urls.items()]
    place.write("feeds:\n" + lines[0], head)
    assert "1 source polled: 2 new posts" in said(place.run("once", "--strict"))
    before = place.documents()

    place.write("feeds:\n" + "".join(lines), head)
    table = said(place.run("once", "--strict"), 1)
    assert "3 sources polled: 0 new posts, 0 duplicates, 0 sources without news, 3 failed" in table
    rows = [line.split(maxsplit=1) for line in table.splitlines()[1:4]]
    assert [row[0] for row in rows] == ["page.html", "gone.xml", "missing.xml"]
    assert ["410" in rows[1][1], "404" in rows[2][1]] == [True, True]
    assert sources.statuses("good.xml") == [200]  # it was not due

    assert "1 source without news, 2 failed" in said(place.run("once", "--all"))
    assert sources.statuses("good.xml") == [200, 304]
    assert sources.statuses("gone.xml") == [410]  # who is gone is not asked again
    feeds = {path: body for path, body in place.documents().items() if path.endswith("feed.atom")}
    assert feeds.items() <= before.items()


def test_check_live(place, sources):
    """It fetches every source once, says what it is, and stores nothing."""
    sources.put("good.xml", rss("Good", "One", "Two"))
    sources.put("page.html", BROKEN, Content_Type="text/html")
    place.write(
        f"feeds:\n  - {{url: '{sources.url('good.xml')}', title: Fine}}\n"
        f"  - {{url: '{sources.url('page.html')}', title: Page}}\n"
    )
    lines = said(place.run("check", "--live"), 1).splitlines()
    assert "ok   Fine: Fine: 2 entries, newest 2026-11-03" in lines
    assert [line for line in lines if line.startswith("FAIL Page: ")]
    assert len(sources.log) == 2
    assert not place.store.exists()
    assert not place.public.exists()


def test_a_document_that_cannot_be_written(place, sources):
    """A file of somebody else's in the output is left alone and named, status 1; then it is put in place."""
    sources.put("a.xml", rss("A", "One"))
    place.write(f"feeds: ['{sources.url('a.xml')}']\n")
    place.public.mkdir()
    (place.public / "index.html").write_text("mine")
    done = place.run("once")
    table = said(done, 1)
    assert "1 source polled: 1 new post, " in table
    assert "there is a file that we did not write; move it away" in done.stderr
    assert (place.public / "index.html").read_text() == "mine"
    assert (place.public / "feed.atom").exists()
    (place.public / "index.html").unlink()
    assert "1 document written" in said(place.run("publish"))
    assert b"One" in (place.public / "index.html").read_bytes()


def test_files_beside_the_configuration(place):
    """A `file:` source is relative to the file, wherever the command is typed, and is never named outside."""
    (place.directory / "local").mkdir()
    (place.directory / "local/notes.xml").write_bytes(rss("Notes", "Mine"))
    place.write("feeds: ['file:local/notes.xml']\n")
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", "-c", str(place.file), "once"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 source polled: 1 new post, " in said(done)
    everything = b"".join(place.documents().values())
    assert b"Mine" in everything
    assert b"notes.xml" not in everything
    assert str(place.directory).encode() not in everything


def test_wrong_usage(place):
    """Status 2 for what the command line does not know."""
    assert said(place.run("once", "--al"), 2) == ""


@pytest.fixture(scope="module")
def shipped():
    """The feeds.yaml that comes with the program, as text."""
    return (ROOT / "feeds.yaml").read_text()


def parsed(text, place):
    return config.load(text, name="feeds.yaml", directory=str(place.directory), environment={})


def test_the_shipped_file_is_good(place, shipped):
    """It has no mistake and asks for nothing that is not done yet, in several languages and categories."""
    given = parsed(shipped, place)
    assert given.warnings == ()
    assert len(given.categories) >= 3
    assert len({source.language for source in given.sources}) >= 4
    assert [source for source in given.sources if source.path]


def test_the_shipped_file_without_a_network(place, shipped):
    """Its files alone fill the page and a valid feed; what cannot be reached is one line each."""
    public = [source.url for source in parsed(shipped, place).sources if not source.path]
    text = shipped
    for n, url in enumerate(public):  # each a host of its own, which is refused without a look-up
        text = text.replace(url, f"https://127.0.1.{n + 1}:9/feed")
    place.file.write_text(text)
    shutil.copytree(ROOT / "examples", place.directory / "examples")
    table = said(place.run("once"))
    failures = [line for line in table.splitlines() if "127.0.1." in line]
    assert len(failures) == len(public) >= 10
    assert f"{len(public)} failed" in table
    home = (place.public / "index.html").read_text()
    assert home.count("<li") >= 4
    feed = etree.fromstring((place.public / "category/product/feed.atom").read_bytes())
    assert len(feed.findall(f"{ATOM}entry")) >= 5
    for tag in ("id", "title", "updated"):
        assert feed.findtext(f"{ATOM}{tag}")
    slugs = {path.parent.name for path in place.public.glob("category/*/feed.atom")}
    assert {"world", "tech", "science", "keji", "product"} < slugs
    with closing(sqlite3.connect(place.store)) as database:
        [(check,)] = database.execute("PRAGMA integrity_check").fetchall()
    assert check == "ok"
