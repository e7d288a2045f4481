"""`ports.PollStore.sync` and `ports.PostReader`: what an edit of the configuration does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import (
    BodyHints,
    Category,
    LeaseLost,
    Lookup,
    Memory,
    New,
    NewCategory,
    Output,
    Polling,
    Rejected,
    Site,
    Validators,
)
from tests.contract.made import HOUR, NOW, SECOND, A, B, C, config, outcome, post, source

MINUTE = timedelta(minutes=1)


def test_the_same_again_marks_nothing(world):
    """Taking over the same configuration changes no due time and marks no document."""
    world.sync(source(A), source(B))
    assert world.dirty() == ["news", "world", None]
    before = world.store.sources.sources()
    world.sync(source(A), source(B), now=NOW + HOUR)
    assert world.dirty() == []
    assert world.store.sources.sources() == before
    world.restart()
    world.sync(source(A), source(B), now=NOW + 2 * HOUR)
    assert world.dirty() == []


@pytest.mark.parametrize(
    ("before", "after", "learnt", "due"),
    [
        ({}, {}, {}, 300),  # nothing edited: as it was planned
        ({}, {"tags": ("x",), "definition": "e"}, {}, 300),  # nor is this how it is asked
        ({}, {"every": 10 * MINUTE}, {}, 10),
        ({}, {"every": 10 * MINUTE}, {"not_before": NOW + 30 * MINUTE}, 30),
        ({}, {"every": 600 * MINUTE}, {}, 600),
        ({"every": 10 * MINUTE}, {}, {}, 60),
        ({}, {"insist": True}, {"not_before": NOW + 90 * MINUTE}, 60),
        ({}, {"insist": True}, {"retry_after": NOW + 90 * MINUTE}, 90),
        ({"insist": True}, {}, {"not_before": NOW + 90 * MINUTE}, 90),
        ({}, {"headers": (("X", "y"),)}, {}, 60),
        ({}, {"private": True}, {}, 60),
        # What it has earned by failing, or by having no validators, no edit undoes.
        ({}, {"headers": (("X", "y"),)}, {"failures": 3}, 240),
        ({}, {"every": 10 * MINUTE}, {"failures": 3}, 40),
        ({}, {"headers": (("X", "y"),)}, {"answered_by": A}, 240),
        ({}, {"every": 10 * MINUTE}, {"answered_by": A}, 10),
    ],
    ids=str,
)
def test_an_edit_plans_again(world, before, after, learnt, due):
    """An edited source keeps its memory; minutes until its next poll, planned before for 300."""
    world.sync(source(A, **before))
    memory = Memory(last_poll=NOW, **learnt)
    world.poll(A, memory=memory, due=300 * MINUTE)
    world.sync(source(A, **after), now=NOW + MINUTE)
    (status,) = world.store.sources.sources()
    assert status.memory == memory
    assert status.due.at == NOW + due * MINUTE


def test_an_edit_plans_out_of_excluded_hours(world):
    """It leads into none of the feed's skipHours; NOW is ten o'clock."""
    world.sync(source(A))
    world.poll(A, memory=Memory(last_poll=NOW, hints=BodyHints(skip_hours=frozenset({11}))), due=5 * HOUR)
    world.sync(source(A, headers=(("X", "y"),)))
    assert world.store.sources.sources()[0].due.at == NOW.replace(hour=12, minute=0, second=0, microsecond=0)


def test_an_edit_before_the_first_poll_leaves_it_due(world):
    """What was never polled stays due at once."""
    world.sync(source(A))
    world.sync(source(A, every=5 * HOUR), now=NOW + MINUTE)
    assert world.store.sources.sources()[0].due.at == NOW
    assert set(world.lease(NOW + MINUTE)) == {A}


def test_a_shorter_interval_for_all(world):
    """`every` and `min_interval` are those of every source that has no `every` of its own."""
    world.sync(source(A), source(B, every=2 * HOUR))
    world.poll(A, due=5 * HOUR)
    world.poll(B, due=5 * HOUR)
    world.sync(
        source(A),
        source(B, every=2 * HOUR),
        polling=Polling(every=20 * MINUTE, min_interval=20 * MINUTE),
    )
    assert [s.due.at - NOW for s in world.store.sources.sources()] == [20 * MINUTE, 5 * HOUR]


def test_a_longer_interval_for_all(world):
    """What a source waits at most is computed anew with the file's word for it."""
    world.sync(source(A))
    world.poll(A, memory=Memory(last_poll=NOW, rhythm=100 * HOUR), due=24 * HOUR)
    world.sync(source(A), polling=Polling(max_interval=48 * HOUR))
    assert world.store.sources.sources()[0].due.at == NOW + 48 * HOUR


