"""Posts as files of a Jekyll site, as an operator sees them: by the commands, and by a running daemon."""

import pytest
import yaml

from tests.e2e.program import until
from tests.e2e.source import rss

HEAD = """\
site: {title: Radar, url: 'https://news.example.org/', language: zh-CN, timezone: Asia/Shanghai}
server: {listen: '127.0.0.1:0', admin: 'off'}
defaults: {private: true}
polling: {min_interval: 1s, per_host: 8, per_host_gap: 0s}
output:
  entries: 1
  jekyll:
    directory: site/_posts
    category_url: '//news.example.org/{category}.html'
    home_url: '//news.example.org/'
"""


class Jekyll:
    """The files of a place, and its feeds.yaml."""

    def __init__(self, place, sources):
        self.place, self.sources = place, sources
        self.directory = place.directory / "site/_posts"

    def write(self, *names, head=HEAD):
        feeds = [
            f"  - {{url: '{self.sources.url(name)}', every: 1s, category: '{{feed_title}}', "
            "tags: ['{feed_title}新闻']}\n"
            for name in names
        ]
        self.place.write("feeds:\n" + "".join(feeds) if feeds else "feeds: []\n", head)

    def run(self, *command, status=0):
        done = self.place.run(*command)
        assert "Traceback" not in done.stderr
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def files(self):
        if not self.directory.exists():
            return {}
        return {file.name: file.read_text() for file in self.directory.iterdir()}


@pytest.fixture
def jekyll(place, sources):
    return Jekyll(place, sources)


def test_from_a_feed_to_a_site(jekyll, sources):
    """`once` writes every post, an edit keeps its file, `publish` mends, a removed source removes."""
    sources.put("a.xml", rss("街道", "桥通车了", 'He said "{{ hi }}"'))
    sources.put("b.xml", rss("B", "Third"))
    jekyll.write("a.xml", "b.xml")
    assert "no effect" not in jekyll.run("check").stderr
    said = jekyll.run("once").stdout
    assert ", 3 Jekyll files written or removed" in said
    first = jekyll.files()
    assert sorted(first) == [
        "2026-11-03-he-said-hi.md",
        "2026-11-03-qiaotongchele.md",
        "2026-11-03-third.md",
    ]
    assert first["2026-11-03-qiaotongchele.md"] == (
        '---\nlayout: post\ntitle: "桥通车了"\ndate: 2026-11-03 18:00:00 +0800\ncategories: jiedao\n'
        "tags: 街道新闻\n---\n<p>Text of 桥通车了.</p>\n\n<https://example.org/%E8%A1%97%E9%81%93/"
        "%E6%A1%A5%E9%80%9A%E8%BD%A6%E4%BA%86>\n\n"
        "[返回街道新闻](//news.example.org/jiedao.html)｜[返回首页](//news.example.org/)"
    )
    liquid = first["2026-11-03-he-said-hi.md"]
    assert yaml.safe_load(liquid.split("---\n")[1])["title"] == 'He said "{{ hi }}"'
    assert "{{" not in liquid.split("---\n", 2)[2]

    sources.put("a.xml", rss("街道", "新桥通车了", 'He said "{{ hi }}"'))
    assert ", 1 Jekyll file written or removed" in jekyll.run("once", "--all").stdout
    second = jekyll.files()
    assert second.keys() == first.keys()
    assert 'title: "新桥通车了"' in second["2026-11-03-qiaotongchele.md"]

    stamps = {file: file.stat() for file in jekyll.directory.iterdir()}
    assert "Jekyll" not in jekyll.run("publish").stdout
    assert {file: file.stat() for file in jekyll.directory.iterdir()} == stamps
    (jekyll.directory / "2026-11-03-third.md").unlink()
    assert ", 1 Jekyll file written" in jekyll.run("publish").stdout
    assert jekyll.files() == second

    (jekyll.directory / "about.md").write_text("mine")
    jekyll.write("b.xml")
    jekyll.run("once")
    assert jekyll.files() == {
        "2026-11-03-third.md": second["2026-11-03-third.md"],
        "about.md": "mine",
    }


def test_files_of_somebody_else_stay(jekyll, sources):
    """A post takes another name; one that comes in its way later is named, and the others go on."""
    sources.put("a.xml", rss("A", "One", "Two"))
    jekyll.directory.mkdir(parents=True)
    (jekyll.directory / "2026-11-03-one.md").write_text("mine")
    jekyll.write("a.xml")
    jekyll.run("once")
    first = jekyll.files()
    assert sorted(first) == ["2026-11-03-one-2.md", "2026-11-03-one.md", "2026-11-03-two.md"]
    assert first["2026-11-03-one.md"] == "mine"

    elsewhere = jekyll.place.directory / "blog"
    elsewhere.mkdir()
    (elsewhere / "2026-11-03-one-2.md").write_text("mine too")
    jekyll.write("a.xml", head=HEAD.replace("site/_posts", "blog"))
    done = jekyll.run("publish", status=1)
    assert "blog/2026-11-03-one-2.md: there is a file that we did not write; move it away" in done.stderr
    assert (elsewhere / "2026-11-03-one-2.md").read_text() == "mine too"
    assert (elsewhere / "2026-11-03-two.md").read_text() == first["2026-11-03-two.md"]
    assert jekyll.files() == first


def test_switched_on_later_and_live(jekyll, sources):
    """A daemon writes all that it has as soon as the file asks for it, then each change and each setting."""
    sources.put("a.xml", rss("A", "One"))
    without = HEAD[: HEAD.index("  jekyll:")]
    jekyll.write("a.xml", head=without)
    with jekyll.place.daemon() as daemon:
        daemon.wait_for_body("feed.atom", "One")
        assert jekyll.files() == {}
        jekyll.write("a.xml")
        until(lambda: jekyll.files().keys() == {"2026-11-03-one.md"}, daemon.log)
        sources.put("a.xml", rss("A", "First", "Two"))
        until(lambda: jekyll.files().keys() == {"2026-11-03-one.md", "2026-11-03-two.md"}, daemon.log)
        until(lambda: '"First"' in jekyll.files()["2026-11-03-one.md"], jekyll.files)
        jekyll.write("a.xml", head=HEAD.replace("Asia/Shanghai", "UTC"))
        until(lambda: all("+0000" in text for text in jekyll.files().values()), jekyll.files)
        (jekyll.directory / "2026-11-03-two.md").unlink()
        jekyll.run("publish")
        until(lambda: jekyll.files().keys() == {"2026-11-03-one.md", "2026-11-03-two.md"}, daemon.log)
        jekyll.write()
        until(lambda: jekyll.files() == {}, jekyll.files)
        assert daemon.stop() == 0
    assert "Traceback" not in daemon.log()
