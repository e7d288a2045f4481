"""A file that is right becomes a configuration with every default filled in."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.config import advice, load, template
from aggregator.errors import ConfigError
from aggregator.model import Category, Condition, Config, Output, Rule, Server, Site, Source

SHIPPED = Path(__file__).parent.parent.parent / "feeds.yaml"
ONE = "feeds: [https://example.org/feed.xml]\n"


def loaded(text, **environment):
    """The configuration of a file in /srv/news."""
    return load(text, name="feeds.yaml", directory="/srv/news", environment=environment)


def only(text, **environment):
    """The one source of a file."""
    (source,) = loaded(text, **environment).sources
    return source


def test_smallest_file_is_all_defaults():
    """Two lines are enough; everything else is what the nouns say."""
    config = loaded("feeds:\n  - https://example.org/feed.xml\n")
    source = config.sources[0]
    assert config == Config(
        store="/srv/news/data/aggregator.db",
        output=Output(directory="/srv/news/public"),
        categories=(Category("general", "general", configured=False),),
        sources=(Source("https://example.org/feed.xml", definition=source.definition),),
    )
    assert len(source.definition) == 32


def test_typical_file():
    """Categories, templates, tags, rules, private sources: as the design shows them."""
    config = loaded("""\
site:
  title: 金融消息
  url: https://news.example.org
  language: zh-CN
  timezone: Asia/Shanghai
  contact: https://news.example.org/about
categories:
  markets:
    title: 市场
    feeds:
      - https://example.com/rss.xml
      - url: http://rsshub:1200/caixin/latest
        title: 财新
        private: true
        every: 10m
  macro:
    title: 宏观
    feeds: [https://example.com/rss.xml]
feeds:
  - url: https://example.edu/all.xml
    category: '{author}'
    tags: ['{author}新闻']
    rules:
      - if: {term: [a, b]}
        then: {republish: link}
rules:
  - if: {title: '(?i)sponsored|广告'}
    then: drop
  - unless: {text: '美联储|\\bFed\\b'}
    then: {also: [macro], tags: [Fed], category: x}
""")
    assert config.site == Site(
        "金融消息",
        "https://news.example.org/",
        "zh-CN",
        "Asia/Shanghai",
        "金融消息",
        "https://news.example.org/about",
    )
    assert config.categories == (
        Category("markets", "市场"),
        Category("macro", "宏观"),
        Category("x", "x", configured=False),
    )
    everywhere = (
        Rule("rules.0", when=Condition(title=("(?i)sponsored|广告",)), drop=True),
        Rule(
            "rules.1",
            unless=Condition(text=(r"美联储|\bFed\b",)),
            also=("macro",),
            tags=("Fed",),
            category=("x",),
        ),
    )
    own = Rule("feeds.0.rules.0", when=Condition(term=("a", "b")), republish="link")
    common = {"timezone": "Asia/Shanghai", "rules": everywhere}
    assert [replace(s, definition="") for s in config.sources] == [
        Source("https://example.com/rss.xml", categories=("markets", "macro"), position=0, **common),
        Source(
            "http://rsshub:1200/caixin/latest",
            title="财新",
            categories=("markets",),
            private=True,
            confidential=True,
            every=timedelta(minutes=10),
            position=1,
            **common,
        ),
        Source(
            "https://example.edu/all.xml",
            categories=("{author}",),
            tags=("{author}新闻",),
            timezone="Asia/Shanghai",
            rules=(own, *everywhere),
            position=2,
        ),
    ]


@pytest.mark.parametrize(
    ("line", "categories"),
    [
        ("feeds: [{url: 'https://a.example/'}]", ("general",)),
        ("feeds: [{url: 'https://a.example/', category: 市场}]", ("市场",)),
        ("feeds: [{url: 'https://a.example/', category: [b, '{term}', b]}]", ("b", "{term}")),
        ("{defaults: {category: d}, feeds: ['https://a.example/']}", ("d",)),
        ("{defaults: {category: d}, categories: {c: {feeds: ['https://a.example/']}}}", ("c",)),
        ("categories: {c: {feeds: [{url: 'https://a.example/', category: '{author}'}]}}", ("c", "{author}")),
        ("{categories: {c: {feeds: [&f 'https://a.example/']}}, feeds: [*f]}", ("c", "general")),
    ],
)
def test_categories_of_a_source(line, categories):
    """A feed's own key, the category it stands under, all its places; `defaults` for the rest."""
    assert only(line).categories == categories


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("feeds: [{url: 'https://a.example/', category: [市场, '{term}']}]", [("shichang", "市场")]),
        (
            "feeds: [{url: 'https://b.example/', category: b}, https://a.example/]",
            [("b", "b"), ("general", "general")],
        ),
        ("{defaults: {category: d}, feeds: ['https://a.example/']}", [("d", "d")]),
        ("{defaults: {category: d}, categories: {c: {feeds: ['https://a.example/']}}}", []),
        (
            "{rules: [{if: {title: x}, then: {category: m, also: [n, '{author}']}}],"
            " defaults: {category: '{author}', rules: [{if: {title: x}, then: {also: l}}]},"
            " feeds: [{url: 'https://a.example/', rules: [{if: {title: x}, then: {also: k}}]}]}",
            [("k", "k"), ("l", "l"), ("m", "m"), ("n", "n")],
        ),
        (
            "feeds: [{url: 'https://a.example/', category: [Tech, ＴＥＣＨ, tech, 'Tech!']}]",
            [("tech", "Tech")],
        ),
        (
            "{categories: {markets: {title: 市场}, b: {}},"
            " feeds: [{url: 'https://a.example/', category: [Markets, 市场, B, c]}]}",
            [("c", "c")],
        ),
        (f"feeds: [{{url: 'https://a.example/', category: {'v' * 150}}}]", [("v" * 60, "v" * 99 + "…")]),
    ],
)
def test_named_categories(text, named):
    """Fixed values are categories from the start, behind those described; each slug and title is one."""
    config = loaded(text)
    made = [category for category in config.categories if not category.configured]
    assert [(category.slug, category.title) for category in made] == named
    assert config.categories[len(config.categories) - len(made) :] == tuple(made)


