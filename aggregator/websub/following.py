"""Pure. What a subscriber says and believes (W3C WebSub, 5 and 7): requests, confirmations, signatures."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from aggregator.model import Answer, Following, Letter, Server, Site
from aggregator.syntax import urls
from aggregator.syntax.hosts import looks_public

CALLBACKS = "websub/"
"""Where they are, under `site.url`."""
LEASE = timedelta(days=10)
"""That we ask for."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=90)
"""Leases are taken for no shorter and no longer than this, whatever a hub says."""
UNANSWERED = timedelta(minutes=10)
"""When a hub that took a request and never verified it is asked again."""
DENIED = timedelta(days=1)
"""When one that refused is asked again."""
ASKING = 20.0
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{]")
_CHALLENGE = re.compile(r"[!-~]{1,512}")
_SIGNATURE = re.compile(r"(sha1|sha256|sha384|sha512)=([0-9a-f]{40,128})", re.I)


def may_follow(site: Site, server: Server) -> bool:
    """Whether hubs can reach us: we listen, at an address that is public or whose hubs may be private."""
    return server.listen is not None and (
        server.private_hub or looks_public(urlsplit(site.url).hostname or "")
    )


def request(following: Following, site: Site, *, private: bool) -> Letter:
    """Ask the hub to push, or not to any more (5.1)."""
    asked = {
        "hub.mode": following.mode,
        "hub.topic": following.topic,
        "hub.callback": f"{site.url}{CALLBACKS}{following.token}",
    }
    if following.mode == "subscribe":
        asked |= {"hub.secret": following.secret, "hub.lease_seconds": str(int(LEASE.total_seconds()))}
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    return Letter("POST", following.hub, headers, urlencode(asked).encode(), private=private, seconds=ASKING)


def handed_on(letter: Letter, answer: Answer) -> Letter | None:
    """The same request for the hub that this one names instead (307, 308; 5.1.2); None where it does not."""
    if answer.status not in (307, 308) or not answer.location:
        return None
    target = urls.absolute(letter.url, answer.location)
    return replace(letter, url=target) if target else None


def challenge(following: Following | None, said: Mapping[str, str]) -> str:
    """The challenge, where mode and topic are what we asked for (5.3.1); "" for anything else."""
    if following is None:
        return ""
    ours = (said.get("hub.mode"), said.get("hub.topic")) == (following.mode, following.topic)
    echoed = said.get("hub.challenge", "")
    return echoed if ours and _CHALLENGE.fullmatch(echoed) else ""


def is_denied(following: Following | None, said: Mapping[str, str]) -> bool:
    """Whether the hub does not want us (5.2)."""
    asked = (said.get("hub.mode"), said.get("hub.topic"))
    return following is not None and asked == ("denied", following.topic)


def leased(said: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """When a subscription ends, and when it is to be renewed: with a fifth of the lease to go."""
    seconds = said.get("hub.lease_seconds", "")
    readable = seconds.isascii() and seconds.isdigit() and len(seconds) < 12
    lease = min(max(timedelta(seconds=int(seconds)), SHORTEST), LONGEST) if readable else LEASE
    return now + lease, now + lease * 4 / 5


def is_plain(body: bytes) -> bool:
    """Whether content is in no coding, whatever its field says.

    Hubs that hand on the fields of the source name the coding in which they got it, not the one they send.
    """
    return _PLAIN.match(body) is not None


def is_signed(following: Following, signature: str, body: bytes) -> bool:
    """Whether X-Hub-Signature fits, by the method that it names (7.1.2): most hubs still say sha1.

    An HMAC does not fall with the collisions of its hash (RFC 6151), so that one counts too.
    """
    match = _SIGNATURE.fullmatch(signature.strip())
    if match is None:
        return False
    expected = hmac.new(following.secret.encode(), body, match[1].lower()).hexdigest()
    return hmac.compare_digest(expected, match[2].lower())
