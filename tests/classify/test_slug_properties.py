"""Whatever values sources name: each category has one slug, which is its own and stays."""

import re

from hypothesis import given
from hypothesis import strategies as st

from aggregator.classify import assign
from aggregator.classify.labels import TEMPLATED_AT_MOST, categories_of
from aggregator.model import Known, Said
from aggregator.syntax.labels import fold
from tests.posts import post, source

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
CONFIGURED = frozenset({"tech", "shishi"})
# Values that look alike, are romanized alike, look like slugs with numbers, or leave nothing to write.
LIKELY = [
    "Tech",
    "tech!",
    "ＴＥＣＨ",
    "a",
    "A",
    "a-2",
    "a 2",
    "à",
    "施实",
    "时事",
    "シジツ",
    "!!!",
    "???",
    "-",
    "ß",
    "ss",
]
VALUES = st.one_of(st.sampled_from(LIKELY), st.text(max_size=120))
POLLS = st.lists(
    st.tuples(st.integers(0, 2), st.lists(VALUES, min_size=1, max_size=8)), min_size=1, max_size=6
)


class Store:
    """What is known from one poll to the next, as the store would hand it out."""

    def __init__(self):
        self.labels, self.slugs, self.templated = {}, set(CONFIGURED), {}

    def poll(self, number, values):
        """The slugs that a source's values get, and those made for them."""
        url = f"https://{number}.example/feed"
        fed = source(url, title=f"Feed {number}")
        posts = [
            post(f"g{n}", labels=categories_of(["{term}"], post(said=Said(terms=(value,))), fed.title))
            for n, value in enumerate(values)
        ]
        known = Known(
            labels=dict(self.labels),
            slugs=frozenset(self.slugs),
            configured=CONFIGURED,
            templated=self.templated.get(url, 0),
        )
        settled, made = assign(posts, known, fed)
        for category in made:
            assert category.slug not in self.slugs
            assert category.folded not in self.labels
            self.labels[category.folded] = category.slug
            self.slugs.add(category.slug)
            self.templated[url] = self.templated.get(url, 0) + 1
        folded = [fold(one.labels[0].value) for one in posts]
        return dict(zip(folded, (one.categories for one in settled), strict=True)), made


@given(POLLS)
def test_slugs_are_stable_and_unique(polls):
    """One value one slug, now and at every later poll; two values share one only where it is configured."""
    store, given_to = Store(), {}
    for number, values in polls:
        for value, slugs in store.poll(number, values)[0].items():
            assert len(slugs) == 1
            assert SLUG.fullmatch(slugs[0])
            assert given_to.setdefault(value, slugs[0]) == slugs[0]
    own = [slug for slug in given_to.values() if slug not in CONFIGURED]
    assert len(own) == len(set(own))
    for number, values in reversed(polls):
        again, made = store.poll(number, values)
        assert made == []
        assert all(given_to[value] == slugs[0] for value, slugs in again.items())


@given(st.lists(VALUES, min_size=1, max_size=2 * TEMPLATED_AT_MOST, unique_by=fold))
def test_no_source_makes_more_than_it_may(values):
    """A hundred, its own title, and none after that; every post still is in a category."""
    store = Store()
    slugs, made = store.poll(0, values)
    assert len(made) <= TEMPLATED_AT_MOST + 1
    assert all(slugs.values())
    assert len({category.slug for category in made}) == len(made)
