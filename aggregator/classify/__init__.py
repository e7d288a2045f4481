"""Pure. Post -> Post with labels and tags, or dropped by a rule.

`rules` runs what the file says about posts, `labels` fills templates and turns category values into slugs.
Nothing here knows how a post was read or where it will be shown.
"""

from aggregator.classify.labels import TEMPLATED_AT_MOST, assign, categories_of, wanted
from aggregator.classify.rules import classify, fitting

__all__ = ["TEMPLATED_AT_MOST", "assign", "categories_of", "classify", "fitting", "wanted"]
