"""The marks of near duplicates, on a few made pairs: `tools/dedupe_eval.py` has more of them."""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent.parent / "tools"


@pytest.fixture(scope="module")
def evaluation():
    """The tool, whose modules stand beside it."""
    sys.path.insert(0, str(TOOLS))
    try:
        import dedupe_eval
        import dedupe_made

        yield dedupe_eval, dedupe_made
    finally:
        sys.path.remove(str(TOOLS))


def test_the_marks_are_reached(evaluation):
    """Copies are merged, others are not, by kind, in all languages together."""
    tool, made = evaluation
    merged, judged, same = defaultdict(int), defaultdict(int), {}
    for (kind, _), row in tool.judged(made.pairs(60, seed=2026)).items():
        merged[kind] += row.merged
        judged[kind] += row.pairs
        same[kind] = row.same
    assert set(made.COPIES) < set(same)
    shares = {kind: merged[kind] / judged[kind] for kind in judged}
    missed = {k: v for k, v in shares.items() if (v < tool.RECALL if same[k] else v > tool.FALSE)}
    assert missed == {}


def test_the_same_seed_makes_the_same_pairs(evaluation):
    """So that two runs can be compared."""
    _, made = evaluation
    assert list(made.pairs(5, seed=1)) == list(made.pairs(5, seed=1)) != list(made.pairs(5, seed=2))


def test_planted_articles_are_found(evaluation):
    """The labelled set that is easy: a guard against getting worse."""
    tool, _ = evaluation
    archive = tool.SHARED / "mccormick.tar.xz"
    if not archive.exists():
        pytest.skip("the labelled articles are not here")
    name, texts, copies = next(tool.articles(archive))
    found, wrong = tool.of_articles(texts, copies)
    assert (name, len(copies)) == ("articles_1000.train", found.merged)
    assert wrong.merged == 0
