"""Pure. What the name of a host tells by itself; nobody is asked."""

from __future__ import annotations

from ipaddress import ip_address

_NOT_PUBLIC = (".local", ".localhost", ".internal", ".test", ".invalid", ".home.arpa", ".lan")
"""Endings of names that mean nothing elsewhere (RFC 6761, 6762, 8375), and one that routers hand out."""


def looks_public(host: str) -> bool:
    """Whether a host may be reached from elsewhere, as far as its name tells."""
    try:
        return ip_address(host).is_global
    except ValueError:
        name = host.rstrip(".")
        return "." in name and not name.endswith(_NOT_PUBLIC)
