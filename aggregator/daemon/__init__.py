"""Shell. Composition: introduces adapters to loops, swaps the configuration, drains, stops.

`house` builds, `live` is the daemon. `commands`, `looking`, `moving`, `adopting`, `keeping` and `takedown`
are all else that needs more than one room.
"""

from aggregator.daemon.adopting import adopt
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
from aggregator.daemon.keeping import backup, restore
from aggregator.daemon.live import run
from aggregator.daemon.looking import find, preview
from aggregator.daemon.moving import item, listing, moving_in, moving_out, write_into
from aggregator.daemon.roles import Roles
from aggregator.daemon.takedown import take_down, take_down_source

__all__ = [
    "Overrides",
    "Roles",
    "adopt",
    "backup",
    "check_live",
    "difference",
    "explain",
    "find",
    "item",
    "listing",
    "moving_in",
    "moving_out",
    "once",
    "preview",
    "publish",
    "publish_marked",
    "read_config",
    "restore",
    "run",
    "status",
    "take_down",
    "take_down_source",
    "write_into",
]
