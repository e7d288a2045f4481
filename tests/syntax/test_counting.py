"""How many of what."""

from pathlib import Path

import pytest

from aggregator.syntax.counting import counted

ROOT = Path(__file__).parents[2]
NOUNS = (
    "sources|posts|feeds|documents|entries|categories|files|duplicates|rules|errors|problems|times|stories"
)


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "source", "0 sources"),
        (1, "source", "1 source"),
        (2, "source", "2 sources"),
        (1, "category", "1 category"),
        (2, "category", "2 categories"),
        (21, "new post", "21 new posts"),
        (1000, "feed", "1000 feeds"),
    ],
)
def test_in_english(number, noun, said):
    """One of a thing is not several."""
    assert counted(number, noun) == said
