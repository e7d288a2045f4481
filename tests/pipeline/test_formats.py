"""The same entry in RSS 2.0, Atom 1.0 and JSON Feed gives the same post, but for the source's own facts."""

import json
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import pipeline
from aggregator.model import Reading
from tests.pipeline.given import NOW, SITE, fetched, lease

# What all three formats can say; XML folds other line ends and holds no controls.
LETTERS = "aZ09 .,!?'\"-_#/:;()%港口新闻éß😀"
MARKED = LETTERS + "<>&"
WORDS = st.text(LETTERS, min_size=1, max_size=20).filter(lambda text: text.strip(" .,;:()<>-\"'"))
NAMES = st.text("aZ 港口é-'", min_size=1, max_size=12).map(str.strip).filter(lambda name: name.strip("-' "))
# Plain text: a tag in it would be one of RSS, whose titles may hold markup.
TITLES = st.text(LETTERS + "&", min_size=1, max_size=30).map(str.strip).filter(lambda text: text.strip(" .#"))
PATHS = st.text("abc019-_~", min_size=1, max_size=12)
MARKUP = st.lists(
    st.one_of(
        st.text(MARKED, max_size=20).map(escape),
        WORDS.map(lambda word: f"<p>{escape(word)}</p>"),
        PATHS.map(lambda path: f'<a href="/{path}" onclick="x()">link</a>'),
        PATHS.map(lambda path: f'<img src="{path}.png" alt="a picture">'),
        st.sampled_from(["<script>alert(1)</script>", "<b>bold", "<br>", "<!-- hidden -->"]),
    ),
    min_size=1,
    max_size=5,
).map(lambda parts: "<p>A first paragraph, longer than any summary.</p>" + "".join(parts))
ZONES = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
# To the second, and before the poll: a date of the future is not believed.
DATES = st.tuples(st.integers(0, 36 * 365 * 86_400), ZONES).map(
    lambda drawn: (datetime(1990, 1, 2, tzinfo=UTC) + timedelta(seconds=drawn[0])).astimezone(drawn[1])
)
ENTRIES = st.fixed_dictionaries(
    {
        "id": st.one_of(
            PATHS.map(lambda path: f"tag:a.example,2026:{path}"),
            PATHS.map(lambda path: f"https://a.example/{path}"),
            st.uuids().map(lambda uuid: f"urn:uuid:{uuid}"),
            PATHS,
        ),
        "title": TITLES,
        "link": PATHS.map(lambda path: f"https://a.example/{path}"),
        "published": DATES,
        "updated": DATES,
        "authors": st.lists(NAMES, max_size=3),
        "terms": st.lists(WORDS.map(str.strip), max_size=3),
        "summary": st.none() | WORDS.map(str.strip),
        "content": MARKUP,
        "enclosures": st.lists(
            st.tuples(
                PATHS.map(lambda path: f"https://cdn.example/{path}.mp3"),
                st.sampled_from(["audio/mpeg", "video/mp4", ""]),
                st.integers(1, 10**12) | st.none(),
            ),
            max_size=3,
        ),
    }
)
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)


def element(name, text, **attributes):
    said = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if value)
    return f"<{name}{said}>{escape(text)}</{name.split()[0]}>"


def rss(entry):
    """RSS 2.0 as WordPress writes it; RSS has one sort of text, so plain text is escaped once more."""
    summary = f"<p>{escape(entry['summary'] or '', quote=False)}</p>"
    plain = [element("description", summary)] if entry["summary"] else []
    item = [
        element("title", escape(entry["title"], quote=False)),
        element("link", entry["link"]),
        element("guid", entry["id"], isPermaLink="false"),
        element("pubDate", format_datetime(entry["published"])),
        element("atom:updated", entry["updated"].isoformat()),
        *(element("dc:creator", name) for name in entry["authors"]),
        *(element("category", term) for term in entry["terms"]),
        *plain,
        element("content:encoded", entry["content"]),
        *(
            element("enclosure", "", url=url, type=kind, length=str(length or 0))
            for url, kind, length in entry["enclosures"]
        ),
    ]
    head = element("title", "Feed A") + element("link", "https://a.example/") + element("description", "d")
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0" {NAMESPACES}>'
        f"<channel>{head}<item>{''.join(item)}</item></channel></rss>"
    )


def atom(entry):
    """Atom 1.0, RFC 4287."""
    inside = [
        element("title", entry["title"], type="text"),
        element("link", "", rel="alternate", type="text/html", href=entry["link"]),
        element("id", entry["id"]),
        element("published", entry["published"].isoformat()),
        element("updated", entry["updated"].isoformat()),
        *(f"<author>{element('name', name)}</author>" for name in entry["authors"]),
        *(element("category", "", term=term) for term in entry["terms"]),
        *([element("summary", entry["summary"], type="text")] if entry["summary"] else []),
        element("content", entry["content"], type="html"),
        *(
            element("link", "", rel="enclosure", href=url, type=kind, length=str(length or ""))
            for url, kind, length in entry["enclosures"]
        ),
    ]
    head = (
        element("title", "Feed A")
        + element("link", "", href="https://a.example/")
        + element("id", "https://a.example/feed.xml")
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{head}<entry>{"".join(inside)}</entry></feed>'


def json_feed(entry):
    """JSON Feed 1.1, without what the entry does not say."""
    item = {
        "id": entry["id"],
        "url": entry["link"],
        "title": entry["title"],
        "content_html": entry["content"],
        "summary": entry["summary"],
        "date_published": entry["published"].isoformat(),
        "date_modified": entry["updated"].isoformat(),
        "authors": [{"name": name} for name in entry["authors"]],
        "tags": entry["terms"],
        "attachments": [
            {"url": url, "mime_type": kind, **({"size_in_bytes": length} if length else {})}
            for url, kind, length in entry["enclosures"]
        ],
    }
    head = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Feed A",
        "home_page_url": "https://a.example/",
    }
    return json.dumps({**head, "items": [{key: value for key, value in item.items() if value}]})


def told(document):
    """The one post of a document, without what says which document it was."""
    reading = pipeline.read(lease(), fetched(document.encode()), NOW, SITE)
    assert isinstance(reading, Reading), reading
    assert reading.unread == ()
    [post] = reading.posts
    fields = """
        id guid title link slug published updated claims_updated dated authors content summary language
        enclosures said standing names_entry keys link_key digest text_digest labels tags
    """
    return {name: getattr(post, name) for name in fields.split()}


@settings(max_examples=150, deadline=None)
@given(ENTRIES)
def test_the_same_entry_is_the_same_post(entry):
    """Title, link, id, dates, people, texts, files and terms do not depend on the format."""
    posts = [told(write(entry)) for write in (rss, atom, json_feed)]
    assert posts[0] == posts[1]
    assert posts[1] == posts[2]
    assert posts[0]["guid"] == entry["id"]
    assert posts[0]["published"] == entry["published"].astimezone(UTC)
