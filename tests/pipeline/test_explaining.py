"""`aggregator explain`, from what the store has to sentences."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import (
    Category,
    Condition,
    Config,
    Due,
    Ended,
    Findings,
    ListedPost,
    Memory,
    Output,
    Place,
    Retraction,
    Rule,
    SourceInfo,
    SourceStatus,
    StoredPost,
    StoredStory,
    Story,
    UnreadEntry,
)
from aggregator.pipeline import explaining
from tests.pipeline.given import HOUR, NOW, URL, item, lease, poll, rss, source

OTHER = "https://b.example/feed"
DAY = timedelta(days=1)
NEWS, WORLD = Category("news", "News"), Category("world", "World")


def read(*items, of=None, at=NOW, **said):
    """The posts of a document, as a first poll settles them."""
    _, outcome = poll(lease(of or source()), rss(*items, **said), now=at)
    return [verdict.post for verdict in outcome.verdicts]


def stored(post, story=None, **said):
    """As the store has it, under the definition of these tests."""
    return StoredPost(**{"post": post, "story": story or post.id, "definition": "d1", "active": True, **said})


def status(url=URL, **said):
    """A source that was polled an hour ago, and came to nothing special."""
    memory = Memory(last_poll=NOW - HOUR, last_success=NOW - HOUR, last_result="2 new")
    return SourceStatus(**{
        "url": url, "active": True, "memory": memory, "due": Due(NOW, ("rhythm",)), "posts": 2, **said
    })  # fmt: skip


def answer(asked, *sources, stories=(), statuses=None, output=None, categories=(NEWS, WORLD), **said):
    """What is answered where the file has these sources."""
    numbered = tuple(replace(one, position=n) for n, one in enumerate(sources))
    config = Config(sources=numbered, output=output or Output())
    known = statuses if statuses is not None else [status(one.url) for one in sources]
    findings = Findings(stories=tuple(stories), sources=tuple(known), categories=categories, **said)
    return explaining.answer(explaining.sought(asked, config, findings), config, findings)


def told(post, of=None, **said):
    """What is said of one post that is a story by itself."""
    one = stored(post, **said)
    [story] = answer(post.id, of or source(), stories=[StoredStory(post.id, (one,))]).stories
    return story.posts[0]


def test_what_is_looked_for():
    """A link in any spelling, with the parameters that single sources drop; an id; a source's URL."""
    config = Config(sources=(source(), source(OTHER, drop_params=("ref",))))
    post = read(item("one", link="https://a.example/one?ref=a"))[0]
    plain = read(item("two", link="https://a.example/one"))[0]
    sought = explaining.sought(" http://a.example:80/one/?ref=a&utm_source=x ", config, Findings())
    assert {post.link_key, plain.link_key} <= sought.keys
    assert sought.texts == {
        "http://a.example:80/one/?ref=a&utm_source=x",
        "http://a.example:80/one/?ref=a",
        "https://a.example:80/one/?ref=a",
    }
    assert sought.source is None
    assert set(post.keys) & explaining.sought(post.guid, config, Findings()).keys
    assert explaining.sought(OTHER, config, Findings()).source == OTHER
    assert explaining.sought("http://a.example/feed.xml", config, Findings()).source == URL


def test_former_urls_of_a_source():
    """One that it had, or that it has moved to, leads to it."""
    of = source(was="https://old.example/feed")
    moved = status(memory=Memory(adopted="https://new.example/feed"))
    for url in ("https://old.example/feed", "https://new.example/feed"):
        assert answer(url, of, statuses=[moved]).sources[0].url == URL


@pytest.mark.parametrize(
    ("said", "rule", "why"),
    [
        ({}, "published", "its own date"),
        ({"date": None}, "position", "its place in the document"),
        ({"date": "Tue, 24 Nov 2026 12:30:00 GMT"}, "published", "its own date was not past by then"),
    ],
    ids=str,
)
def test_dates(said, rule, why):
    """Which rule has dated it."""
    post = read(item("dated"), item("one", **said))[1]
    if rule == "published" and said:  # what `normalize` makes of a date of the future that it believes
        post = replace(post, published=NOW, dated=rule)
    found = told(post)
    assert found.dated == rule
    assert why in found.published_why


