"""What the store says of the file, for `status.atom`: each thing once, however many processes read it."""

from datetime import timedelta

import pytest

from aggregator.pipeline import of_file
from aggregator.store import open_store
from tests.contract.made import NOW, SECOND, A, config, source

WRONG, ALSO = "feeds.yaml:1:1: wrong", "feeds.yaml:2:1: wrong"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    url = str(tmp_path / "a.db") if request.param == "sqlite" else request.getfixturevalue("postgres")
    with open_store(url, output=str(tmp_path / "public"), loops=True, now=NOW) as opened:
        opened.polls.sync(config(source(A)), NOW)
        yield opened


def tell(store, *refused, at=NOW):
    """Whether it was news: then the site is to be rendered."""
    render(store)
    store.tell(of_file(refused, at))
    return render(store) == [None]


def render(store):
    """The scopes that were to be rendered."""
    scopes = []
    while (claim := store.documents.claim(NOW)) is not None:
        scopes.append(claim.scope)
        store.documents.settle(claim, NOW)
    return scopes


def test_each_thing_is_told_once(store):
    """A file that is right at a start is no news, nor one that is wrong in the same way."""
    assert not tell(store)
    assert tell(store, WRONG)
    assert not tell(store, WRONG, at=NOW + SECOND)
    assert tell(store, WRONG, ALSO)
    assert tell(store, at=NOW + timedelta(hours=1))
    assert not tell(store)
    assert tell(store, WRONG, at=NOW + timedelta(hours=2))
    events = store.sources.events(9)
    assert [(one.kind, one.result, one.detail, one.source) for one in events] == [
        ("refused", "", WRONG, None),
        ("accepted", "", "", None),
        ("refused", "1 more", WRONG, None),
        ("refused", "", WRONG, None),
    ]
    assert len({one.id for one in events}) == len(events)


def test_only_so_many_are_kept(store):
    """As of those of sources."""
    for number in range(210):
        store.tell(of_file([f"feeds.yaml:{number}:1: wrong"], NOW))
    assert len(store.sources.events(999)) == 200
