"""The fake, SQLite and PostgreSQL give the same answers to the same questions, whatever was done before."""

import os
import tempfile
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.dedupe import CANDIDATES_SEEN
from aggregator.dedupe.shingles import bands
from aggregator.model import (
    BodyHints,
    Category,
    Changed,
    Committed,
    Duplicate,
    Errand,
    Lookup,
    Memory,
    New,
    NewCategory,
    Parting,
    Polling,
    PostFile,
    Rejected,
    Unchanged,
)
from aggregator.store import open_store
from tests.contract.made import HOUR, NOW, config, outcome, post, source
from tests.fakes import MemoryStore

URLS = [
    "https://one.example/1",
    "https://one.example/2",
    "https://one.example/3",
    "https://two.example/",
    "file:x.xml",
]
NAMES = "abcde"
SLUGS = ("news", "world", "made")
KEYS = [f"u1:example.org/{n}" for n in range(3)]
SAID = "What they say, in as many words as it takes to be found again, and then a few more of them."
BANDS = (1, 2, bands(SAID)[0])

sources = st.builds(
    source,
    st.sampled_from(URLS),
    definition=st.sampled_from("de"),
    paused=st.sampled_from([False, False, True]),
    every=st.sampled_from([None, None, timedelta(minutes=20)]),
    insist=st.sampled_from([False, False, True]),
)
configs = st.builds(
    lambda sources, moved, categories, per_host, gap: config(
        *(replace(each, was=moved if moved != each.url and not n else "") for n, each in enumerate(sources)),
        categories=categories,
        polling=Polling(per_host=per_host, per_host_gap=timedelta(seconds=gap)),
    ),
    st.lists(sources, unique_by=lambda s: s.url, min_size=1),
    st.sampled_from(["", "", *URLS[:3]]),
    st.lists(
        st.builds(
            lambda slug, near: Category(slug, slug.title(), near_duplicates=near),
            st.sampled_from(SLUGS),
            st.sampled_from(["merge", "keep"]),
        ),
        unique_by=lambda category: category.slug,
    ),
    st.integers(1, 2),
    st.sampled_from([0, 1, 30]),
)


@st.composite
def verdicts(draw):
    """What a poll may come to, sense or not; the post is made for whichever source is leased."""
    made = {
        "name": draw(st.sampled_from(NAMES)),
        "minutes": draw(st.integers(0, 3)),
        "categories": draw(st.lists(st.sampled_from(SLUGS), unique=True).map(tuple)),
        "keys": draw(st.lists(st.sampled_from(KEYS), unique=True).map(tuple)),
        "dropped": draw(st.sampled_from(["", "", "rule"])),
        "standing": draw(st.integers(0, 1)),
        "bands": draw(st.lists(st.sampled_from(BANDS), unique=True).map(tuple)),
        "content": draw(st.sampled_from(["", SAID, SAID[::-1]])),
    }
    return (
        draw(st.sampled_from([New, New, Changed, Duplicate, Duplicate, Rejected, Unchanged])),
        made,
        draw(st.booleans()),
        (
            draw(st.sampled_from(["link", "id", "alike"])),
            draw(st.sampled_from([None, None, *"abc"])),
            draw(st.sampled_from([0.7, 1.0])),
        ),
    )


partings = st.builds(
    lambda leaves, gone: Parting(post(leaves).id, tuple(post(name).id for name in gone)),
    st.sampled_from("ab"),
    st.lists(st.sampled_from("bcde"), unique=True, min_size=1, max_size=2),
)
learnt = st.fixed_dictionaries(
    {},
    optional={
        "failures": st.just(2),
        "lifetime": st.just(HOUR),
        "retry_after": st.just(NOW + HOUR),
        "adopted": st.sampled_from(URLS[1:4]),
        "answered_by": st.sampled_from(URLS[1:4]),
        "hints": st.sampled_from(
            [BodyHints(skip_hours=frozenset({11})), BodyHints(skip_days=frozenset({1}))]
        ),
    },
)
asked = st.builds(
    lambda url, minutes, since, pages: Errand(
        "archive", url, NOW + timedelta(minutes=minutes), since and NOW - since * HOUR, pages
    ),
    st.sampled_from(["https://one.example/1?page=2", "https://two.example/?page=2"]),
    st.sampled_from([0, 0, 40]),
    st.sampled_from([None, 1, 2]),
    st.integers(0, 2),
)
polls = st.tuples(
    st.just("poll"),
    st.integers(0, 3),
    st.lists(verdicts(), max_size=3),
    st.sampled_from([0, 5, 90]),
    st.sampled_from([None, None, 40]),
    st.frozensets(st.sampled_from(KEYS), max_size=1),
    st.booleans(),
    st.lists(partings, max_size=1),
    learnt,
    st.lists(asked, max_size=2),
)
steps = st.one_of(
    polls,
    polls,
    st.tuples(st.just("sync"), configs),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 1300, 3700, 3700, 50_000])),
    st.tuples(st.just("lease"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("give back"), st.integers(0, 3)),
    st.tuples(st.just("housekeep")),
    st.tuples(st.just("render"), st.booleans()),
    st.tuples(st.just("files"), st.integers(1, 4), st.sampled_from(["p", "q"])),
)


