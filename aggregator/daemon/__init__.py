"""Shell. Composition: introduces adapters to loops, swaps the configuration, drains, stops.

`house` builds, `live` is the daemon, `commands` and `takedown` are all else that needs more than one room.
"""

from aggregator.daemon.commands import (
    check_live,
    difference,
    explain,
    once,
    publish,
    publish_marked,
    status,
)
from aggregator.daemon.house import Overrides, read_config
from aggregator.daemon.live import run
from aggregator.daemon.takedown import take_down, take_down_source

__all__ = [
    "Overrides",
    "check_live",
    "difference",
    "explain",
    "once",
    "publish",
    "publish_marked",
    "read_config",
    "run",
    "status",
    "take_down",
    "take_down_source",
]
