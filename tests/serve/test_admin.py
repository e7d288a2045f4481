"""The admin listener: who may ask, and what its pages show; the real server on loopback."""

import base64
import re
from dataclasses import replace

import pytest

from aggregator.errors import ListenError, StoreError
from aggregator.serve import Standing, admin_app
from aggregator.serve.admin import refusal, views
from tests.contract.made import NOW, A
from tests.serve.running import Running, Shelf, app
from tests.serve.watched import NASTY, SECRET, Scene, url

TOKEN = "correct hörse"
PAGES = ("/admin/", "/admin/stories", "/admin/explain", "/admin/explain?of=x", "/admin/style.css", "/metrics")


def basic(password, user="anyone"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token):
    return b"Bearer " + token.encode()


@pytest.fixture(scope="module")
def scene():
    return Scene()


def served(scene, token="", listen="127.0.0.1:0"):
    running = Running(admin_app(scene.desk, listen=listen, token=token))
    running.call(running.server.start())
    return running


@pytest.fixture(scope="module")
def site(scene):
    running = served(scene)
    yield running
    running.close()


@pytest.fixture(scope="module")
def locked(scene):
    running = served(scene, TOKEN)
    yield running
    running.close()


def page(site, path):
    status, _, body = site.ask("GET", path)
    assert status == 200
    return body.decode()


def links(text):
    """Names on the overview, in order, by the addresses of their pages."""
    return dict(re.findall(r'<h2><a href="(/admin/source/\w+)"><bdi>(.*?)</bdi>', text))


@pytest.mark.parametrize(
    ("listen", "token", "open_to_all"),
    [
        ("127.0.0.1:8081", "", False),
        ("127.0.0.2:8081", "", False),
        ("localhost:8081", "", False),
        ("[::1]:8081", "", False),
        ("0.0.0.0:8081", "", True),
        (":8081", "", True),
        ("[::]:8081", "", True),
        ("192.168.1.4:8081", "", True),
        ("127.evil.example:8081", "", True),
        ("0.0.0.0:8081", "t", False),
    ],
)
def test_beyond_loopback_it_wants_a_token(scene, listen, token, open_to_all):
    """Refused in words before anything is listened on."""
    assert ("admin_token" in refusal(listen, token)) is open_to_all
    if open_to_all:
        with pytest.raises(ListenError, match="open to whoever reaches"):
            admin_app(scene.desk, listen=listen, token=token)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8081", 200),
        ("localhost", 200),
        ("LOCALHOST.:1", 200),
        ("[::1]:8081", 200),
        ("192.168.1.4:8081", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8081", 421),
        ("localhost.evil.example", 421),
        ("", 421),
        ("a b", 421),
    ],
)
def test_names_that_are_not_ours(site, host, expected):
    """A page elsewhere whose name has been pointed at us has another name (DNS rebinding)."""
    for path in ("/admin/", "/metrics"):
        assert site.ask("GET", path, host=host)[0] == expected


def test_the_name_that_is_listened_on(scene):
    """Is ours, too."""
    running = served(scene, listen="localhost:0")
    assert running.ask("GET", "/admin/", host="localhost:1")[0] == 200
    running.close()


@pytest.mark.parametrize("path", [*PAGES, "/", "/admin", "/nothing", "/admin/source/x"])
def test_without_the_token_nothing_is_said(locked, path):
    """Not even which pages there are; browsers are told how to ask for it."""
    for authorization in (None, basic("wrong"), bearer("wrong"), "Basic !", "Basic", bearer(""), basic("")):
        sent = {} if authorization is None else {"authorization": authorization}
        status, headers, body = locked.ask("GET", path, **sent)
        assert (status, body) == (401, b"the password is server.admin_token\n")
        assert headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("path", PAGES)
