"""Pure. The small languages that feeds are written in: dates, URLs, HTML, plain text, slugs, patterns.

Every function here takes text from strangers and gives a value or "nothing", in time that is linear in the
text. Nothing here knows of entries, sources or posts, and nothing here asks the clock, a disk or a network.
"""