def test_an_edit_in_mid_poll_polls_nothing_twice(world):
    """The lease goes on, and the floor counts from its beginning."""
    world.sync(source(A))
    world.lease()
    world.sync(source(A, every=10 * MINUTE), now=NOW + MINUTE)
    assert not world.lease(NOW + 20 * MINUTE)
    assert world.store.sources.sources()[0].due.at == NOW + 10 * MINUTE


def test_a_removed_source_leaves_the_documents_and_returns_with_all(world):
    """Its posts go out of sight, not out of the store; it returns with memory, floor and posts."""
    world.sync(source(A), source(B))
    one, two = post("one"), post("two", B, categories=("world",))
    world.poll(A, New(one))
    world.poll(B, New(two), memory=Memory(last_poll=NOW, failures=7, not_before=NOW + 2 * HOUR), due=9 * HOUR)
    world.dirty()
    world.sync(source(A), now=NOW + MINUTE)
    assert world.shown() == [(one.id, ["one"])]
    assert world.shown("world") == []
    assert world.dirty() == ["world", None]
    assert not world.lease(NOW + 100 * HOUR, everything=True).keys() & {B}
    assert world.store.polls.known(Lookup(A, ids=frozenset({two.id}))).ids == {two.id}

    world.sync(source(A), source(B), now=NOW + 2 * MINUTE)
    assert world.shown("world") == [(two.id, ["two"])]
    assert world.dirty() == ["world", None]
    status = world.store.sources.sources()[1]
    assert (status.memory.failures, status.due.at) == (7, NOW + 24 * HOUR)


def test_a_story_stays_while_one_of_its_members_is_configured(world):
    """A removed source takes only its own members out of a story."""
    from aggregator.model import Duplicate

    world.sync(source(A), source(B))
    one = post("one")
    world.poll(A, New(one))
    world.poll(B, Duplicate(post("two", B, categories=("world",)), one.id))
    world.sync(source(B))
    assert world.shown() == [(one.id, ["two"])]
    assert world.shown("news") == []


def test_a_story_is_dated_by_who_is_still_there(world):
    """When the source of its lead leaves the file, returns, or changes places with another's."""
    from aggregator.model import Duplicate

    world.sync(source(A), source(B), source(C))
    early, late, between = post("early"), post("late", B, minutes=9), post("between", C, minutes=5)
    world.poll(A, New(early))
    world.poll(B, Duplicate(late, early.id))
    world.poll(C, New(between))
    assert world.shown(limit=1) == [(between.id, ["between"])]
    world.sync(source(B), source(C))
    assert world.shown(limit=1) == [(early.id, ["late"])]
    world.sync(source(A), source(B), source(C))
    assert world.shown(limit=1) == [(between.id, ["between"])]


def test_another_order_of_the_file_marks_what_it_decides(world):
    """Between two who are equal otherwise the file's order says who leads; nothing else is touched."""
    from aggregator.model import Duplicate

    world.sync(source(A), source(B), source(C))
    one = post("one")
    world.poll(A, New(one))
    world.poll(B, Duplicate(post("two", B), one.id))
    world.poll(C, New(post("three", C, categories=("world",))))
    world.dirty()
    world.sync(source(A), source(C), source(B))
    assert world.dirty() == ["news", None]
    world.sync(source(C), source(A), source(B))
    assert world.shown("news") == [(one.id, ["one", "two"])]