def test_with_the_token(locked, path):
    """As a password under any name, or as a bearer's; that one may come under any host name."""
    assert locked.ask("GET", path, authorization=basic(TOKEN))[0] == 200
    assert locked.ask("GET", path, authorization=bearer(TOKEN))[0] == 200
    assert locked.ask("GET", path, authorization=bearer(TOKEN), host="aggregator:8081")[0] == 200
    assert locked.ask("GET", path, authorization=basic(TOKEN), host="evil.example")[0] == 421


def test_probes_are_free(locked, site, scene):
    """They say nothing but whether we live, under any name."""
    for running in (site, locked):
        assert running.ask("GET", "/healthz", host="pod.example")[0] == 200
        assert running.ask("GET", "/readyz")[0] == 200
        scene.ready = False
        assert running.ask("GET", "/readyz")[0] == 503
        scene.ready = True


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "same-origin", "origin": "http://other.example"}, 405),
        ({"origin": "http://127.0.0.1:9", "host": "127.0.0.1:9"}, 405),
        ({}, 405),
    ],
)
def test_posts_from_elsewhere_are_refused(site, headers, expected):
    """Those of our own pages too so far: nothing here changes anything."""
    for method in ("POST", "PUT", "DELETE"):
        assert site.ask(method, "/admin/", **headers)[0] == expected


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/"])
def test_every_answer_is_guarded(site, path):
    """Kept by nobody, framed by nobody, without scripts; a style sheet is all that a page loads."""
    _, headers, body = site.ask("GET", path)
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    for never in (b"<script", b" style=", b" onclick"):
        assert never not in body


def test_the_public_listener_has_none_of_it():
    """Every path of it is 404 there."""
    running = Running(app(Shelf(), ready=lambda: True))
    running.call(running.server.start())
    for path in (*PAGES, "/admin", "/admin/source/0123456789abcdef"):
        assert running.ask("GET", path)[0] == 404
    running.close()


def test_what_wants_attention_comes_first(site):
    """Sorted by health, in the order of the file within one."""
    text = page(site, "/admin/")
    assert list(links(text).values())[:4] == ["Gone", "Broken", "Failing", "Quiet"]
    assert list(links(text).values())[-1] == "Stopped"
    assert "the server says 500 (failures in a row: 4)" in text
    assert "half the time between its posts" in text
    assert "next poll in 60 min" in text
    assert "posts: 1 in 30 days, at most 1 a day" in text
    assert "posts: 0, none in 30 days" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("find=BROK", ["Broken"]),
        ("find=says+500", ["Broken"]),
        ("find=nobody", []),
        ("health=silent", ["Quiet"]),
        ("health=silent&find=broken", []),
        ("find=secret.example", []),
        ("find=Inside", ["Inside"]),
    ],
)
def test_the_filter(site, query, names):
    """By what is shown, whatever its case, and by health."""
    assert list(links(page(site, f"/admin/?{query}")).values()) == names


@pytest.mark.parametrize(
    "query", ["page=99", "page=-1", "page=x", "page=%D9%A3", "health=x", f"find={'x' * 5000}"]
)
def test_odd_queries(site, query):
    """Give a page all the same."""
    page(site, f"/admin/?{query}")


def test_many_sources_come_in_pages(site, monkeypatch):
    """The filter goes along."""
    monkeypatch.setattr("aggregator.serve.admin.views.ON_PAGE", 4)
    seen = []
    for number in (1, 2, 3):
        text = page(site, f"/admin/?page={number}&find=e")
        assert f"page {number} of 3" in text
        seen += links(text).values()
    assert len(seen) == len(set(seen)) == 9
    assert "find=e&amp;health=&amp;page=2" in text


