"""Values once more, with other fields."""

import dataclasses
import pickle
from dataclasses import dataclass

import pytest

from aggregator.model import (
    Committed,
    Hints,
    Lease,
    Memory,
    NotModified,
    Score,
    Source,
    Url,
    Validators,
    replace,
)

SOURCE = Source(Url("https://a.example/feed"), title="A")
VALUES = (
    (Memory(failures=2, score=Score(requests=3)), {"last_result": "x", "failures": 0}),
    (Lease(SOURCE, 4, Memory()), {"conditional": False}),
    (NotModified(Validators("a"), Hints(), Url("https://a.example/")), {"url": Url("https://b.example/")}),
    (SOURCE, {"title": "B", "position": 7}),
    (Committed(frozenset("a")), {"dirty": frozenset("b")}),  # has one field alone
)


@pytest.mark.parametrize(("one", "changes"), VALUES, ids=lambda value: type(value).__name__)
def test_it_is_what_dataclasses_make_of_it(one, changes):
    """The same value, which compares and travels alike; the first one stays as it was."""
    before = repr(one)
    made = replace(one, **changes)
    assert made == dataclasses.replace(one, **changes)
    assert repr(made) == repr(dataclasses.replace(one, **changes))
    assert type(made) is type(one)
    assert pickle.loads(pickle.dumps(made)) == made
    assert repr(one) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.__setattr__(next(iter(changes)), None)


def test_a_field_that_is_not_there_is_refused():
    """A misspelt name is a fault of ours, and no new field."""
    with pytest.raises(TypeError, match="no field 'colour'"):
        replace(Memory(), colour="red")


def test_what_is_more_than_its_slots_is_refused():
    """A class that works something out when it is made must not be made without that."""

    @dataclass(frozen=True, slots=True)
    class Sum:
        one: int
        other: int

        def __post_init__(self):
            """Works something out."""

    with pytest.raises(TypeError, match="made otherwise"):
        replace(Sum(1, 2), one=3)