def test_named_categories_are_as_long_as_output_says():
    """What nobody described has the file's defaults."""
    (made,) = loaded(f"output: {{entries: 7}}\n{ONE}").categories
    assert made == Category("general", "general", entries=7, configured=False)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        *((w, w) for w in ("no", "on", "y", "12:30", "0123", "2026-01-01", "1e3", "0x1F", "true", "5", "=")),
        ("'null'", "null"),
        ("a  b", "a b"),
        ("'a: b # c'", "a: b # c"),
        ("~", "Feeds"),
        ("", "Feeds"),
        ("null", "Feeds"),
    ],
)
def test_scalars_stay_text(written, title):
    """Nothing of YAML 1.1 turns text into booleans, times, octals or dates; null is as if left out."""
    assert loaded(f"site: {{title: {written}}}").site.title == title


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("${A}", "1"),
        ("x${A}y$$z", "x1y$z"),
        ("${B:-two}", "two"),
        ("${A:-two}", "1"),
        ("${E:-two}", "two"),
        ("${N}", "${A}"),
        ("$A $5 a$", "$A $5 a$"),
        ("$${A}", "${A}"),
        ("${E}", "Feeds"),
        ("${E:-}", "Feeds"),
    ],
)
def test_environment_is_filled_in(written, title):
    """`${NAME}`, `${NAME:-default}` and `$$` once, after parsing; any other dollar is itself."""
    text = f"site: {{title: '{written}'}}\n{ONE}"
    assert loaded(text, A="1", E="", N="${A}").site.title == title


def test_environment_cannot_change_the_structure():
    """A variable is one value, whatever is in it; numbers may come from it."""
    config = loaded("polling: {concurrency: '${N}'}\nsite: {title: '${T}'}", N="7", T="x', url: 'y")
    assert (config.polling.concurrency, config.site.title) == (7, "x', url: 'y")


@pytest.mark.parametrize(
    ("text", "confidential"),
    [
        (ONE, False),
        ("feeds: ['https://example.org/feed.xml?key=${KEY}']", True),
        ("feeds: [{url: 'https://example.org/', headers: {X-Key: '${KEY}'}}]", True),
        ("feeds: ['https://me:secret@example.org/feed.xml']", True),
        ("feeds: [{url: 'https://example.org/', private: true}]", True),
        ("feeds: [{url: 'https://example.org/', title: 'costs $$5'}]", False),
        ("feeds: ['file:a.xml']", True),
        ("{defaults: {headers: {X-Key: '${KEY}'}}, feeds: ['https://example.org/']}", True),
        ("{defaults: {title: '${KEY}'}, feeds: [{url: 'https://example.org/', title: A}]}", False),
        ("{site: {title: '${KEY}'}, feeds: ['https://example.org/']}", False),
        ("{defaults: {category: '${KEY}'}, categories: {c: {feeds: ['https://example.org/']}}}", False),
    ],
)
def test_confidential_sources(text, confidential):
    """A value from the environment, userinfo, `private` or a file makes a source confidential."""
    assert only(text, KEY="k").confidential is confidential


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("file:examples/a.xml", "/srv/news/examples/a.xml"),
        ("file:../b%20c.xml", "/srv/b%20c.xml"),
        ("file:/abs/d.xml", "/abs/d.xml"),
        ("file:///abs/e%20f.xml", "/abs/e f.xml"),
        ("https://example.org/", ""),
    ],
)
def test_file_sources_keep_their_url(written, path):
    """The URL of a file: source is as written, wherever the folder is; its path is absolute."""
    source = only(f"feeds: ['{written}']")
    assert (source.url, source.path) == (written, path)


