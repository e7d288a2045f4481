"""No markup that a source sends runs, asks or opens anything in a browser, wherever it is put."""

import json
from html import escape
from pathlib import Path

import pytest
from lxml import etree

from tests.e2e.program import Place
from tests.e2e.source import SourceServer
from tests.xss import feeds
from tests.xss.browser import CHROMIUM, HOST, Browser, Pages

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")

OURS = Path(__file__).with_name("payloads.json")
COLLECTED = Path(__file__).parents[3] / "shared" / "xss" / "payloads.json"
ATOM = "{http://www.w3.org/2005/Atom}"
RSS_HTML = ("description", "{http://purl.org/rss/1.0/modules/content/}encoded")
ON_A_PAGE = 40  # frames, or entries
PARTS = 8  # so that all entries of one fit into a document
HEAD = """\
site: {title: Test, url: 'https://news.example.org/'}
server: {listen: '127.0.0.1:0', admin: 'off'}
polling: {per_host: 8, per_host_gap: 0s}
output: {entries: 1000, formats: FORMATS}
defaults: {private: true}
feeds:
"""


@pytest.fixture(scope="module")
def pages():
    with Pages() as served:
        yield served


@pytest.fixture(scope="module")
def browser(pages, tmp_path_factory):
    with Browser(pages, tmp_path_factory.mktemp("profile")) as running:
        yield running


def published(directory, payloads, together, categories, formats="[atom, rss, json, html]"):
    """What the real program publishes of feeds with so many payloads each."""
    place = Place(directory)
    with SourceServer() as sources:
        for start in range(0, len(payloads), together):
            some = payloads[start : start + together]
            sources.put(f"rss/{start}", feeds.rss(some[0], some, start))
            sources.put(f"atom/{start}", feeds.atom(some[-1], some, start))
        keys = f"category: {categories}, tags: ['{{term}}', '{{feed_title}}']"
        paths = [path.lstrip("/") for path in sources.answers]
        place.write(
            "".join(f"  - {{url: '{sources.url(path)}', {keys}}}\n" for path in paths),
            HEAD.replace("FORMATS", formats),
        )
        done = place.run("once")
        assert done.returncode == 0, done.stdout + done.stderr
        assert all(sources.statuses(path) == [200] for path in paths)
    return place.documents()


def groups(rows):
    return [rows[start : start + ON_A_PAGE] for start in range(0, len(rows), ON_A_PAGE)]


def faults(seen, allowed):
    """What a page did that it should not have."""
    asked = [one for one in seen.requests if not allowed(*one)]
    schemes = seen.addresses - {"http:", "https:", "mailto:"}
    return [*seen.scripts, *seen.dialogs, *asked, *schemes]


def page_faults(documents, pages, browser, allowed=lambda *_: False):
    """What our own pages do beyond asking for themselves and their style sheet, and what else is allowed."""
    html = sorted(path for path in documents if path.endswith(".html"))
    for path in (*html, *(path for path in documents if path.endswith(".css"))):
        pages.put(path, documents[path])
    own = {f"http://{HOST}/{path}" for path in documents} | {f"http://{HOST}/favicon.ico"}
    found = []
    for some in groups(html):
        frames = "".join(f"<iframe src='/{path}'></iframe>" for path in some)
        seen = browser.visit(pages.put("frames", f"<!doctype html><title>frames</title>{frames}"))
        opened = {url for kind, url in seen.requests if kind == "Document"}
        assert opened >= {f"http://{HOST}/{path}" for path in some}
        found += faults(seen, lambda kind, url: url in own or allowed(kind, url))
    return found


def bare(documents):
    """What readers of our documents put into pages of theirs: HTML as it is, text escaped, links."""
    entries = {}
    for path, body in documents.items():
        if path.endswith(".atom"):
            for entry in etree.fromstring(body).iterfind(f"{ATOM}entry"):
                shown = "".join(map(_bare, entry.iter()))
                entries.setdefault(("atom", entry.findtext(f"{ATOM}id")), shown)
        elif path.endswith(".rss"):
            for item in etree.fromstring(body).iter("item"):
                shown = "".join(map(_bare_rss, item))
                entries.setdefault(("rss", item.findtext("guid")), shown)
        elif path.endswith(".json"):
            for item in json.loads(body)["items"]:
                entries.setdefault(("json", item["id"]), item["content_html"])
    return [f"<div>{shown}</div>" for shown in entries.values()]


