"""Stories to documents: their bytes are a function of what is stored and configured, and of nothing else."""

import itertools
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from aggregator import pipeline
from aggregator.model import Category, Claim, Config, Output, Site, SourceInfo, Story
from tests.pipeline.given import NOW, ROOT, SITE, URL, source
from tests.posts import post

ATOM = "{http://www.w3.org/2005/Atom}"
B = "https://b.example/feed.xml"
CREATED = NOW - timedelta(days=3)
CATEGORIES = (Category("news", "News"), Category("world", "World"), Category("empty", "Empty"))
CONFIG = Config(
    site=Site(title="T", url="https://news.example.org/"),
    categories=CATEGORIES,
    sources=(source(position=0), source(B, position=1)),
)
INFOS = {URL: SourceInfo("urn:uuid:1", "Feed A", "https://a.example/"), B: SourceInfo("urn:uuid:2", "Feed B")}


def told(n, **said):
    """A post of the first source, as it is stored."""
    when = NOW - timedelta(hours=n)
    return post(
        f"tag:a.example,2026:{n}",
        **{
            "source": URL,
            "slug": f"title-{n}",
            "published": when,
            "updated": when,
            "categories": ("news",),
            "tags": (f"t{n}",),
            **said,
        },
    )


def stories():
    """Five stories, the third of which two sources tell."""
    made = [Story(p.id, (p,)) for p in map(told, range(5))]
    copy = told(
        2,
        id="tag:b.example,2026:copy",
        source=B,
        link="https://b.example/2",
        categories=("world",),
        tags=("copy",),
        origin=INFOS[B],
    )
    made[2] = Story(made[2].id, (copy, *made[2].members))
    return made


def claim(scope, updated=None):
    return Claim(scope, 1, 1, updated, CREATED)


def entries(made, config):
    """Stories as the documents show them."""
    return list(pipeline.entries([(story.id, story) for story in made], config).values())


def category(made, slug="news", *, config=CONFIG, updated=None):
    [of] = [c for c in config.categories if c.slug == slug]
    made = entries(made, config)
    return pipeline.render_category(of, made, claim(slug, updated), config.categories, config, SITE)


def site(made, newest=None, *, config=CONFIG, infos=INFOS, updated=None):
    newest = newest or {"news": made, "world": [made[2]], "empty": []}
    made, newest = entries(made, config), {slug: entries(some, config) for slug, some in newest.items()}
    listed = pipeline.render_sources(infos, config)
    return pipeline.render_site(made, newest, claim(None, updated), config.categories, listed, config, SITE)


def atom(rendered):
    [document] = [d for d in rendered.documents if d.path.endswith("feed.atom")]
    return etree.fromstring(document.body)


def ids(rendered):
    return [entry.findtext(f"{ATOM}id")[-1] for entry in atom(rendered).iter(f"{ATOM}entry")]


def test_documents_of_a_category():
    """Its feed and its page, at the paths that never change."""
    assert [d.path for d in category(stories()).documents] == [
        "category/news/feed.atom",
        "category/news/feed.rss",
        "category/news/feed.json",
        "category/news/index.html",
    ]


def test_documents_of_the_site():
    """The feed of everything, the home page, about, the style sheet, both lists of feeds, the status."""
    paths = {document.path for document in site(stories()).documents}
    feeds = {"feed.atom", "feed.rss", "feed.json", "outputs.opml", "sources.opml", "status.atom"}
    assert paths == feeds | {"index.html", "about.html", "style.css"}


@pytest.mark.parametrize(
    ("formats", "endings"),
    [
        (("atom",), {"atom"}),
        (("html",), {"html", "css"}),
        (("rss", "json"), {"rss", "json"}),
        (("atom", "html"), {"atom", "html", "css"}),
    ],
)
def test_only_the_formats_that_are_asked_for(formats, endings):
    """`output.formats` says what is written."""
    config = replace(CONFIG, output=Output(formats=formats))
    documents = (*site(stories(), config=config).documents, *category(stories(), config=config).documents)
    paths = {document.path for document in documents} - {"status.atom"}  # for the operator, as ever
    assert {path.rpartition(".")[2] for path in paths} == endings | {"opml"}


