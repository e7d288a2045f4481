"""Shell. Source -> FetchResult: the only door to the network.

`HttpFetcher` (client.py) is what the daemon introduces to the poller, `HttpCourier` (courier.py) what it
introduces to the hub, for requests that are no polls. It must not interpret a body: that is
`pipeline.read`'s, in a process that can be killed.
"""

from __future__ import annotations

from aggregator.fetch.client import HttpFetcher
from aggregator.fetch.courier import HttpCourier

__all__ = ["HttpCourier", "HttpFetcher"]