def _bare(element):
    text = element.text or ""
    links = "".join(f"<a href='{escape(element.get(name, ''))}'>l</a>" for name in ("href", "uri"))
    return (text if element.get("type") == "html" else escape(text)) + links


def _bare_rss(element):
    text = element.text or ""
    link = f"<a href='{escape(text)}'>l</a>" if element.tag == "link" else ""
    return (text if element.tag in RSS_HTML else escape(text)) + link


def content_faults(contents, pages, browser):
    """What contents do on a page without any policy, beyond showing images (and sound and film)."""
    found = []
    for some in groups(contents):
        seen = browser.visit(pages.put("bare", "<!doctype html><title>bare</title>" + "\n".join(some)))
        found += faults(seen, shows)
    return found


def shows(kind, url):
    """Whether a request is for what contents show; an address on the page's own host was left relative."""
    own = url.startswith(f"http://{HOST}/")
    return url.endswith("/favicon.ico") if own else kind in ("Image", "Media")


def caught(seen, raw):
    """Whether a page was seen to do what the payload does by itself."""
    asked = [kind for kind, url in seen.requests if kind != "Image" and not url.endswith("favicon.ico")]
    return seen.ran if raw == "runs" else asked


def test_what_runs_by_itself_is_seen(pages, browser):
    """The control: of our payloads as they are, those that run or ask for something are caught at it."""
    for number, row in enumerate(json.loads(OURS.read_text())):
        if row["raw"] == "rests":
            continue
        url = pages.put(str(number), f"<!doctype html><title>x</title><p>{row['payload']}")
        assert any(caught(browser.visit(url, wait), row["raw"]) for wait in (20, 200, 2000)), row


@pytest.mark.parametrize(
    "html",
    ["<a href=' java&Tab;script:alert(1)'>x</a>", "<p onclick=x()>x", "<form action='data:,x'></form>"],
)
def test_what_waits_for_a_click_is_seen(html, pages, browser):
    """The control: addresses that would run, and handlers, as the browser reads them, in frames as well."""
    pages.put("waiting", f"<!doctype html><title>x</title>{html}")
    seen = browser.visit(pages.put("frame", "<!doctype html><title>x</title><iframe src=/waiting></iframe>"))
    assert faults(seen, lambda *_: True)


def test_nothing_of_ours_runs(tmp_path, pages, browser):
    """Our payloads, each with feeds of its own, in every field and on every page."""
    payloads = [row["payload"] for row in json.loads(OURS.read_text())]
    documents = published(tmp_path, payloads, 1, "['{term}', '{author}', all]")
    assert_quiet(documents, len(payloads), pages, browser)


def test_pages_of_posts(tmp_path, pages, browser):
    """Our payloads as pages of their own, which show images of others, and nothing else of anybody."""

    def images(kind, url):
        return kind == "Image" and not url.startswith(f"http://{HOST}/")

    payloads = [row["payload"] for row in json.loads(OURS.read_text())]
    documents = published(tmp_path, payloads, 20, "all", "[posts]")
    assert sum(path.endswith(".html") for path in documents) > len(payloads)
    assert page_faults(documents, pages, browser, images) == []


@pytest.mark.skipif(not COLLECTED.exists(), reason="the collected payloads are not beside this checkout")
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_collected_runs(part, tmp_path, pages, browser):
    """The payloads that broke other sanitizers, many to a feed."""
    payloads = [row["payload"] for row in json.loads(COLLECTED.read_text())][part::PARTS]
    documents = published(tmp_path, payloads, 20, "['{term}', all]")
    assert_quiet(documents, len(payloads), pages, browser)


def assert_quiet(documents, least, pages, browser):
    """Neither our pages nor the contents of our feeds do what they should not."""
    contents = bare(documents)
    assert len(contents) > 3 * least
    assert page_faults(documents, pages, browser) == []
    assert content_faults(contents, pages, browser) == []
