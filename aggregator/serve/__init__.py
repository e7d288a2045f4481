"""Shell. Documents to readers over HTTP, and from a listener of its own (`admin`) us to operators.

It serves what the document store holds and never polls or writes. `app` answers requests of the public,
`quick` the usual ones at once, `admin_app` those of operators, `HttpServer` listens, `formerly` reads where
old addresses lead.
"""

from __future__ import annotations

from aggregator.serve.admin import Desk, Standing, admin_app
from aggregator.serve.app import app
from aggregator.serve.documents import FEEDS
from aggregator.serve.formerly import Formerly, formerly
from aggregator.serve.hub import callbacks, hub, no_hub
from aggregator.serve.listen import HttpServer, split_address
from aggregator.serve.quick import quick

__all__ = [
    "FEEDS",
    "Desk",
    "Formerly",
    "HttpServer",
    "Standing",
    "admin_app",
    "app",
    "callbacks",
    "formerly",
    "hub",
    "no_hub",
    "quick",
    "split_address",
]