def test_ids():
    """Whether it is the source's own, and why not."""
    own, plain, bare = read(item("one"), item("two", guid="2"), item("three", guid=""))
    assert told(own).id_why == "its own"
    assert told(plain).id_why == "ours: its guid is no absolute IRI"
    assert told(bare).id_why == "ours: it brought none"
    assert "another post had" in told(replace(own, id="tag:a.example,2026:minted")).id_why


def test_updates():
    """Never, by its own word, or when a poll saw it."""
    post = read(item("one"))[0]
    assert "nothing that a reader sees has changed" in told(post).updated_why
    assert told(replace(post, updated=NOW)).updated_why == "when a poll found it changed"
    claimed = replace(post, updated=NOW - HOUR, claims_updated=NOW - HOUR)
    assert "its own `updated`" in told(claimed).updated_why


def test_categories():
    """Each with what put it there: a fixed name, a template, what stands for a missing value, rules."""
    rules = (
        Rule("rules.0", Condition(title=("nothing",)), category=("no",)),
        Rule("rules.1", Condition(text=("Text",)), also=("world",), tags=("t",), republish="link"),
        Rule("rules.2", Condition(title=("moved",)), category=("else",)),
    )
    of = source(categories=("news", "{author}", "{term}"), rules=rules)
    one, moved = read(item("one", author="Ann"), item("moved", title="moved"), of=of)
    found = told(one, of)
    assert {(c.slug, c.why) for c in found.categories} == {
        ("news", "as the file says for its feed"),
        ("ann", "as the file says for its feed: '{author}' filled in for this entry"),
        (
            "feed-a",
            "as the file says for its feed: '{term}' filled in for this entry, which has no term: "
            "the title of its source stands for that",
        ),
        ("world", "added by rules.1"),
    }
    assert found.tags == ("t",)
    assert (found.republish, found.republish_why) == ("link", "by rules.1")
    assert found.rules == ("rules.1: if text 'Text' then also world; tags t; republish link",)
    assert [(c.slug, c.why) for c in told(moved, of).categories] == [("else", "moved by rules.2")]


def test_a_category_by_another_title():
    """The slug of a configured category has a title of its own; beyond the limit of templates it says so."""
    post = read(item("one"), of=source(categories=("news", "{author}")))[0]
    assert [c.why[:29] for c in told(post, source(categories=("News",))).categories] == [
        "as the file says for its feed",
        "in place of what its template",
    ]


def test_dropped():
    """By which rule, as it stands in the file; rules after it are not tried."""
    rules = (
        Rule("rules.0", Condition(title=("(?i)ad",)), Condition(author=("Ann",)), drop=True),
        Rule("rules.1", Condition(title=("ad",)), tags=("t",)),
    )
    of = source(rules=rules)
    found = told(read(item("ad"), of=of)[0], of)
    assert found.hidden == "dropped by rules.0"
    assert found.rules == ("rules.0: if title '(?i)ad' unless author 'Ann' then drop",)


def test_hidden():
    """Out with its source; old; both."""
    post = read(item("one"))[0]
    assert told(post).hidden == ""
    gone = told(post, source(OTHER), active=False)
    assert gone.hidden == "its source is not in the file any more; it is stored, and returns with it"
    assert gone.categories[0].why == "as the file said while its source was in it"
    assert "`output.keep` (365d)" in told(post, purged=True).hidden
    assert "; its content is gone" in told(post, source(OTHER), active=False, purged=True).hidden


def test_what_else_there_is_to_know():
    """An edit that has not reached it, `updates: ignore`, a link that names nothing, a planet."""
    post = read(item("one"))[0]
    assert told(post).notes == ()
    assert "the file was edited" in told(post, definition="d0").notes[0]
    assert "`updates: ignore`" in told(post, source(updates="ignore")).notes[0]
    assert "ties no copies" in told(replace(post, link_key=None)).notes[0]
    assert told(replace(post, via="Planet")).notes == (
        "Planet brought it, and names Feed A as the feed that it is from",
    )