def test_pausing_changes_nothing_that_is_out(world):
    """The posts of a paused source stay."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    world.sync(source(A, paused=True))
    assert len(world.shown("news")) == 1


@pytest.mark.parametrize(
    ("edit", "dirty"),
    [
        (lambda c: c, []),
        (lambda c: replace(c, site=Site(title="Other")), ["news", "other", "world", None]),
        (lambda c: replace(c, output=Output(entries=7)), ["news", "other", "world", None]),
        # About.html says how often sources are asked.
        (
            lambda c: replace(c, polling=Polling(max_interval=48 * HOUR)),
            ["news", "other", "world", None],
        ),
        (lambda c: replace(c, categories=(c.categories[0], Category("world", "New"))), ["world", None]),
        (lambda c: replace(c, categories=(*c.categories, Category("third", "Third"))), ["third", None]),
        (lambda c: replace(c, categories=c.categories[:1]), ["world", None]),
        (lambda c: replace(c, categories=c.categories[::-1]), ["news", "world", None]),
        # Its posts are marked when they are revised.
        (lambda c: replace(c, sources=(replace(c.sources[0], definition="e"),)), [None]),
        (lambda c: replace(c, sources=(replace(c.sources[0], title="T", every=HOUR),)), [None]),
        (lambda c: replace(c, sources=(*c.sources, source(C, position=1))), [None]),
        (lambda c: replace(c, sources=()), ["news", "other", None]),
    ],
)
def test_what_an_edit_marks(world, edit, dirty):
    """Exactly the scopes whose documents may differ wait to be rendered."""
    first = world.sync(source(A, every=2 * HOUR))
    world.poll(A, New(post("one")), New(post("two", categories=("other",))))
    world.dirty()
    world.store.polls.sync(edit(first), NOW + MINUTE)
    assert sorted(world.dirty(), key=lambda scope: (scope is None, scope)) == dirty


def test_a_category_that_leaves_the_file_stays(world):
    """Configured categories come in the order of the file, then the others by slug; none is lost."""
    big = Category("big", "Big", entries=99, language="fr")
    first = world.sync(source(A), categories=("zoo", big), output=Output(entries=11))
    assert world.store.posts.categories() == list(first.categories)
    made = NewCategory("fed", "The Fed", "the fed", A)
    world.poll(A, New(post("one", categories=("fed", "unheard-of"))), categories=(made,))
    world.sync(source(A), categories=("zoo",), output=Output(entries=11))
    assert world.store.posts.categories() == [
        Category("zoo", "Zoo"),
        Category("big", "Big", entries=11, configured=False),
        Category("fed", "The Fed", entries=11, configured=False),
        Category("unheard-of", "unheard-of", entries=11, configured=False),
    ]


def test_a_category_that_a_post_made_may_be_configured_later(world):
    """It keeps its slug and posts, and takes the file's title."""
    world.sync(source(A), categories=())
    world.poll(
        A, New(post("one", categories=("fed",))), categories=(NewCategory("fed", "The Fed", "the fed", A),)
    )
    world.dirty()
    fed = Category("fed", "Federal Reserve")
    world.sync(source(A), categories=(fed,))
    assert world.store.posts.categories() == [fed]
    assert world.dirty() == ["fed", None]
    known = world.store.polls.known(
        Lookup(A, labels=frozenset({"the fed", "federal reserve", "fed"}), slugs=frozenset({"fed"}))
    )
    assert known.labels == {"federal reserve": "fed", "fed": "fed"}
    assert (known.slugs, known.configured, known.templated) == ({"fed"}, {"fed"}, 1)


def test_labels_lead_to_categories(world):
    """By folded title; by slug for configured ones only; the file's come first. Slugs by their beginning."""
    world.sync(source(A), categories=(Category("markets", "市场"), Category("stocks", "Markets")))
    world.poll(
        A,
        New(post("one", categories=("markets-2", "marketsx", "shichang"))),
        categories=(
            NewCategory("markets-2", "Markets!", "markets!", A),
            NewCategory("marketsx", "Markets X", "markets x", B),
            NewCategory("shichang", "市 场", "市 场", A),
        ),
    )
    known = world.store.polls.known(
        Lookup(
            A,
            labels=frozenset({"markets", "市场", "市 场", "marketsx", "shichang", "none"}),
            slugs=frozenset({"markets", "none", "shichang"}),
        )
    )
    assert known.labels == {"markets": "markets", "市场": "markets", "市 场": "shichang"}
    assert known.slugs == {"markets", "markets-2", "shichang"}
    assert known.configured == {"markets"}
    assert known.templated == 2


