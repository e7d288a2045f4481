"""Pure. What the WebSub recommendation (W3C, 23 January 2018) asks of a hub, a publisher and a subscriber.

`requests` reads what is asked of our hub, `exchanges` writes what it asks and sends, `contents` says what a
subscriber has not had yet, `bounds` how much anybody may ask for and when to try again; `links` finds the hub
of a source, `following` says what a subscriber asks and believes. Nothing here asks a
clock, makes a random number, or knows who stores and who sends.
"""

from __future__ import annotations

from aggregator.websub.announced import announced, endpoint, is_topic, own_hub, pinged_hub
from aggregator.websub.bounds import LEAST, MOST, MOST_PER_HOST, MOST_WAITING, PACE, Allowance, again
from aggregator.websub.contents import items, unseen
from aggregator.websub.exchanges import confirms, delivery, ping, verification
from aggregator.websub.following import (
    CALLBACKS,
    DENIED,
    UNANSWERED,
    challenge,
    handed_on,
    is_denied,
    is_plain,
    is_signed,
    leased,
    may_follow,
    request,
)
from aggregator.websub.links import offered
from aggregator.websub.requests import MOST_BYTES, intent

__all__ = [
    "CALLBACKS",
    "DENIED",
    "LEAST",
    "MOST",
    "MOST_BYTES",
    "MOST_PER_HOST",
    "MOST_WAITING",
    "PACE",
    "UNANSWERED",
    "Allowance",
    "again",
    "announced",
    "challenge",
    "confirms",
    "delivery",
    "endpoint",
    "handed_on",
    "intent",
    "is_denied",
    "is_plain",
    "is_signed",
    "is_topic",
    "items",
    "leased",
    "may_follow",
    "offered",
    "own_hub",
    "ping",
    "pinged_hub",
    "request",
    "unseen",
    "verification",
]
