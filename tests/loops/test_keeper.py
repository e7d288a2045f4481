"""Edits of the file reach stored posts without a poll, batch by batch; old posts lose their content."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.errors import StoreError
from aggregator.keeper import FUTILE, Keeper
from aggregator.model import (
    Category,
    Condition,
    Config,
    Label,
    New,
    NewCategory,
    Output,
    Person,
    Rejected,
    Rule,
    Said,
    SourceInfo,
)
from tests.contract import made
from tests.contract.made import A, B
from tests.fakes import FixedClock, MemoryStore
from tests.loops.scene import Hooked

NEWS = Label("news", slug="news")


def drop(**condition):
    return Rule("rules.0", Condition(**{key: (value,) for key, value in condition.items()}), drop=True)


def then(**said):
    return Rule("rules.0", Condition(title=("(?i)one",)), **said)


class Desk:
    """A store in memory with posts of one source, and the keeper that is told of edits."""

    def __init__(self, *names, **said):
        self.clock, self.store = FixedClock(made.NOW), MemoryStore(made.NOW)
        self.revisions = Hooked(self.store.revisions)
        self.keeper = None
        self.edit(**said)
        self.keeper = Keeper(self.revisions, self.store.site, self.clock, self.store.config)
        self.add(*names)
        self.keeper.revise_all()

    def edit(self, *others, output=None, out=False, **said):
        """Put the source in force as it is said now; every edit is another definition."""
        source = made.source(**{"categories": ("news",), "definition": repr(sorted(said.items())), **said})
        config = Config(
            categories=(Category("news", "News"), Category("world", "World")),
            sources=tuple(
                replace(s, position=n) for n, s in enumerate([*([] if out else [source]), *others])
            ),
            output=output or Output(),
        )
        self.store.polls.sync(config, self.clock.now())
        if self.keeper:
            self.keeper.adopt(config)

    def add(self, *names, **said):
        """A poll that brings posts of these names."""
        self.clock.advance(hours=2)
        [lease] = self.store.polls.lease_due(self.clock.now(), 1)
        posts = [
            made.post(name, minutes=-n, **{"labels": (NEWS,), "first_seen": self.clock.now(), **said})
            for n, name in enumerate(names)
        ]
        verdicts = [Rejected(p, p.dropped) if p.dropped else New(p) for p in posts]
        self.store.polls.commit([made.outcome(lease, *verdicts, at=self.clock.now())], self.clock.now())

    def shown(self, scope=None):
        return [story.members[0].guid for story in self.store.posts.newest(scope, 99)]

    def post(self, name):
        return self.store.data.posts[f"tag:example,2026:{name}"].post


def test_a_post_that_moves_keeps_id_and_dates():
    """Another category and tag: at once, without a poll, and nothing else of it is touched."""
    desk = Desk("one", "two")
    before, leased = desk.post("one"), desk.store.sources.sources()[0].memory
    desk.clock.advance(minutes=1)
    desk.edit(categories=("world",), tags=("{feed_title}",), title="Mine")
    assert desk.keeper.behind
    assert desk.keeper.revise_all() == 2
    assert not desk.keeper.behind
    after = desk.post("one")
    assert (desk.shown("news"), desk.shown("world")) == ([], ["one", "two"])
    assert (after.labels, after.tags) == ((Label("world", False, "world"),), ("Mine",))
    assert after == replace(
        before,
        labels=after.labels,
        categories=("world",),
        tags=after.tags,
        label_digest=after.label_digest,
    )
    assert desk.store.sources.sources()[0].memory == leased


@pytest.mark.parametrize(
    ("edit", "field", "value"),
    [
        ({"tags": ("a", "{author}")}, "tags", ("a", "Ann")),
        ({"republish": "link"}, "republish", "link"),
        ({"rules": (then(republish="excerpt"),)}, "republish", "excerpt"),
        ({"rules": (then(also=("world",)),)}, "categories", ("news", "world")),
        ({"rules": (then(category=("{term}",)),)}, "categories", ("gold",)),
        ({"rules": (drop(author="Bob"),)}, "dropped", "rules.0"),
        ({"rules": (drop(text="in it"),)}, "dropped", "rules.0"),
        ({"rules": (drop(link="/one$"),)}, "dropped", "rules.0"),
        ({"rules": (drop(language="^fr"),)}, "dropped", "rules.0"),
        ({"rules": (drop(language="^de"),)}, "dropped", ""),
        ({"language": "de"}, "language", "de"),
        ({"language": "de", "rules": (drop(language="^de"),)}, "dropped", "rules.0"),
    ],
    ids=str,
)
def test_classified_from_what_is_stored(edit, field, value):
    """Authors, link, text, terms and language are there without asking the source."""
    desk = Desk()
    desk.add(
        "one",
        content="<p>What is <b>in</b> it</p>",
        authors=(Person("Bob"),),
        language="fr",
        said=Said(author="Ann", terms=("Gold", "Silver"), feed_title="Feed", language="fr"),
    )
    desk.edit(**edit)
    desk.keeper.revise_all()
    assert getattr(desk.post("one"), field) == value


def test_the_feeds_own_language_comes_back():
    """Once the file says none any more."""
    desk = Desk(language="de")
    desk.add("one", language="de", said=Said(language="fr"))
    desk.edit()
    desk.keeper.revise_all()
    assert desk.post("one").language == "fr"


def test_a_new_rule_hides_and_without_it_they_return():
    """At their own dates, under their own ids."""
    desk = Desk("one", "two", "three")
    before = desk.store.posts.newest(None, 9)
    desk.edit(rules=(drop(title="(?i)two"),))
    desk.keeper.revise_all()
    assert desk.shown() == ["one", "three"]
    desk.clock.advance(days=3)
    desk.edit()
    desk.keeper.revise_all()
    after = desk.store.posts.newest(None, 9)
    assert [(s.id, [(m.guid, m.published, m.updated) for m in s.members]) for s in after] == [
        (s.id, [(m.guid, m.published, m.updated) for m in s.members]) for s in before
    ]


def test_a_removed_source_leaves_and_returns_as_it_is_defined_then():
    """While it is away nothing is revised."""
    desk = Desk("one")
    desk.edit(made.source(B), out=True)
    assert desk.keeper.revise_all() == 0
    assert desk.shown() == []
    desk.edit(categories=("world",))
    assert desk.keeper.revise_all() == 1
    assert desk.shown("world") == ["one"]


def test_a_pause_changes_nothing():
    """What is out stays out; the definition is the same."""
    desk = Desk("one")
    desk.edit(paused=True, definition="[]")
    assert desk.keeper.revise_all() == 0
    assert desk.shown("news") == ["one"]


def test_templates_make_categories():
    """With a slug and a title; a category that has no post any more stays."""
    desk = Desk()
    desk.add("one", said=Said(author="新闻", feed_title="F"))
    desk.edit(categories=("{author}",))
    desk.keeper.revise_all()
    assert desk.shown("xinwen") == ["one"]
    assert {c.slug: c.title for c in desk.store.posts.categories()} == {
        "news": "News",
        "world": "World",
        "xinwen": "新闻",
    }


def test_in_batches():
    """No transaction has more than so many posts; the newest come first."""
    desk = Desk(*(f"n{n}" for n in range(9)))
    desk.keeper = Keeper(desk.revisions, desk.store.site, desk.clock, desk.store.config, batch=4)
    desk.edit(categories=("world",))
    assert [desk.keeper.revise() for _ in range(4)] == [4, 4, 1, 0]
    asked = [given for name, given in desk.revisions.called if name == "revise"]
    assert [p.guid for p in asked[0][0][0].posts] == ["n0", "n1", "n2", "n3"]
    assert not desk.keeper.behind


def test_an_edit_in_between():
    """What was read under the edit before is not written; the last edit wins."""
    desk = Desk("one")
    desk.edit(categories=("world",))
    desk.revisions.before("revise", lambda *_: desk.edit(categories=("sport",)))
    assert desk.keeper.revise_all() == 1
    assert desk.shown("sport") == ["one"]


def test_an_edit_while_nothing_is_found():
    """It is not taken for done."""
    desk = Desk("one")

    class Late:
        """Says that nothing is outdated, just before something is."""

        def outdated(self, limit, /):
            desk.keeper.adopt(desk.store.config)
            return []

    desk.keeper = Keeper(Late(), desk.store.site, desk.clock, desk.store.config)
    assert desk.keeper.revise() == 0
    assert desk.keeper.behind


def test_a_category_in_between():
    """A slug that another value has taken meanwhile is left to it."""
    desk = Desk("one")
    desk.edit(categories=("{feed_title}",), title="A b")

    def take(*_):
        [lease] = desk.store.polls.lease_due(desk.clock.advance(hours=2), 1)
        taken = made.post("two", labels=(Label("A-b", True, "a-b"),), categories=("a-b",))
        outcome = made.outcome(lease, New(taken), categories=(NewCategory("a-b", "A-b", "a-b", A),))
        desk.store.polls.commit([outcome], desk.clock.now())

    desk.revisions.before("revise", take)
    assert desk.keeper.revise_all() == 1
    assert (desk.shown("a-b"), desk.shown("a-b-2")) == (["two"], ["one"])


def test_a_store_in_trouble_is_tried_again():
    """It is raised, and the work is still to be done."""
    desk = Desk("one")
    desk.edit(categories=("world",))
    for method in ("outdated", "revise"):
        desk.revisions.before(method, StoreError("the disk is full"))
        with pytest.raises(StoreError):
            desk.keeper.revise()
        assert desk.keeper.behind
    assert desk.keeper.revise_all() == 1


def test_a_post_that_cannot_be_classified_stays_as_it_is(caplog):
    """A fault of ours with one source is said, and keeps neither it nor others waiting."""
    desk = Desk("one")
    desk.edit(categories=("world",), rules=(drop(title="("),))  # no configuration lets that through
    assert desk.keeper.revise_all() == 1
    assert desk.shown("news") == ["one"]
    assert "fault while revising" in caplog.text


def test_it_gives_up_where_nothing_can_be_written(caplog):
    """Rather than trying for ever; the next edit tries again."""
    desk = Desk("one")
    desk.edit(categories=("{feed_title}",), title="Tech")

    def refuse(revisions, _):
        desk.revisions.before("revise", refuse)
        desk.store.data.sources[A].source = replace(
            revisions[0].source, definition=str(desk.revisions.times("revise"))
        )

    desk.revisions.before("revise", refuse)
    assert desk.keeper.revise_all() == 0
    assert desk.revisions.times("revise") == FUTILE
    assert "could not be revised" in caplog.text


def test_retention():
    """Posts older than `output.keep` go, but for those that the documents show."""
    desk = Desk(*(f"n{n}" for n in range(9)), output=Output(entries=2, keep=timedelta(days=30)))
    desk.store.config = replace(desk.store.config, categories=(Category("news", "News", entries=7),))
    desk.clock.advance(days=29)
    assert desk.keeper.purge() == 0
    desk.clock.advance(days=2)
    assert desk.keeper.purge() == 2
    assert desk.shown() == [f"n{n}" for n in range(7)]
    desk.edit(categories=("world",), output=Output(entries=2, keep=timedelta(days=30)))
    assert desk.keeper.revise_all() == 7


def test_a_source_that_becomes_confidential_is_not_named_any_more():
    """Stored posts show an id of ours and the home page alone; without the secret they stay so."""
    origin = SourceInfo(A, "A", home="https://a.example/", feed=A, license="https://a.example/l")
    desk = Desk()
    desk.add("one", origin=origin)
    desk.add("planet", origin=origin, via="A planet")
    for edit in ({"confidential": True}, {}):
        desk.edit(**edit)
        desk.keeper.revise_all()
        told = desk.post("one").origin
        assert (told.title, told.home, told.feed, told.license) == ("A", "https://a.example/", "", "")
        assert told.id.startswith("urn:uuid:")
        assert desk.post("planet").origin == origin
