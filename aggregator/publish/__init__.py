"""Pure. Stories to documents: which are shown, in which order, as Atom and as pages.

`shown` selects, `feed` writes Atom, `home`, `category_page`, `about`, `post_page` and `stylesheet` write
pages, `status_feed` what happened to sources, `post_file` a post of a Jekyll site; `cut` says what goes into
archives. The room reads nothing but its own templates and words, and asks no clock: what the documents say is
a function of the arguments.
"""

from __future__ import annotations

from aggregator.publish import atom, json_feed, rss
from aggregator.publish.adopted import addresses
from aggregator.publish.archives import Cut, cut, day
from aggregator.publish.atom import Refused, Rendered, feed
from aggregator.publish.entries import Entry, Shelf, Unread
from aggregator.publish.jekyll import file_name, post_file
from aggregator.publish.json_feed import json_document
from aggregator.publish.opml import outputs, sources
from aggregator.publish.pages import about, category_page, home, stylesheet
from aggregator.publish.paths import ABOUT, HOME, POSTS, STYLE, archive, feed_id, folder, post_path
from aggregator.publish.post_page import post_page, templates
from aggregator.publish.rss import rss_document
from aggregator.publish.select import in_order, latest, primary, shown
from aggregator.publish.status_feed import status_feed

FILES = {"atom": atom.FILE, "rss": rss.FILE, "json": json_feed.FILE}
"""What the feed of a scope is called in its folder, by format."""

__all__ = [
    "ABOUT",
    "FILES",
    "HOME",
    "POSTS",
    "STYLE",
    "Cut",
    "Entry",
    "Refused",
    "Rendered",
    "Shelf",
    "Unread",
    "about",
    "addresses",
    "archive",
    "category_page",
    "cut",
    "day",
    "feed",
    "feed_id",
    "file_name",
    "folder",
    "home",
    "in_order",
    "json_document",
    "latest",
    "outputs",
    "post_file",
    "post_page",
    "post_path",
    "primary",
    "rss_document",
    "shown",
    "sources",
    "status_feed",
    "stylesheet",
    "templates",
]
