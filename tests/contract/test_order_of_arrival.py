"""Whichever source is polled first: the same posts end in the same stories, led by the same ones.

The posts of a story here are all alike with one another: by link, by words, or both. Only the output id,
which is of whoever came first, may differ.
"""

import tempfile
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import pipeline
from aggregator.model import Category, Config, Polling
from aggregator.publish import primary
from aggregator.store import open_store
from tests.fakes import MemoryStore
from tests.pipeline.given import NOW, fetched, item, rss, source

WORDS = {
    "harbour": "The harbour board chose a narrow channel for the ferries on Tuesday, and told the fishermen "
    "of the northern quay that their boats would have to moor outside the wall until the dredging ends in "
    "spring. Two of the older piers are to be taken down, the board said, while a third becomes a museum.",
    "上市": "周二上午，一家生产工业机器人的企业在主板挂牌交易，开盘后股价一度翻倍，午后逐步回落。公司表示"
    "募集资金将用于扩建两条生产线，并在南方设立研发中心；多位分析人士认为行业竞争正在加剧，价格战短期内难以结束。",
    "library": "Readers of the old town library may keep their books over the summer, because the roof above "
    "the reading room has to be mended before the autumn rains. The mayor thanked the volunteers who carried "
    "the newspapers of a whole century into the dry cellar of the school across the street.",
}
NAMES = ("own", "wire", "paper", "planet", "mirror", "late")
# Which source tells what: under whose link, at which hour, with what around it.
TELLINGS = {
    "own": [("harbour", "own.example/harbour", 8, ""), ("上市", "own.example/ipo", 9, "")],
    "wire": [("harbour", "wire.example/1", 7, "Reuters report. "), ("library", "wire.example/2", 7, "")],
    "paper": [("上市", "own.example/ipo?utm_source=paper", 6, ""), ("library", "paper.example/b", 6, "")],
    "planet": [("harbour", "own.example/harbour", 5, ""), ("library", "wire.example/2", 5, "")],
    "mirror": [("上市", "mirror.example/x", 4, "转载："), ("library", "mirror.example/y", 4, "(Shared) ")],
    "late": [("harbour", "late.example/h", 11, ""), ("上市", "late.example/i", 11, "")],
}  # fmt: skip


def url(name):
    return f"https://{name}.example/feed.xml"


def body(name):
    """What a source says: each telling under its own headline but for those who share a link."""
    items = (
        item(
            f"{name}-{subject}",
            guid=f"tag:{name}.example,2026:{subject}",
            title=f"{subject} as told by {name}",
            link=f"https://{link}",
            date=f"Mon, 23 Nov 2026 {hour:02}:00:00 GMT",
            text=f"<p>{around}{WORDS[subject]}</p>",
        )
        for subject, link, hour, around in TELLINGS[name]
    )
    return fetched(rss(*items, title=f"Feed {name}"), url=url(name))


def told(store, order):
    """Poll the sources in this order; who tells each story, and who speaks for it."""
    config = Config(
        categories=(Category("news", "News"),),
        sources=tuple(source(url(name), position=n) for n, name in enumerate(NAMES)),
    )
    store.polls.sync(config, NOW)
    leases = {lease.source.url: lease for lease in store.polls.lease_due(NOW, 99)}
    for name in order:
        lease, result = leases[url(name)], body(name)
        reading = pipeline.read(lease, result, NOW, store.posts.identity())
        known = store.polls.known(pipeline.lookup(lease, reading, NOW))
        outcome = pipeline.decide(lease, result, reading, known, Polling(), NOW)
        (committed,) = store.polls.commit([outcome], NOW)
        assert type(committed).__name__ == "Committed"
    positions = {s.url: s.position for s in config.sources}
    return {
        frozenset(member.guid for member in story.members): primary(story.members, positions).guid
        for story in store.posts.newest(None, 99)
    }


def in_memory(order):
    return told(MemoryStore(NOW), order)


def on_disk(order):
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        with open_store(str(place / "store.db"), output=str(place / "public"), loops=True, now=NOW) as store:
            return told(store, order)


EXPECTED = {
    frozenset(f"tag:{name}.example,2026:{subject}" for name in tellers): f"tag:{first}.example,2026:{subject}"
    for subject, tellers, first in (
        ("harbour", ("own", "wire", "planet", "late"), "wire"),
        ("上市", ("own", "paper", "mirror", "late"), "mirror"),
        ("library", ("wire", "paper", "planet", "mirror"), "mirror"),
    )
}


@pytest.mark.parametrize("stored", [in_memory, on_disk])
def test_the_posts_of_a_story_are_all_alike(stored):
    """The ground of the property: any two sources alone make one story of what both tell."""
    for pair in combinations(NAMES, 2):
        subjects = [{subject for subject, *_ in TELLINGS[name]} for name in pair]
        both = {story for story in stored(pair) if len(story) > 1}
        assert len(both) == len(subjects[0] & subjects[1]), pair


@pytest.mark.parametrize(("stored", "examples"), [(in_memory, 60), (on_disk, 25)])
def test_any_order_of_polls_ends_in_the_same_stories(stored, examples):
    """Same members, same primary: the one on its own site that is dated first."""

    @settings(max_examples=examples, deadline=None)
    @given(st.permutations(NAMES))
    def whatever_the_order(order):
        assert stored(order) == EXPECTED

    whatever_the_order()
