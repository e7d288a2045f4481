"""How two configurations differ is known source by source and key by key, and told in one line."""

from dataclasses import replace

import pytest

from aggregator.config import diff, in_force, load
from aggregator.config.changes import Changes

OLD = """\
categories:
  a: {title: A, feeds: [https://a.example/]}
  b: {feeds: [{url: https://b.example/, every: 2h}]}
rules: [{if: {title: x}, then: drop}]
"""


def loaded(text):
    """The configuration of a file."""
    return load(text, name="feeds.yaml", directory="/srv", environment={})


@pytest.mark.parametrize(
    ("old", "new", "changes", "summary"),
    [
        ("", "", Changes(), "nothing changed"),
        (
            "every: 2h",
            "every: 3h",
            Changes(sources_edited=("https://b.example/",), keys=("every",)),
            "1 source edited (every)",
        ),
        (
            "[https://a.example/]",
            "[https://new.example/, https://a.example/]",
            Changes(sources_added=("https://new.example/",)),
            "1 source added",
        ),
        (
            "a: {title: A, feeds: [https://a.example/]}",
            "c: {feeds: [https://c.example/, https://d.example/]}",
            Changes(
                sources_added=("https://c.example/", "https://d.example/"),
                sources_removed=("https://a.example/",),
                categories_added=("c",),
                categories_removed=("a",),
            ),
            "2 sources added; 1 source removed; 1 category added (c); 1 category removed (a)",
        ),
        (
            "title: x",
            "title: y",
            Changes(sources_edited=("https://a.example/", "https://b.example/"), rules_edited=("rules.0",)),
            "2 sources edited; 1 rule edited (rules.0)",
        ),
        (
            "title: A",
            "title: B",
            Changes(categories_edited=("a",), categories_keys=("a.title",)),
            "1 category edited (a.title)",
        ),
        (
            "rules: [{if",
            "rules: [{if: {text: y}, then: {tags: [t]}}, {if",
            Changes(sources_edited=("https://a.example/", "https://b.example/"), rules_added=("rules.0",)),
            "2 sources edited; 1 rule added (rules.0)",
        ),
        (
            "rules: [{if: {title: x}, then: drop}]",
            "defaults: {tags: [t], backlog: 9}",
            Changes(
                sources_edited=("https://a.example/", "https://b.example/"),
                keys=("tags", "backlog"),
                rules_removed=("rules.0",),
            ),
            "2 sources edited (tags, backlog); 1 rule removed (rules.0)",
        ),
        (
            "rules:",
            "site: {language: de}\npolling: {timeout: 9s}\nrules:",
            Changes(settings=("site.language", "polling.timeout")),
            "site.language and polling.timeout changed",
        ),
        (
            "rules:",
            "store: x.db\nserver: {listen: '127.0.0.1:9'}\nsite: {url: 'http://127.0.0.1:8080'}\nrules:",
            Changes(restart=("store", "server.listen")),
            "store and server.listen changed, in force after a restart",
        ),
        (
            "rules:",
            "server: {listen: '127.0.0.1:9', hub: false}\noutput: {directory: out, entries: 9}\nrules:",
            Changes(
                categories_edited=("a", "b"),
                categories_keys=("a.entries", "b.entries"),
                settings=("output.directory", "output.entries"),
                restart=("server.listen", "server.hub"),
            ),
            "2 categories edited (a.entries, b.entries); output.directory and output.entries changed; "
            "server.listen and server.hub changed, in force after a restart",
        ),
        (
            "then: drop",
            "then: {also: c}",
            Changes(
                sources_edited=("https://a.example/", "https://b.example/"),
                rules_edited=("rules.0",),
                categories_added=("c",),
            ),
            "2 sources edited; 1 rule edited (rules.0); 1 category added (c)",
        ),
    ],
)
def test_difference(old, new, changes, summary):
    """Each edit is seen as what it is, and no other."""
    found = diff(loaded(OLD), loaded(OLD.replace(old, new)))
    assert found == changes
    assert (found.summary(), bool(found)) == (summary, changes != Changes())


def test_order_is_a_difference():
    """Feeds that only change places are no edits, but the order is one."""
    first, second = "https://a.example/", "{url: https://b.example/, rules: [{if: {title: x}, then: drop}]}"
    one, two = loaded(f"feeds: [{first}, {second}]"), loaded(f"feeds: [{second}, {first}]")
    assert diff(one, two) == Changes(reordered=True)
    assert diff(one, two).summary() == "another order"


def test_the_line_has_room_for_some_names():
    """However much is edited at once, and however long its names are, the line stays one to read."""
    slugs = tuple(f"{'x' * 90}{n}" for n in range(1000))
    line = Changes(categories_added=slugs, rules_edited=slugs, sources_edited=slugs, keys=slugs).summary()
    assert line.count("and 995 more") == 3
    assert len(line) < 1000


def test_the_line_names_no_confidential_source():
    """Neither its URL nor a value of its keys is said, only which keys they are: it may be a secret."""
    old, new = (
        loaded(f"feeds: [{{url: 'https://u:pw@a.example/', title: {word}, headers: {{X: {word}}}}}]")
        for word in ("one", "two")
    )
    line = diff(old, new).summary()
    assert line == "1 source edited (title, headers)"


HERE, THERE = "http://127.0.0.1:8080/", "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("old", "new", "url", "contact"),
    [
        ("", "server: {listen: '127.0.0.1:9'}", HERE, HERE),
        ("", f"{{server: {{listen: '127.0.0.1:9'}}, site: {{url: '{THERE}'}}}}", HERE, HERE),
        (
            "",
            "{server: {listen: '127.0.0.1:9'}, site: {contact: 'https://me.example/'}}",
            HERE,
            "https://me.example/",
        ),
        (
            "",
            "{server: {listen: '127.0.0.1:9'}, site: {url: 'https://a.example/'}}",
            "https://a.example/",
            "https://a.example/",
        ),
        ("site: {url: 'https://a.example/'}", "", HERE, HERE),
        ("site: {url: 'https://a.example/'}", "server: {listen: '127.0.0.1:9'}", HERE, HERE),
        (
            "{site: {url: 'https://a.example/', contact: 'https://b.example/'}, server: {listen: off}}",
            "server: {listen: '127.0.0.1:9'}",
            "https://a.example/",
            "https://a.example/",
        ),
    ],
)
def test_where_we_are_changes_with_the_listener(old, new, url, contact):
    """A URL that only follows `listen` stays where we listen; one that was chosen is in force at once."""
    site = in_force(loaded(old or "site: {}"), loaded(new or "site: {}")).site
    assert (site.url, site.contact) == (url, contact)


def test_in_force_is_the_new_file_with_what_is_open():
    """Store and listeners wait for a restart, the command line's too; the rest is new."""
    old = loaded("feeds: ['https://a.example/']")
    old = replace(old, server=replace(old.server, listen="0.0.0.0:80"))
    new = loaded(
        "{store: x.db, server: {listen: '127.0.0.1:9', admin: off}, output: {directory: out, entries: 9},"
        " polling: {timeout: 9s}, site: {title: T}, feeds: ['https://b.example/']}"
    )
    live = in_force(old, new)
    assert (live.store, live.server) == (old.store, old.server)
    assert (live.polling, live.sources, live.categories) == (new.polling, new.sources, new.categories)
    assert (live.site.title, live.site.url, live.output) == ("T", HERE, new.output)
    assert in_force(live, new) == live
    assert in_force(old, old) == old
