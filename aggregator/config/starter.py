"""Pure. The feeds.yaml that `aggregator init` writes: short enough to read, and a lesson by example."""

from __future__ import annotations

_TEMPLATE = """\
# yaml-language-server: $schema=feeds.schema.json
#
# What the aggregator polls and publishes. Edits are picked up while it runs.
# `aggregator check` says what is wrong with this file, and where.
# Lines that begin with "# " and a key show what else there is, at its default or as an example.

site:
  title: Feeds
  language: en            # en, de, zh-CN, ...: also picks the words on the pages
  timezone: UTC           # a name like Asia/Shanghai or Europe/Berlin
  # url: https://news.example.org/            # where readers reach the output
  # contact: https://news.example.org/about   # how publishers reach you; in the User-Agent

# One subject each: published as category/SLUG/feed.atom.
categories:
  news:
    title: News
    feeds:
      # A URL is enough.
      - https://lwn.net/headlines/rss
      # With more to say about it, the URL is one key of several.
      - url: https://planetpython.org/rss20.xml
        title: Planet Python
        # every: 6h            # fixed; otherwise adapted to how often it brings something
        # tags: [python]
        # republish: excerpt   # full | excerpt | link: how much of its content you show

# Feeds that are listed under no category name theirs: a slug, or a template that each entry fills.
# Templates and patterns stand in single quotes.
# feeds:
#   - url: https://example.org/all.xml
#     category: '{author}'
#   - file:local/notes.xml   # a file, relative to this one

# Keys for all feeds; a feed's own key replaces one.
# defaults:
#   updates: replace

# What happens to posts that match, in order. Patterns are searched for, in linear time (RE2).
# rules:
#   - if: {title: '(?i)sponsored|advertorial'}
#     then: drop
#   - if: {text: '\\bPEP \\d+\\b'}
#     then: {also: [peps], tags: [PEP]}

# How politely sources are polled. Hints of a source and its server are obeyed in any case.
# polling:
#   every: 1h
#   min_interval: 1h
#   max_interval: 1d
#   per_host_gap: 1s

# output:
#   directory: public
#   entries: 50             # newest posts in a category's feed

# server:
#   listen: 127.0.0.1:8080  # or off, where another web server serves output.directory

# store: data/aggregator.db
"""


def template() -> str:
    """A commented feeds.yaml that loads as it stands, and also with its commented keys put in force."""
    return _TEMPLATE
