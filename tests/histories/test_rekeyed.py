"""Entries that come back under other guids: a blog migration, a program that makes guids anew.

What a source has told already is told again under another name, and is published once all the same: with
its id, its dates and its `updated`. What only looks like it stays a post of its own.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import Changed
from tests.histories.reader import World
from tests.histories.simulated import START, Article, LivingSource, document, marked


def articles(count):
    """So many articles, the oldest first, an hour apart."""
    return [
        Article(
            n,
            title=f"Story {n}",
            text=marked(n, f"What happened in hour {n}."),
            path=f"/{n}/story",
            date=START - timedelta(hours=count - n),
            guid=f"urn:x-old:{n}",
        )
        for n in range(count)
    ]


def under_new_guids(old, **changes):
    """The same articles after a migration."""
    return [
        replace(a, guid=f"urn:x-new:{a.number}", **{k: make(a) for k, make in changes.items()}) for a in old
    ]


@pytest.fixture
def world():
    with World() as world:
        yield world


def poll(world, told):
    """Poll a document of these articles; the numbers of those that a subscriber takes for new or edited."""
    noticed = world.poll(document(told, world.clock.now()))
    return set(noticed.new), set(noticed.edited)


NOTHING = (set(), set())

MIGRATIONS = {
    "guids alone": {},
    "to another host": {"host": lambda a: "https://moved.example.net"},
    "to https": {"host": lambda a: a.host.replace("http:", "https:")},
    "to other links, with their dates": {"path": lambda a: f"/posts/{a.number}.html"},
    "to other links and dates, with their texts": {
        "path": lambda a: f"/posts/{a.number}.html",
        "date": lambda a: a.date + timedelta(minutes=5),
    },
    "to another host, without dates": {"host": lambda a: "https://moved.example.net", "date": lambda a: None},
    "with other texts": {"text": lambda a: marked(a.number, "Another template has made this.")},
}


@pytest.mark.parametrize("changes", MIGRATIONS.values(), ids=MIGRATIONS)
def test_a_migration_publishes_nothing_again(world, changes):
    """All guids change at once, and links, dates or texts with them: nobody gets an old post as new."""
    old = articles(20)
    poll(world, old)
    assert poll(world, under_new_guids(old, **changes)) == NOTHING
    assert poll(world, under_new_guids(old, **changes)) == NOTHING


def test_230_old_posts_at_once(world):
    """A source shows all that it ever told under new guids, beyond its usual window, and one new article."""
    *old, new = articles(231)
    for start in range(0, 230, 46):
        poll(world, old[start : start + 46])
    assert poll(world, [new, *under_new_guids(old)]) == ({230}, set())


def test_guids_that_are_the_links(world):
    """A move to https changes guids and links alike."""
    old = [replace(a, guid=a.link) for a in articles(6)]
    poll(world, old)
    moved = [replace(a, host="https://blog.example.org") for a in old]
    assert poll(world, [replace(a, guid=a.link) for a in moved]) == NOTHING


def test_a_part_is_rekeyed(world):
    """Half of the entries keep their guids, and are still what they were."""
    old = articles(10)
    poll(world, old)
    assert poll(world, old[5:] + under_new_guids(old[:5])) == NOTHING


def test_what_returns_later_was_rekeyed_meanwhile(world):
    """A post that had fallen out of the feed before the migration comes back under its new guid."""
    old = articles(10)
    poll(world, old[:5])
    poll(world, old[5:])
    poll(world, under_new_guids(old[5:]))
    assert poll(world, under_new_guids(old)) == NOTHING


def test_a_migration_is_taken_back(world):
    """The old guids are back, and mean what they meant."""
    old = articles(5)
    poll(world, old)
    poll(world, under_new_guids(old))
    assert poll(world, old) == NOTHING


def test_an_edit_after_a_migration(world):
    """The new guid is what the post is known by from now on: a new title is an edit, once."""
    old = articles(5)
    poll(world, old)
    moved = under_new_guids(old)
    poll(world, moved)
    edited = [replace(moved[0], title="Another title"), *moved[1:]]
    assert poll(world, edited) == (set(), {0})
    assert poll(world, edited) == NOTHING


def test_a_rekeyed_post_is_shown_as_the_source_has_it_now(world):
    """The link leads to where the article has moved, although `updated` stays."""
    old = articles(3)
    poll(world, old)
    assert poll(world, under_new_guids(old, host=lambda a: "https://moved.example.net")) == NOTHING
    links = {post.link for post in world.subscriber.posts.values()}
    assert links == {f"https://moved.example.net/{n}/story" for n in range(3)}


def test_guids_that_change_at_every_poll(world):
    """A program makes guids up whenever it is asked: each article is one post, and new ones come as usual."""
    every = articles(40)
    for number in range(30):
        window = every[number : number + 10]
        told = [replace(a, guid=f"urn:x-made-up:{number}:{a.number}") for a in window]
        noticed = poll(world, told)
        if number:
            assert noticed == ({number + 9}, set())


def test_guids_that_change_at_every_poll_hide_no_edit(world):
    """What the post says now reaches readers, also where guids are made up at each poll."""
    [article] = articles(1)
    for number in range(3):
        text = marked(0, f"Version {number} of the text.")
        poll(world, [replace(article, guid=f"urn:x-made-up:{number}", text=text)])
    [post] = world.subscriber.posts.values()
    assert post.content == text


def test_a_life_with_migrations():
    """Two hundred polls of a living source that migrates now and then: each post and each edit once."""
    with World() as world:
        source = LivingSource(230, rekeys=True)
        for number in range(200):
            told = source.poll(world.clock.now())
            noticed = world.poll(told.result)
            seen = set(noticed.new), set(noticed.edited)
            assert seen == (told.new, told.edited), f"poll {number}"
        assert source.moves["rekey"] > 3


APART = {
    "a weekly column": {
        "title": "Weekly notes", "path": "/2/notes", "text": marked(1, "Another week."),
        "date": START - timedelta(minutes=5),
    },
    "another entry of the changelog page": {"title": "Version 2", "text": marked(1, "Other changes.")},
}  # fmt: skip


@pytest.mark.parametrize("second", APART.values(), ids=APART)
def test_what_only_looks_alike_is_a_post_of_its_own(world, second):
    """Another entry takes the first one's place, with its title or its link and a new guid."""
    first = Article(
        0, "Weekly notes", marked(0, "A week."), "/notes", START - timedelta(days=7), guid="urn:x-column:0"
    )
    poll(world, [first])
    assert poll(world, [replace(first, number=1, guid="urn:x-column:1", **second)]) == ({1}, set())


def test_twins_in_one_document_are_two_posts(world):
    """Two guids that are there at the same time are two entries, though they share link, title and date."""
    first = Article(
        0, "Notes", marked(0, "A week."), "/notes", START - timedelta(days=7), guid="urn:x-column:0"
    )
    twin = replace(first, number=1, guid="urn:x-column:1", text=marked(1, "A week."))
    poll(world, [first])
    assert poll(world, [twin, first]) == ({1}, set())
    assert poll(world, [twin, first]) == NOTHING
    assert world.written()[Changed] == set()
