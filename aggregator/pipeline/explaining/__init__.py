"""Pure. Why a post is or isn't in the output, in plain words: everything that was decided on its behalf.

From what the store has to sentences; nothing here is decided anew. `answer` puts it together, `posts` is
about one post, `documents` about its story and where that is shown, `lookalikes` about stories that were
kept apart from it, `sources` about who may have brought what is not there, `around` about what they all look
at. The URL of a confidential source is in no answer.
"""

from aggregator.pipeline.explaining.answer import answer, sought
from aggregator.pipeline.explaining.lookalikes import lookup

__all__ = ["answer", "lookup", "sought"]
