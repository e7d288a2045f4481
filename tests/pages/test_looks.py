"""Our pages in a real browser: on a telephone and a desk, by day and by night, with keys, on paper."""

from pathlib import Path

import pytest

from tests.pages import made
from tests.pages.eye import DESK, PHONE, Window
from tests.xss.browser import CHROMIUM, HOST, Pages

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"  # `tools/pages_run.py` puts it there
NARROWEST = 320  # WCAG 2.2, 1.4.10: at this width nobody need scroll sideways
RICH = "post/2026/11/rich-0001.html"
KINDS = ("index.html", "about.html", "category/radar/index.html", "category/arabi/index.html", RICH)
CONTENT_WIDTH = "document.documentElement.scrollWidth"
FOCUS = """(() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return one === document.body ? null : {
    text: one.textContent, line: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    seen: box.width > 0 && box.top >= 0 && box.left >= 0 && box.right <= innerWidth,
  };
})()"""
RAN = "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(one => one.id + ' at ' + \
one.nodes.map(node => node.target.join(' ')).join(', ')))"


@pytest.fixture(scope="module")
def addresses():
    """Every page of both sites, by site and path."""
    with Pages() as served:
        yield (
            served,
            {
                (language, path): served.put(f"{language}/{path}", body)
                for language in made.SITES
                for path, body in made.documents(language).items()
            },
        )


@pytest.fixture(scope="module")
def pages(addresses):
    return {key: url for key, url in addresses[1].items() if url.endswith(".html")}


@pytest.fixture(scope="module")
def window(addresses, tmp_path_factory):
    with Window(addresses[0], tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (tools/pages_run.py does it)")
@pytest.mark.parametrize(("width", "dark"), [(PHONE, True), (DESK, False)])
def test_axe_finds_nothing(window, pages, width, dark):
    """No violation of any rule of axe-core, best practices included, in any language."""
    axe = AXE.read_text("utf-8")
    found = {}
    for key, url in pages.items():
        with window.open(url, width, dark=dark):
            window.ask(axe)
            if violations := window.ask(RAN):
                found[key] = violations
    assert found == {}


def test_nothing_scrolls_sideways(window, pages):
    """Long words, long addresses and rows of buttons fit the narrowest screen."""
    found = {}
    for key, url in pages.items():
        with window.open(url, NARROWEST):
            if (width := window.ask(CONTENT_WIDTH)) > NARROWEST:
                found[key] = width
    assert found == {}


def test_pages_ask_for_their_style_and_nothing_else(window, pages):
    """What the browser itself asks for is its icon."""
    for (language, _), url in pages.items():
        with window.open(url):
            own = {url, f"http://{HOST}/{language}/style.css", f"http://{HOST}/favicon.ico"}
            assert set(window.requests) <= own
            assert window.ask("document.styleSheets[0].cssRules.length") > 20  # it is let in by the policy


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("path", KINDS)
def test_whoever_has_only_keys_sees_where_they_are(window, pages, path, width):
    """Tab leads to the skip link first, then to every link in turn, each with an outline, on the screen."""
    with window.open(pages["en", path], width):
        links = window.ask("document.links.length")
        stops = []
        for _ in range(links):
            window.press("Tab")
            stops.append(window.ask(FOCUS))
    assert stops[0]["text"] == "Skip to the content"
    assert len({stop["text"] for stop in stops}) > 3
    assert [stop for stop in stops if not stop or stop["line"] < 2 or not stop["seen"]] == []


def test_each_text_runs_the_way_its_language_does(window, pages):
    """Also where a category, an entry and the site have different languages."""
    runs = """[...document.querySelectorAll('SELECTOR')].map(one =>
      [one.closest('[lang]').lang, getComputedStyle(one).direction])"""
    with window.open(pages["zh", "category/arabi/index.html"]):
        assert window.ask(runs.replace("SELECTOR", "article h3, article .meta")) == [
            *[["ar", "rtl"]] * 4,
            *[["en", "ltr"]] * 4,
        ]
        assert window.ask(runs.replace("SELECTOR", "h1, main, .subscribe, nav")) == [
            ["zh-CN", "ltr"],  # nav
            ["ar", "rtl"],  # main
            ["ar", "rtl"],  # h1
            ["zh-CN", "ltr"],  # subscribe
        ]
        assert window.ask("document.querySelector('nav').getBoundingClientRect().left") < 300
    with window.open(pages["zh", "index.html"]):
        ways = window.ask(runs.replace("SELECTOR", ".headlines .meta, .headlines .title"))
        assert {tuple(one) for one in ways} == {
            ("ar", "rtl"), ("en", "ltr"), ("ja", "ltr"), ("zh-CN", "ltr"),
        }  # fmt: skip
        # A date and its time are one expression, in this order in any script.
        ways = window.ask(runs.replace("SELECTOR", "time"))
        assert {way for _, way in ways} == {"ltr"}


def test_chinese_has_more_air_than_english(window, pages):
    """Han characters fill their squares, so their lines stand further apart."""
    height = """(() => { const style = getComputedStyle(document.querySelector('article p'));
      return parseFloat(style.lineHeight) / parseFloat(style.fontSize); })()"""
    with window.open(pages["en", "category/yongfa/index.html"]):
        assert window.ask(height) >= 1.7
    with window.open(pages["zh", "category/radar/index.html"]):
        assert window.ask(height) == pytest.approx(1.6)


def test_night_is_dark_and_paper_is_white(window, pages):
    """The scheme of the system is followed, but nobody prints a black page."""
    colours = "[document.body, document.querySelector('h3')].map(one => getComputedStyle(one)).map("
    colours += "(style, at) => at ? style.color : style.backgroundColor)"
    url = pages["en", "category/radar/index.html"]
    with window.open(url):
        assert window.ask(colours) == ["rgb(253, 252, 250)", "rgb(31, 35, 40)"]
    with window.open(url, dark=True):
        assert window.ask(colours) == ["rgb(22, 24, 27)", "rgb(228, 226, 221)"]
    with window.open(url, dark=True, media="print"):
        assert window.ask(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


def test_on_paper_links_are_addresses_and_buttons_are_gone(window, pages):
    """What cannot be pressed is left out; where an entry comes from can be read."""
    with window.open(pages["en", "category/radar/index.html"], media="print"):
        shown = "getComputedStyle(document.querySelector('{}')).display"
        assert window.ask(shown.format(".subscribe")) == "none"
        assert window.ask(shown.format("nav")) == "none"
        after = "getComputedStyle(document.querySelector('h3 a'), '::after').content"
        assert "https://notes.example/0" in window.ask(after)