def story_of(*members, places=(), **said):
    return StoredStory(members[0].story, members, places, **said)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({"standing": 0}, {"standing": 1}, "it is told on its source's own site, and the next one is not"),
        (
            {"standing": 1},
            {"standing": 2},
            "it is no copy that names another feed as its source, as the next one does",
        ),
        ({"published": NOW - DAY}, {}, "it has the earliest date of those that have the same standing"),
        ({"source": OTHER}, {}, "it has the date of the next one, and its source comes first in the file"),
        ({"id": "tag:a.example,2026:0"}, {}, "nothing but its id comes before the next one"),
    ],
    ids=str,
)
def test_who_leads(first, second, why):
    """The first part of their ranks that differs."""
    post = replace(read(item("one"))[0], published=NOW)
    leader = replace(post, **{"id": "tag:a.example,2026:9", **first})
    other = replace(post, **second)
    members = stored(other), stored(leader, other.id, joined="link")
    found = answer(other.id, source(OTHER), source(), stories=[story_of(*members)]).stories[0]
    assert (found.leader, found.leads_why) == (leader.id, why)
    assert [one.id for one in found.posts] == [leader.id, other.id]


def test_how_they_joined():
    """The founder, and each of the others by what ties it to the story; the hidden one comes last."""
    one, two, three, four, five = read(*(item(n) for n in "12345"))
    found = answer(one.id, source(), stories=[story_of(
        stored(replace(five, dropped="rules.0"), one.id),
        stored(one),
        stored(two, one.id, joined="link", telling=three.id),
        stored(three, one.id, joined="alike", similarity=0.927, telling=three.id),
        stored(four, one.id, joined="id", telling=one.id),
    )]).stories[0]  # fmt: skip
    said = {post.title: post.joined_why for post in found.posts}
    assert said == {
        "Title 1": "it founded the story",
        "Title 2": f"it has the link of another member ({three.id})",
        "Title 3": "in other words: 93% of the shorter text is in the founder's, too",
        "Title 4": "it has the id of another member, and the same link or text",
        "Title 5": "it joined by its link or its id",
    }
    assert found.posts[-1].title == "Title 5"


def place(post, scope="news", number=1, **said):
    return Place(**{
        "scope": scope, "shown": post.id, "number": number, "of": 300, "published": post.published, **said
    })  # fmt: skip


def documents(post, *places, showing=(), output=None, categories=(NEWS, WORLD), of=None, **said):
    """What is said of the documents of one post; `showing` are the posts of the category's document."""
    shown = tuple(Story(one.id, (one,)) for one in showing)
    found = answer(
        post.id,
        of or source(),
        stories=[story_of(stored(post, **said), places=places)],
        documents={"news": shown, None: shown},
        output=output,
        categories=categories,
    )
    return [(d.path, d.place, d.of, d.why) for d in found.stories[0].documents]


def test_places():
    """Its place in each document that it is in; what is not rendered yet."""
    first, second = (replace(post, categories=("news",)) for post in read(item("1"), item("2")))
    found = documents(
        second, place(second, number=2), place(second, None, 2, waits=True), showing=(first, second)
    )
    assert found[0] == ("category/news/feed.atom", 2, 2, "")
    assert found[1][:3] == ("feed.atom", 2, 2)
    assert "still to be rendered" in found[1][3]
    [page, _] = documents(second, place(second), showing=(second,), output=Output(formats=("html",)))
    assert page[0] == "category/news/index.html"


def test_too_old():
    """Where the document is full of newer ones, its number is said."""
    old, new = read(item("old"), item("new", date="Tue, 10 Nov 2026 10:00:00 GMT"))
    of_one = (replace(NEWS, entries=1),)
    [(_, where, of, why)] = documents(old, place(old, number=212), showing=(new,), categories=of_one)[:1]
    assert (where, of) == (None, 1)
    assert why == "older than the newest 1 that the document holds: it is number 212 of 300"


def test_too_many_of_its_source():
    """`per_source` leaves it out although older ones are in: the document is full, or not even that."""
    mine = read(item("mine", date="Tue, 10 Nov 2026 10:00:00 GMT"))[0]
    older = read(item("older"))[0]
    for entries in (1, 50):
        [(_, where, _, why)] = documents(
            mine,
            place(mine, number=9),
            showing=(older,),
            categories=(replace(NEWS, entries=entries),),
            output=Output(per_source=3),
        )[:1]
        assert where is None
        assert why == "its source has 3 newer ones there, and `output.per_source` lets in no more"


