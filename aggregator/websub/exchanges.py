"""Pure. The requests that a hub and a publisher send (W3C WebSub, 5.3, 6 and 7), and what answers mean."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import urlencode

from aggregator.model import Answer, Delivery, Intent, Letter, Site
from aggregator.websub.announced import endpoint

VERIFYING = 10.0
"""Seconds that a callback has to confirm."""
DELIVERING = 10.0
"""Seconds that it has to take a delivery, and a hub a ping."""


def verification(intent: Intent, challenge: str, site: Site, *, private: bool) -> Letter:
    """Ask the callback whether it is so. Its query stays, ours is appended with an ampersand (5.1.1)."""
    asked = {"hub.mode": intent.mode, "hub.topic": site.url + intent.path, "hub.challenge": challenge}
    if intent.mode == "subscribe":
        asked["hub.lease_seconds"] = str(int(intent.lease.total_seconds()))
    join = "&" if "?" in intent.callback else "?"
    return Letter(
        "GET",
        f"{intent.callback}{join}{urlencode(asked)}",
        private=private,
        read=len(challenge) + 1,  # one more tells that it goes on
        seconds=VERIFYING,
    )


def confirms(answer: Answer, challenge: str) -> bool:
    """Whether the callback confirmed: 2xx, and the challenge and nothing else (5.3.1)."""
    return answer.ok and hmac.compare_digest(answer.body, challenge.encode())


def delivery(to: Delivery, body: bytes, media_type: str, site: Site, *, private: bool) -> Letter:
    """Send the content: with the topic's own type, hub and self in one Link, signed where asked for (7, 7.1).

    SHA-256: the recommendation calls it the least that is safe, and lets the hub choose.
    """
    headers = [
        ("content-type", media_type),
        ("link", f'<{endpoint(site)}>; rel="hub", <{site.url + to.path}>; rel="self"'),
    ]
    if to.secret:
        signature = hmac.new(to.secret.encode(), body, sha256).hexdigest()
        headers.append(("x-hub-signature", f"sha256={signature}"))
    return Letter("POST", to.callback, tuple(headers), body, private=private, seconds=DELIVERING)


def ping(hub: str, path: str, site: Site) -> Letter:
    """Tell a hub of somebody else that a topic has changed. The operator has named it, so it may be anywhere.

    WebSub leaves open how: hubs since PubSubHubbub 0.3 read `hub.url`, Flask-WebSub and others `hub.topic`.
    """
    topic = site.url + path
    form = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    return Letter("POST", hub, headers, form.encode(), private=True, seconds=DELIVERING)