def test_newest_first_then_by_id(world):
    """Stories come by the primary's date, newest first, then by id, at most `limit`."""
    world.sync(source(A))
    made = [post(name, minutes=minutes) for name, minutes in (("b", 1), ("c", 5), ("a", 1), ("d", -1))]
    world.poll(A, *map(New, made), Rejected(post("x", minutes=9, dropped="r"), "r"))
    assert [members for _, members in world.shown()] == [["c"], ["a"], ["b"], ["d"]]
    assert [members for _, members in world.shown("news", 2)] == [["c"], ["a"]]
    assert world.shown("world") == []
    assert world.shown("unheard-of") == []
    assert world.shown(None, 0) == []


def test_identity_is_minted_once(world):
    """The site id survives, and its date is the store's creation."""
    first = world.store.posts.identity()
    assert (len(first.uuid), first.created) == (36, NOW)
    world.restart()
    assert world.store.posts.identity() == first


def test_a_remembered_configuration_writes_nothing(world):
    """A command beside the daemon can know the file without taking it over."""
    world.sync(source(A))
    world.dirty()
    world.store.remember(config(source(B), categories=(Category("news", "Fresh"),)))
    assert world.store.posts.categories() == [
        Category("news", "Fresh"),
        Category("world", "World", configured=False),
    ]
    assert world.dirty() == []
    assert [s.url for s in world.store.sources.sources()] == [A]


def test_housekeeping_changes_no_answer(world):
    """What is tidied up is what nobody asks for."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one")), pause_host_until=NOW + 5 * HOUR)
    before = world.store.sources.sources(), world.shown(), world.store.polls.next_due(NOW)
    world.store.housekeep(NOW + 2 * SECOND)
    assert (world.store.sources.sources(), world.shown(), world.store.polls.next_due(NOW)) == before
    assert A not in world.lease(NOW + 4 * HOUR, everything=True)


def test_a_poll_that_outlives_a_pause_is_still_committed(world):
    """Pausing a source in mid-poll loses nothing."""
    world.sync(source(A))
    lease = world.lease()[A]
    world.sync(source(A, paused=True))
    world.store.polls.commit([outcome(lease, New(post("one")))], NOW)
    assert len(world.shown()) == 1


def test_a_category_that_the_file_names_is_there_before_its_posts(world):
    """It has documents from the first publish, and never takes over one that is there already."""
    news, named = Category("news", "News"), Category("tech", "tech", configured=False)
    world.sync(source(A), categories=(news, named))
    there = [(c.slug, c.configured) for c in world.store.posts.categories()]
    assert there == [("news", True), ("tech", False)]
    assert {world.store.documents.claim(NOW).scope for _ in range(3)} == {"news", "tech", None}

    world.sync(source(A), categories=(news, Category("tech", "Technology")))
    world.sync(source(A), categories=(news, named, Category("x", "NEWS", configured=False)))
    there = [(c.slug, c.title) for c in world.store.posts.categories()]
    assert there == [("news", "News"), ("tech", "Technology")]


def test_a_source_that_moves_keeps_its_history(world):
    """`was` is its former URL: memory, posts and keys stay, and nothing is new."""
    world.sync(source(A), source(B))
    one = post("one")
    world.poll(A, New(one))
    before = world.store.sources.sources()[0].memory
    world.sync(source(C, was=A), source(B))
    moved = world.store.sources.sources()[0]
    assert (moved.url, moved.memory, moved.posts) == (C, before, 1)
    assert world.shown() == [(one.id, ["one"])]
    [known] = world.store.polls.known(Lookup(C, frozenset({one.keys[0]}))).by_key[one.keys[0]]
    assert known.source == C
    leases = world.store.polls.lease_due(NOW + 9 * HOUR, 9)
    assert {lease.source.url: lease.first_url for lease in leases} == {C: A, B: B}


def test_was_takes_nothing_from_a_source_that_is_there(world):
    """Neither one that is still configured, nor one that the new URL has a history of its own beside."""
    world.sync(source(A), source(B))
    world.sync(source(A), source(B, was=A))
    assert [s.url for s in world.store.sources.sources() if s.active] == [A, B]
    world.sync(source(B, was=A))
    assert [(s.url, s.active) for s in world.store.sources.sources()] == [(B, True), (A, False)]


def test_moves_in_a_chain_are_followed(world):
    """B was A and C was B, in one edit: each keeps its own history."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("of-a")))
    world.poll(B, New(post("of-b", B)))
    world.sync(source(B, was=A), source(C, was=B))
    assert [(s.url, s.active, s.posts) for s in world.store.sources.sources()] == [(B, True, 1), (C, True, 1)]
    assert {story for story, _ in world.shown()} == {post("of-a").id, post("of-b").id}