def test_the_page_of_a_source(site):
    """Its state, its last polls, its score, its posts with a link to why they are there."""
    addresses = {name: path for path, name in links(page(site, "/admin/")).items()}
    text = page(site, addresses["Broken"])
    assert url("broken") in text
    assert "failed: the server says 500" in text
    for part in ("123.5 kB", "0.25 s", "<td>200</td>", "entry 3: no title, no content"):
        assert part in text
    text = page(site, addresses["Fine"])
    assert 'href="/admin/explain?of=tag%3Aexample%2C2026%3Acopy"' in text
    nasty = next(path for name, path in addresses.items() if "script" in name)
    assert "<dt>requests</dt><dd>7</dd>" in page(site, nasty)
    assert site.ask("GET", "/admin/source/nothing")[0] == 404


def test_what_was_merged_and_why(site):
    """Both posts, both sources, and how alike they are."""
    text = page(site, "/admin/stories")
    assert "A copy" in text
    assert "alike: 83% of its words" in text
    assert "Fine" in text


def test_explain_says_what_the_command_says(site, scene):
    """Of what is asked; nothing is looked for where nothing is."""
    scene.asked.clear()
    assert "Nothing about" in page(site, "/admin/explain?of=%20tag%3Aexample%20")
    page(site, "/admin/explain?of=")
    assert scene.asked == ["tag:example"]


def test_nothing_that_a_source_sent_is_markup(site):
    """Titles, errors and notes of every page."""
    paths = [*links(page(site, "/admin/")), *PAGES]
    for path in paths:
        assert NASTY not in page(site, path)
    assert "&lt;script&gt;" in page(site, "/admin/")


def test_no_page_has_the_url_of_a_confidential_source(site):
    """It is called by its title; its page has an address that shows nothing."""
    addresses = links(page(site, "/admin/"))
    assert "Inside" in addresses.values()
    for path in [*addresses, *PAGES]:
        for part in ("hunter2", "secret.example", "s3cret"):
            assert part not in page(site, path)
            assert part not in path


def test_a_removed_source_is_shown_last_and_without_its_url():
    """Whether that may be seen is not known any more."""
    scene = Scene()
    scene.config = scene.config.__class__(sources=scene.config.sources[:2])
    scene.store.polls.sync(scene.config, scene.desk.now())
    running = served(scene)
    try:
        text = page(running, "/admin/")
        assert list(links(text).values())[-1].startswith("removed: ")
        assert SECRET not in text
        assert A not in page(running, list(links(text))[-1])
    finally:
        running.close()


def test_trouble_with_the_store_is_a_sentence(site, scene, monkeypatch):
    """And no trace."""

    def broken(*_):
        raise StoreError("the disk is gone")

    monkeypatch.setattr(scene.store.sources, "sources", broken)
    status, headers, body = site.ask("GET", "/admin/")
    assert (status, body) == (503, b"not available now: the disk is gone\n")
    assert "content-security-policy" in headers


def test_every_page_says_that_the_file_is_not_in_force(scene, site):
    """What is wrong with it, escaped, and what waits for a restart; nothing where it stands as it should."""
    assert "refused" not in page(site, "/admin/")
    scene.standing = Standing("feeds.yaml", NOW, (f"feeds.yaml:2:1: {NASTY}",), ("store",))
    try:
        for path in ("/admin/", "/admin/stories", "/admin/explain", *links(page(site, "/admin/"))):
            shown = page(site, path)
            assert "feeds.yaml is not in force as it is" in shown
            assert "feeds.yaml:2:1: &lt;script&gt;" in shown
            assert "in force after a restart: <code>store</code>" in shown
    finally:
        scene.standing = Standing("feeds.yaml", NOW)


class OneByOne:
    """Sources that are not to be looked at all together."""

    def __init__(self, sources):
        self._sources = sources

    def sources(self):
        raise AssertionError("all sources were looked at")

    def __getattr__(self, name):
        return getattr(self._sources, name)


def test_a_page_of_a_source_looks_at_that_source(scene):
    """However many others there are."""
    one = replace(scene.desk, sources=OneByOne(scene.store.sources))
    assert "<h1><bdi>Fine" in views.source(one, views.key(url("fine")))
    assert views.source(one, "0" * 16) is None