def verdict_of(kind, said, flag, how, url):
    joined, telling, similarity = how
    telling = telling and post(telling).id
    made = post(said["name"], url, **{k: v for k, v in said.items() if k != "name"})
    if kind is Unchanged:
        return Unchanged(made.id)
    if kind is Duplicate:
        return Duplicate(made, post("a").id, joined, telling, similarity)
    if kind is Rejected:
        return Rejected(
            replace(made, dropped="rule"),
            "rule",
            post("b").id if flag else None,
            joined,
            telling,
            similarity,
            again=said["minutes"] > 1,
        )
    return kind(made)


def answers(store, now):
    """All that can be asked without changing anything, but for what only the real one can say."""
    return (
        [
            replace(status, due=status.due and replace(status.due, why=()))
            for status in store.sources.sources()
        ],
        [
            store.posts.newest(scope, 4, per_source=per_source)
            for scope in (None, *SLUGS)
            for per_source in (0, 1, 2)
        ],
        store.posts.categories(),
        [(waiting.story, waiting.told) for waiting in store.jekyll.changed(9, "")],
        [store.polls.next_due(now, everything=everything) for everything in (False, True)],
        [
            store.polls.known(
                Lookup(
                    url,
                    frozenset(KEYS),
                    frozenset(post(n).id for n in NAMES),
                    frozenset(SLUGS),
                    frozenset(SLUGS),
                    {KEYS[0]: BANDS[:2], KEYS[1]: BANDS},
                    now - CANDIDATES_SEEN,
                )
            )
            for url in URLS
        ],
    )


def act(store, step, leases, now):
    """Do one step; what it gave."""
    match step:
        case ("sync", wanted):
            return store.polls.sync(wanted, now)
        case ("lease", limit, everything):
            given_now = store.polls.lease_due(now, limit, everything=everything)
            leases.extend(given_now)
            return given_now
        case ("give back", number) if leases:
            return store.polls.give_back(leases[number % len(leases)], now)
        case ("poll", number, said, due, word, withdrawn, names_category, parted, more, asks) if leases:
            lease = leases[number % len(leases)]
            made = outcome(
                lease,
                *(verdict_of(*each, lease.source.url) for each in said),
                at=now,
                due=timedelta(minutes=due),
                memory=Memory(
                    last_poll=now,
                    not_before=word and now + timedelta(minutes=word),
                    gone=due == 5,
                    **more,
                ),
                withdrawn=withdrawn,
                partings=tuple(parted),
                errands=tuple(asks),
                result=str(number),
                pause_host_until=word and now + timedelta(minutes=word),
                judged={key: frozenset({post("a").id}) for key in KEYS} if names_category else {},
                judged_bands={band: frozenset({post("a").id}) for band in BANDS} if due else {},
                categories=(NewCategory("made", "Made up", "made up", lease.source.url),)
                if names_category
                else (),
            )
            return store.polls.commit([made], now)
        case ("housekeep",):
            return store.housekeep(now)
        case ("render", settles):
            claim = store.documents.claim(now)
            if claim is not None:
                (store.documents.settle(claim, now) if settles else store.documents.release(claim))
            return claim
        case ("files", limit, name):
            return files(store, limit, name)
        case _:
            return None


def files(store, limit, name):
    """Write Jekyll files of some stories into a directory beside the store's; all want the same name."""
    waiting = store.jekyll.changed(limit, "")
    made = [
        PostFile(one.story, one.mark, "x.md", one.told and one.told.members[0].title.encode())
        for one in waiting
    ]
    beside = os.path.join(getattr(store, "directory", ""), name)
    return store.jekyll.put(made, beside)


ALLOWED = HealthCheck.too_slow, HealthCheck.function_scoped_fixture


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@settings(max_examples=12, deadline=None, suppress_health_check=ALLOWED)
@given(first=configs, done=st.lists(steps, max_size=18))
def test_the_fake_and_a_database_agree(request, kind, first, done):
    """Step by step, on every result and every question."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"{directory}/a.db"
        if kind == "postgres":
            url = request.getfixturevalue("postgres_stores").new()
        real = open_store(url, output=f"{directory}/public", loops=True, now=NOW)
        real.directory = directory
        fake = MemoryStore(NOW)
        held, fake_held, now = [], [], NOW
        with real:
            for step in [("sync", first), ("lease", 4, False), *done]:
                if step[0] == "wait":
                    now += timedelta(seconds=step[1])
                assert act(real, step, held, now) == act(fake, step, fake_held, now), step
                assert answers(real, now) == answers(fake, now), step


def test_the_steps_reach_what_they_are_for():
    """The verdicts above do come to something: a check of the check."""
    store = MemoryStore(NOW)
    leases = []
    act(store, ("sync", config(source(URLS[0]))), leases, NOW)
    act(store, ("lease", 1, False), leases, NOW)
    said = (
        New,
        {"name": "a", "minutes": 0, "categories": ("news",), "keys": (), "dropped": ""},
        False,
        ("link", None, 1.0),
    )
    assert act(store, ("poll", 0, [said], 90, None, frozenset(), False, [], {}, []), leases, NOW + HOUR) == [
        Committed(frozenset({"news"}))
    ]