def test_held_back():
    """`backlog` keeps it out of some documents, and the answer says which."""
    post = read(item("one"), of=source(categories=("news", "world")))[0]
    found = documents(
        post, place(post, "news"), showing=(post,), of=source(backlog=7), held=frozenset({"world", None})
    )
    assert [(path, where) for path, where, _, _ in found] == [
        ("category/news/feed.atom", 1),
        ("category/world/feed.atom", None),
        ("feed.atom", None),
    ]
    assert all("held back" in why and "`backlog` says (7)" in why for *_, why in found[1:])


def test_nothing_that_is_hidden_is_expected_in_a_document():
    """A dropped post has no documents at all; why is said of the post."""
    post = replace(read(item("one"))[0], dropped="rules.0")
    found = answer(post.id, source(), stories=[story_of(stored(post))]).stories[0]
    assert (found.documents, found.leader, found.leads_why) == ((), None, "nothing of it is shown")


def test_more_than_are_told_of():
    """A link of many entries: it is said that these are not all."""
    found = [story_of(stored(post)) for post in read(item("1"), item("2"))]
    assert answer("https://a.example/", source(), stories=found).notes == ()
    assert "More than 2 stories" in answer("https://a.example/", source(), stories=found, more=True).notes[0]


def test_nothing_is_stored_under_it():
    """The sources of the same site, with their last polls and what they left out."""
    failing = Memory(
        last_poll=NOW, last_success=NOW - DAY, last_error="no address", failures=3, info=SourceInfo("", "A")
    )
    found = answer(
        "https://www.a.example/none?utm_source=x",
        source(),
        source(OTHER),
        statuses=[status(memory=failing, unread=(UnreadEntry(4, "says nothing"),)), status(OTHER)],
    )
    assert not found.found
    assert "this link (compared as www.a.example/none)" in found.notes[0]
    assert found.notes[1] == "Sources of www.a.example:"
    [near] = found.sources
    assert near.state == (
        "failing, 3 times in a row: no address; last polled 2026-11-24 12:00:00Z",
        "last read: 2026-11-23 12:00:00Z",
        "next poll 2026-11-24 12:00:00Z (rhythm)",
        "number of stored posts: 2",
    )
    assert near.unread == (UnreadEntry(4, "says nothing"),)


def test_a_feed_on_another_host_than_its_articles():
    """A source is of the site that its feed names as its home."""
    home = Memory(last_poll=NOW, last_result="1 new", info=SourceInfo("", "A", "https://c.example/"))
    found = answer("https://c.example/x", source(), statuses=[status(memory=home)])
    assert [near.source for near in found.sources] == [URL]
    none = answer("https://d.example/x", source())
    assert (none.sources, none.notes[-1]) == ((), "No source that is known is of d.example.")


def test_an_id_that_is_not_there():
    """One that names a host leads to its site; of others, who fails or was not polled is said."""
    assert [s.source for s in answer("tag:a.example,2026:x", source(), source(OTHER)).sources] == [URL]
    found = answer("17", source(), source(OTHER), statuses=[status()])
    assert [(near.source, near.state) for near in found.sources] == [
        (OTHER, ("not polled yet: neither the daemon nor `once` has seen it in the file",))
    ]
    for trouble in (
        {"memory": Memory(last_poll=NOW, last_error="no address")},
        {"unread": (UnreadEntry(0, "says nothing"),)},
    ):
        found = answer("17", source(), source(OTHER), statuses=[status(**trouble), status(OTHER)])
        assert [near.source for near in found.sources] == [URL]
    assert "none fails" in answer("17", source()).notes[-1]


def test_no_store():
    """Nothing was polled, which is said first."""
    found = answer("https://a.example/x", source(), statuses=[], stored=False)
    assert "There is no store yet" in found.notes[0]
    assert not found.found
    asked = answer(URL, source(), statuses=[], stored=False)
    assert (asked.found, len(asked.notes)) == (False, 1)


