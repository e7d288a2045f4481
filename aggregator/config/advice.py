"""Pure. What is legal in a configuration and yet not what publishers would like.

Advice stops nothing; what cannot be done is a problem, and said with its place when the file is read.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from aggregator.model import Config

_NOT_PUBLIC = (".local", ".localhost", ".internal", ".test", ".invalid", ".home.arpa", ".lan")
"""Endings of names that mean nothing elsewhere (RFC 6761, 6762, 8375), and one that routers hand out."""


def advice(given: Config) -> list[str]:
    """A line for each thing that an operator should know before others run into it."""
    contact = given.site.contact
    if contact.startswith("mailto:") or _looks_public(urlsplit(contact).hostname or ""):
        return []
    return [
        f"site.contact: publishers who wonder who polls them cannot reach {contact}; "
        "give a page of yours that they can, or an e-mail address"
    ]


def _looks_public(host: str) -> bool:
    """Whether a host may be reached from elsewhere, as far as its name tells."""
    try:
        return ip_address(host).is_global
    except ValueError:
        name = host.rstrip(".")
        return "." in name and not name.endswith(_NOT_PUBLIC)
