"""The admin pages on a phone and on a desk, in the dark too, in a real browser."""

import re

import pytest

from aggregator.serve.admin import views
from tests.serve.watched import NASTY, Scene
from tests.xss.browser import CHROMIUM, HOST, Browser, Pages

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def pages():
    """Every kind of page, by what it is, as a proxy serves it."""
    scene = Scene()
    with Pages() as proxy:
        proxy.put("admin/style.css", views.stylesheet())
        home = views.overview(scene.desk, find="", health="", page=1)
        keys = re.findall(r'href="/admin/source/(\w+)"', home)
        made = {
            "overview": home,
            "filtered": views.overview(scene.desk, find=NASTY * 9, health="broken", page=1),
            "broken": views.source(scene.desk, keys[1]),
            "nasty": views.source(scene.desk, views.key(scene.config.sources[-1].url)),
            "stories": views.stories(scene.desk),
            "explain": views.explain(scene.desk, NASTY),
        }
        yield proxy, {name: proxy.put(f"admin/{name}", html) for name, html in made.items()}


@pytest.fixture(scope="module")
def browser(pages, tmp_path_factory):
    with Browser(pages[0], tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.parametrize("name", ["overview", "filtered", "broken", "nasty", "stories", "explain"])
@pytest.mark.parametrize(("width", "dark"), [(320, False), (320, True), (1200, False)])
def test_pages_fit_and_run_nothing(pages, browser, name, width, dark):
    """No wider than the screen, no script, no dialog, and nothing asked for but the style sheet."""
    seen, wide, _ = browser.look(pages[1][name], width, dark=dark)
    assert wide <= width
    assert not seen.ran
    asked = {url for _, url in seen.requests if not url.endswith("/favicon.ico")}
    assert asked == {f"http://{HOST}/admin/style.css"}
