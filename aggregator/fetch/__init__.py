"""Shell. Source -> FetchResult: the only door to the network.

`HttpFetcher` (client.py) is what the daemon introduces to the poller, `HttpCourier` (courier.py) what it
introduces to the hub, for requests that are no polls. It must not interpret a body: that is
`pipeline.read`'s, in a process that can be killed.
"""

from __future__ import annotations

import sys

# httpx imports a command line of its own wherever click and rich are there, as they are for ours: 70 modules
# of rich and pygments, 4 MB and 40 ms of each start. None is how one says that there is no such module
# (https://docs.python.org/3/library/sys.html#sys.modules), which httpx is made for.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from aggregator.fetch.client import HttpFetcher  # noqa: E402 - imports httpx
from aggregator.fetch.courier import HttpCourier  # noqa: E402 - likewise

__all__ = ["HttpCourier", "HttpFetcher"]