def test_rendering_twice_gives_the_same_bytes():
    """Nothing in a document says now."""
    assert category(stories()) == category(stories())
    assert site(stories()) == site(stories())


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[1::17], ids=str)
def test_the_order_of_stories_does_not_matter(order):
    """However the store hands them out, documents come out in one order: newest first, then id."""
    shuffled = [stories()[n] for n in order]
    assert category(shuffled) == category(stories())
    newest = {"empty": [], "world": [stories()[2]], "news": shuffled}
    assert site(shuffled, newest, infos=dict(reversed(INFOS.items()))) == site(stories())


def test_the_order_of_members_does_not_matter():
    """Who leads a story is decided by dates and the file, not by arrival."""
    turned = [replace(story, members=story.members[::-1]) for story in stories()]
    assert category(turned) == category(stories())
    assert site(turned) == site(stories())


def test_other_hash_seeds_give_the_same_bytes():
    """A document is the same in every process that renders it."""
    program = (
        "from tests.pipeline.test_render import *\n"
        "from hashlib import sha256\n"
        "for d in (*category(stories()).documents, *site(stories()).documents):\n"
        "    print(d.path, sha256(d.body).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert said.pop().count("\n") == 13


def test_entries_of_equal_dates_are_ordered_by_id():
    """Newest first, then id."""
    same = [told(n, published=NOW, updated=NOW) for n in (3, 1, 2)]
    assert ids(category([Story(p.id, (p,)) for p in same])) == ["1", "2", "3"]


def test_a_story_has_the_categories_and_tags_of_all_who_tell_it():
    """It appears once, under its own id, in the name of its primary, with what the others add."""
    rendered = category([stories()[2]], "world")
    [entry] = atom(rendered).iter(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "tag:a.example,2026:2"
    assert entry.find(f"{ATOM}link").get("href") == "https://a.example/tag-a.example,2026-2"
    terms = [c.get("term") for c in entry.findall(f"{ATOM}category")]
    assert terms == ["news", "world", "t2", "copy"]
    assert [e.get("href") for e in entry.findall(f"{ATOM}link[@rel='via']")] == ["https://b.example/2"]


def test_no_more_entries_than_asked_for():
    """A category's own `entries` bounds its feed, `output.entries` that of the site."""
    config = replace(
        CONFIG,
        categories=(replace(CATEGORIES[0], entries=2), *CATEGORIES[1:]),
        output=Output(entries=3),
    )
    assert ids(category(stories(), config=config)) == ["0", "1"]
    assert ids(site(stories(), config=config)) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("made", "said", "expected"),
    [
        (stories(), None, NOW),
        (stories()[3:], None, NOW - timedelta(hours=3)),
        (stories()[3:], NOW - timedelta(hours=1), NOW - timedelta(hours=1)),
        (stories(), NOW - timedelta(hours=1), NOW),
        ([], None, CREATED),
        ([], NOW, NOW),
    ],
    ids=["latest entry", "older entries", "never back", "forward", "empty", "emptied"],
)
def test_updated_never_goes_back(made, said, expected):
    """That of the latest entry, never before what was said last; without entries the scope's birth."""
    for rendered in (
        category(made, updated=said),
        site(made, {c.slug: [] for c in CATEGORIES}, updated=said),
    ):
        assert rendered.updated == expected
        assert atom(rendered).findtext(f"{ATOM}updated") == f"{expected:%Y-%m-%dT%H:%M:%S}Z"


def test_an_empty_category_has_documents():
    """A feed can be subscribed to before anything is in it."""
    assert ids(category([], "empty")) == []


def test_feed_ids_are_the_sites_own():
    """Another store makes other feeds, and one store's scopes differ; no URL of ours is part of an id."""
    found = {atom(category([], c.slug)).findtext(f"{ATOM}id") for c in CATEGORIES}
    found.add(atom(site([], {c.slug: [] for c in CATEGORIES})).findtext(f"{ATOM}id"))
    assert len(found) == 4
    moved = replace(CONFIG, site=Site(title="Other", url="https://elsewhere.example/"))
    assert atom(category([], config=moved)).findtext(f"{ATOM}id") in found
    other = replace(SITE, uuid="6f0f6b0a-0000-4000-8000-000000000002")
    elsewhere = pipeline.render_category(CATEGORIES[0], [], claim("news"), CATEGORIES, CONFIG, other)
    assert atom(elsewhere).findtext(f"{ATOM}id") not in found
