"""Pure. The whole of what happens to a poll, to a document and to an edit, without doing any of it.

This is the only room that knows the order of the stages::

    prepared | fetch | read: parse, normalize, place_undated, classify, stamp
          | known | decide: assign, judge, remember, plan | commit           polling, remembering
              of its memory: score, where it has moved, what was missed      scoring, moving, overruns
              of its tombstones: posts that it has deleted itself            retracting
              of how it is doing: what operators are told of                 watching
              of an older page: posts that fill a hole, the next page        errands
    unasked | fetch | read | outcome of an article's errand                   articles
    outline | told | entries: select | render: atom, pages | put             rendering
    uncut | cut | close, fresh | render_archive | put                        rendering
    changed | render_post: select, jekyll | put                              rendering
    changed | render_page: select, pages | put                               rendering
    outdated | revise: classify, assign | revised                            revision
    sought | find | meant | take_down                                        takedown
    sought | find | answer: classify again, why and why not                  explaining
"""

from aggregator.pipeline.articles import reads_articles, unasked
from aggregator.pipeline.moving import news
from aggregator.pipeline.polling import decide, in_doubt, is_known_body, lookup, read, read_rest, whole
from aggregator.pipeline.remembering import (
    READER_VERSION,
    body_digest,
    faulty,
    is_news,
    prepared,
    summary,
    why_unreadable,
)
from aggregator.pipeline.rendering import (
    EVENTS,
    ON_HOME,
    PAGES,
    Listed,
    Rendered,
    Subscribed,
    archive_path,
    cut,
    entries,
    page_path,
    page_settings,
    render_archive,
    render_category,
    render_page,
    render_post,
    render_site,
    render_sources,
)
from aggregator.pipeline.watching import HEALTHS, Health, health, of_file
from aggregator.publish import Entry, Shelf, Unread

__all__ = [
    "EVENTS",
    "HEALTHS",
    "ON_HOME",
    "PAGES",
    "READER_VERSION",
    "Entry",
    "Health",
    "Listed",
    "Rendered",
    "Shelf",
    "Subscribed",
    "Unread",
    "archive_path",
    "body_digest",
    "cut",
    "decide",
    "entries",
    "faulty",
    "health",
    "in_doubt",
    "is_known_body",
    "is_news",
    "lookup",
    "news",
    "of_file",
    "page_path",
    "page_settings",
    "prepared",
    "read",
    "read_rest",
    "reads_articles",
    "render_archive",
    "render_category",
    "render_page",
    "render_post",
    "render_site",
    "render_sources",
    "summary",
    "unasked",
    "whole",
    "why_unreadable",
]