@pytest.mark.parametrize(
    ("store", "path"),
    [
        ("data/x.db", "/srv/news/data/x.db"),
        ("/var/x.db", "/var/x.db"),
        ("sqlite:///x.db", "/srv/news/x.db"),
        ("sqlite:////var/x.db", "/var/x.db"),
        ("postgresql://u:p@h/db?sslmode=require", "postgresql://u:p@h/db?sslmode=require"),
    ],
)
def test_store_is_an_absolute_path(store, path):
    """Relative paths are relative to the file; what is on a server is its URL."""
    assert loaded(f"store: {store}").store == path


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("{}", "http://127.0.0.1:8080/"),
        ("{listen: '0.0.0.0:80'}", "http://127.0.0.1:80/"),
        ("{listen: '[::]:80'}", "http://[::1]:80/"),
        ("{listen: 'news.lan:80'}", "http://news.lan:80/"),
    ],
)
def test_site_url_follows_the_listener(server, url):
    """Without a URL, links lead to where we listen, as this machine reaches it."""
    config = loaded(f"server: {server}")
    assert (config.site.url, config.site.contact, config.server.reached) == (url, url, url)


@pytest.mark.parametrize(
    ("written", "contact", "advised"),
    [
        ("me@example.org", "mailto:me@example.org", False),
        ("mailto:me@example.org", "mailto:me@example.org", False),
        ("https://example.org/about", "https://example.org/about", False),
        ("http://[2001:4860:4860::8888]/", "http://[2001:4860:4860::8888]/", False),
        *(
            (url, url, True)
            for url in ("http://10.0.0.1/", "http://[::1]/", "http://box/", "http://127.0.0.1/")
        ),
        *(
            (url, url, True)
            for url in ("http://box.local/", "http://Box.Internal./", "http://x.home.arpa:80/")
        ),
        ("", "http://127.0.0.1:8080/", True),
    ],
)
def test_a_contact_that_publishers_cannot_reach_is_told(written, contact, advised):
    """An e-mail address becomes a URL; where only we can go, nobody reaches us."""
    config = loaded(f"site: {{contact: {written and repr(written)}}}")
    assert config.site.contact == contact
    told = advice(config)
    assert bool(told) is advised
    assert all(line.startswith("site.contact: ") and contact in line for line in told)


def test_off_is_off():
    """`off` is text in YAML as we read it, quoted or not."""
    config = loaded("{site: {url: 'https://a.example'}, server: {listen: off, admin: 'off', hub: false}}")
    assert config.server == Server(listen=None, admin=None, hub=False, reached="")
    assert config.site.url == "https://a.example/"


def test_intervals_hold_what_was_not_said():
    """The interval before a rhythm is known stays within the bounds; only one that was written is told."""
    quiet = loaded(f"polling: {{max_interval: 30m, min_interval: 1s}}\n{ONE}")
    assert (quiet.polling.every, quiet.warnings) == (timedelta(minutes=30), ())
    told = loaded(f"polling: {{every: 5m}}\n{ONE}")
    assert told.polling.every == timedelta(hours=1)
    assert told.warnings == ("polling.every: 5m is held to polling.min_interval (1h)",)


@pytest.mark.parametrize(
    ("feed", "wanted", "warned"),
    [
        ("{url: 'https://a.example/', full_text: true, republish: full}", True, False),
        ("{url: 'https://a.example/', full_text: true}", False, True),
        ("{url: 'https://a.example/', full_text: true, republish: excerpt}", False, True),
        ("{url: 'https://a.example/', republish: full}", False, False),
        ("https://a.example/", False, False),
    ],
)
def test_articles_are_fetched_where_the_feed_itself_is_to_be_shown_in_full(feed, wanted, warned):
    """Neither the default nor `defaults` is a word of the feed's; where it is missing that is said."""
    for shared in ("", "defaults: {republish: full}\n"):
        given = loaded(f"{shared}feeds: [{feed}]")
        said = "feeds.0.full_text: no effect; only a feed that says `republish: full` itself is shown so"
        assert given.sources[0].full_text is wanted
        assert given.warnings == ((said,) if warned else ())


