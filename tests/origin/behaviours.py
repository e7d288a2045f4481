"""Pure. Every behaviour that the origin plays, by name."""

from __future__ import annotations

from tests.origin import with_trouble, with_validators, with_words
from tests.origin.feed import Behaviour

BEHAVIOURS: dict[str, type[Behaviour]] = {
    played.name(): played
    for played in (*with_validators.BEHAVIOURS, *with_words.BEHAVIOURS, *with_trouble.BEHAVIOURS)
}