def test_a_move_ends_the_poll_under_way(world):
    """The old URL's lease is lost, and the source is leased again under its new one."""
    world.sync(source(A))
    [lease] = world.store.polls.lease_due(NOW, 9)
    world.sync(source(C, was=A))
    assert world.store.polls.commit([outcome(lease)], NOW) == [LeaseLost()]
    world.store.polls.give_back(lease, NOW)
    [again] = world.store.polls.lease_due(NOW + 9 * HOUR, 9)
    assert again.source.url == C


def test_a_source_that_is_gone_stays_gone(world):
    """410 holds over restarts and edits, until the source has been out of the file: then it is asked once."""
    world.sync(source(A), source(B))
    word = NOW + 3 * HOUR
    world.poll(A, memory=Memory(last_poll=NOW, failures=1, gone=True, not_before=word), due=HOUR)
    world.restart()
    late = NOW + 50 * HOUR
    for edited in (source(A), source(A, headers=(("X", "y"),)), source(A, paused=True), source(A)):
        world.sync(edited, source(B), now=late)
        assert A not in world.lease(late, everything=True)
    world.sync(source(B), now=late)
    world.sync(source(A), source(B), now=late)
    status = world.store.sources.sources()[0]
    assert (status.memory.gone, status.memory.failures, status.due.at) == (False, 1, word)
    assert A in world.lease(late)


def test_a_source_that_moves_is_another_resource(world):
    """What was learnt of the old URL does not keep us from the new one; its validators are not its own."""
    world.sync(source(A))
    kept = {
        "last_poll": NOW,
        "filled": True,
        "rhythm": HOUR,
        "last_result": "status 410",
    }
    lost = {
        "gone": True,
        "failures": 9,
        "last_error": "gone",
        "unreadable": "a page",
        "reader": "1",
        "not_before": NOW + 9 * HOUR,
        "retry_after": NOW + 9 * HOUR,
        "lifetime": HOUR,
        "moved_to": B,
        "moved_times": 3,
        "adopted": B,
        "abandoned": B,
        "answered_by": B,
        "leads_to": B,
        "validators": Validators('"x"'),
        "validators_from": A,
        "former": (Validators('"w"'),),
        "whole": NOW,
    }
    world.poll(A, memory=Memory(**kept, **lost), due=24 * HOUR)
    world.sync(source(C, was=A, every=10 * MINUTE, headers=(("X", "y"),)), now=NOW + MINUTE)
    status = world.store.sources.sources()[0]
    assert (status.url, status.memory, status.due.at) == (C, Memory(**kept), NOW + 10 * MINUTE)
    assert set(world.lease(NOW + 10 * MINUTE, everything=True)) == {C}


def test_a_move_that_was_adopted_loses_nothing(world):
    """Writing down the URL that is asked already changes neither memory nor next poll."""
    world.sync(source(A))
    memory = Memory(
        last_poll=NOW,
        failures=2,
        not_before=NOW + 5 * HOUR,
        adopted=C,
        answered_by=C,
        moved_to=C,
        moved_times=7,
    )
    world.poll(A, memory=memory, due=5 * HOUR)
    world.sync(source(C, was=A), now=NOW + MINUTE)
    status = world.store.sources.sources()[0]
    assert status.memory == replace(memory, adopted="", moved_to="", moved_times=0)
    assert status.due.at == NOW + 5 * HOUR


def test_a_move_before_the_first_poll_is_due_at_once(world):
    """Nothing has been asked of either URL."""
    world.sync(source(A))
    world.sync(source(C, was=A), now=NOW + MINUTE)
    assert set(world.lease(NOW + MINUTE)) == {C}