def test_full_text_may_stand_in_defaults():
    """It is the other word that must be the feed's; in one of its places is enough."""
    given = loaded("""\
defaults: {full_text: true}
categories:
  x: {feeds: [{url: 'https://a.example/', republish: full}]}
  y: {feeds: ['https://a.example/', 'https://b.example/']}
""")
    assert [source.full_text for source in given.sources] == [True, False]
    assert [warning.partition(":")[0] for warning in given.warnings] == ["categories.y.feeds.1.full_text"]


def test_no_feeds_is_said():
    """A file without feeds is valid, and says that it does nothing."""
    assert loaded("site: {title: A}").warnings == ("feeds: there is none; nothing will be polled",)


def test_definition_is_what_decides_posts():
    """The digest moves with what makes a post, not with when, how or in which place its source is asked."""
    base = only("{feeds: ['https://a.example/'], rules: [{if: {title: x}, then: drop}]}")
    same = "https://a.example/', every: 5m, paused: true, headers: {A: b}, backlog: 9"
    text = f"{{feeds: [{{url: '{same}}}], rules: [{{if: {{title: x}}, then: drop}}]}}"
    moved = "{rules: [], feeds: [{url: 'https://a.example/', rules: [{if: {title: x}, then: drop}]}]}"
    assert only(text).definition == only(moved).definition == base.definition
    others = [
        *("title: T", "category: b", "tags: [t]", "language: de", "timezone: Asia/Tokyo", "rules: []"),
        *("updates: ignore", "republish: link", "private: true", "drop_params: [a]", "keep_params: [a]"),
        *("rules: [{unless: {title: x}, then: drop}]", "rules: [{if: {title: y}, then: drop}]"),
    ]
    # `rules: []` is the base without its file's rule.
    digests = {only(f"feeds: [{{url: 'https://a.example/', {key}}}]").definition for key in others}
    assert len(digests | {base.definition}) == len(others) + 1


def test_shipped_file_and_its_examples():
    """The file that is shipped loads without a warning; its examples are there."""
    config = load(SHIPPED.read_text(), name="feeds.yaml", directory=str(SHIPPED.parent), environment={})
    assert config.warnings == ()
    assert [Path(s.path).exists() for s in config.sources if s.path] == [True, True]


def test_template_loads_and_so_do_its_comments():
    """What `init` writes is valid as it stands, and with every commented key put in force."""
    assert loaded(template()).warnings == ()
    text = re.sub(r"(?m)^( *)# ( *(?:- |[a-z_]+:))", r"\1\2", template())
    config = loaded(text)
    assert [rule.drop for rule in config.sources[0].rules] == [True, False]
    assert [s.url for s in config.sources][-1] == "file:local/notes.xml"


MARKS = [*"-:,[]{}&*!|>'\"#\n\t", "  ", "{author}", "${A}", "https://a.example/", "1h"]
KEYS = ["site", "polling", "output", "server", "defaults", "categories", "rules", "feeds", "store"]
KEYS += ["title", "url", "if", "then", "every", "tags", "headers"]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(KEYS + MARKS)).map(" ".join)))
def test_any_text_gives_a_configuration_or_problems(text):
    """No text makes the loader fail in another way than by naming what is wrong with it."""
    try:
        config = loaded(text)
    except ConfigError as error:
        lines = error.problems
    else:
        assert isinstance(config, Config)
        return
    assert lines
    assert all(line.startswith("feeds.yaml:") and "; " in line for line in lines)


VALUE = st.recursive(
    st.one_of(st.none(), st.sampled_from(KEYS), st.text(max_size=8)),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=6,
)
PART = st.dictionaries(st.sampled_from(KEYS), VALUE) | VALUE


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), PART, max_size=5))
def test_any_structure_gives_a_configuration_or_problems(tree):
    """No shape of values, wherever it stands, makes the loader fail in another way."""
    try:
        loaded(json.dumps(tree))
    except ConfigError as error:
        lines = error.problems
    else:
        return
    assert all(line.startswith("feeds.yaml:1:") for line in lines)
