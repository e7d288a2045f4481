"""Shell. Documents to readers over HTTP: the public listener, and nothing that belongs to operators.

It serves what the document store holds and never renders, polls or writes. `app` answers requests,
`HttpServer` listens, `formerly` reads where old addresses lead.
"""

from __future__ import annotations

from aggregator.serve.app import app
from aggregator.serve.documents import FEEDS
from aggregator.serve.formerly import Formerly, formerly
from aggregator.serve.hub import callbacks, hub, no_hub
from aggregator.serve.listen import HttpServer, split_address

__all__ = [
    "FEEDS",
    "Formerly",
    "HttpServer",
    "app",
    "callbacks",
    "formerly",
    "hub",
    "no_hub",
    "split_address",
]
