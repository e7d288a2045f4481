"""Pure. Is this post known, changed, or told already by somebody else?

`keys` says by what a post can be recognised, `verdict` judges a document's posts against what is stored.
Nothing here looks anything up: `pipeline.lookup` says what it needs to know, the store answers.
"""

from aggregator.dedupe.alike import CANDIDATES_SEEN, Candidates, banded
from aggregator.dedupe.backlog import held_back
from aggregator.dedupe.keys import guid_key, label_digest, sought, stamp
from aggregator.dedupe.verdict import Judgement, judge

__all__ = [
    "CANDIDATES_SEEN",
    "Candidates",
    "Judgement",
    "banded",
    "guid_key",
    "held_back",
    "judge",
    "label_digest",
    "sought",
    "stamp",
]
