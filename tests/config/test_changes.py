"""How two configurations differ is known source by source and key by key, and told in one line."""

import pytest

from aggregator.config import diff, load
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
            Changes(sources_edited=("https://b.example/",)),
            "1 source edited",
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
            "2 sources added; 1 source removed; 1 category added; 1 category removed",
        ),
        (
            "title: x",
            "title: y",
            Changes(sources_edited=("https://a.example/", "https://b.example/")),
            "2 sources edited",
        ),
        ("title: A", "title: B", Changes(categories_edited=("a",)), "1 category edited"),
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