@pytest.mark.parametrize(
    ("of", "known", "words"),
    [
        (source(paused=True), status(due=None), "`paused` in the file"),
        (source(), status(due=None, memory=Memory(last_poll=NOW, gone=True)), "gone for good (410)"),
        (source(), status(memory=Memory()), "not polled yet"),
        (source(), status(host_paused_until=NOW + HOUR), "left alone until 2026-11-24 13:00:00Z"),
        (source(), status(memory=Memory(last_poll=NOW, overruns=2)), "2 times; some may have been missed"),
        (source(), status(dropped=3), "number of stored posts: 2, and of posts that rules drop: 3"),
        (source(OTHER), status(active=False, due=None), "not in the file any more"),
    ],
    ids=str,
)
def test_a_source(of, known, words):
    """Asked about by its URL: how it is, and its newest posts."""
    post = read(item("one"))[0]
    found = answer(URL, of, statuses=[known], newest=(stored(replace(post, dropped="rules.0")),))
    assert found.found
    [own] = found.sources
    assert any(words in line for line in own.state)
    assert own.newest == (ListedPost(post.id, "Title one", "dropped by rules.0"),)


def test_a_confidential_source():
    """Its URL is nowhere in the answer, whoever asks for it and in whatever spelling."""
    secret = "http://rsshub:1200/feed?key=s3cret"
    of = source(secret, confidential=True, title="Hidden", rules=(
        Rule("rules.0", Condition(feed=("feed.key=s3cret",)), tags=("t",)),
    ))  # fmt: skip
    post = read(item("one", guid=secret, link=None), of=of)[0]
    one = stored(post)
    memory = Memory(last_poll=NOW, last_result="1 new")
    said = {"statuses": [status(secret, memory=memory)], "newest": (one,), "stories": [story_of(one)]}
    for asked in (secret, "https://rsshub:1200/feed/?key=s3cret", post.id):
        found = answer(asked, of, **said)
        assert "s3cret" not in repr(found)
        assert "rsshub" not in repr(found)
        assert "Hidden" in repr(found)
    assert found.stories[0].posts[0].id_why == "ours: its own would name a source that nobody may see"
    removed = answer(secret, **said)
    assert "rsshub" not in repr(removed)
    assert removed.asked == "a removed source: one that was never read"


def test_taken_down():
    """When, and how; a copy that came later is said to be one; so is a source of which all was taken down."""
    [post] = read(item("one"))
    ended = Ended(NOW + HOUR, "post", "`aggregator takedown`")
    one = told(post, ended=ended)
    assert one.hidden == "taken down on 2026-11-24 13:00:00Z by `aggregator takedown`"
    copy = told(replace(post, first_seen=NOW + 2 * HOUR), ended=ended)
    assert copy.hidden.startswith("it copies what was taken down on 2026-11-24 13:00:00Z")
    of_source = StoredStory(post.id, (stored(post),))
    said = answer(post.id, source(), stories=[of_source], statuses=[status(taken=NOW)]).stories[0].posts[0]
    assert said.hidden == "all of its source was taken down on 2026-11-24 12:00:00Z"
    [about] = answer(URL, source(), statuses=[status(taken=NOW)]).sources
    assert (
        about.state[0]
        == "taken down on 2026-11-24 12:00:00Z, for good: nothing that it sends is shown; remove it"
    )


def test_deleted_by_its_source():
    """With its own words, if it had any."""
    [post] = read(item("one"))
    said = [told(post, retracted=Retraction(post.id, NOW, words)).hidden for words in ("", "A mistake")]
    assert said[0] == "its source says that it has deleted it on 2026-11-24 12:00:00Z"
    assert said[1] == f"{said[0]}: A mistake"


def test_what_became_of_its_article():
    """That it waits for it; that it has it; that it has none, and why."""
    full = source(full_text=True)
    [post] = read(item("one"), of=full)
    waits = told(post, full, awaits=NOW + HOUR)
    assert "it waits for the text of its article, until " in waits.hidden
    assert "full text: none so far" in waits.notes[-1]
    came = replace(post, article="<p>x</p>")
    said = "full text: extracted from y"
    assert said in told(came, full, article_said="extracted from y").notes
    unused = told(replace(came, whole=False), article_said="extracted from y")
    assert f"{said}; not shown, since the file does not ask for it any more" in unused.notes
    less = told(replace(post, whole=False), full)
    assert "full text: none, since a rule shows less of it than its feed" in less.notes
    assert not any("full text" in note for note in told(read(item("one"))[0]).notes)
