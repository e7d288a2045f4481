"""Pure. The whole of what happens to a poll, to a document and to an edit, without doing any of it.

This is the only room that knows the order of the stages::

    fetch | read: parse, normalize, place_undated, classify, stamp
          | known | decide: assign, judge, plan | commit                     polling, remembering
    newest | render: select, atom, pages | put                               rendering
    changed | render_post: select, jekyll | put                              rendering
    outdated | revise: classify, assign | revised                            revision
"""

from aggregator.pipeline.polling import decide, is_known_body, lookup, read
from aggregator.pipeline.remembering import body_digest, is_news, name, summary, why_unreadable
from aggregator.pipeline.rendering import ON_HOME, Rendered, render_category, render_post, render_site

__all__ = [
    "ON_HOME",
    "Rendered",
    "body_digest",
    "decide",
    "is_known_body",
    "is_news",
    "lookup",
    "name",
    "read",
    "render_category",
    "render_post",
    "render_site",
    "summary",
    "why_unreadable",
]
