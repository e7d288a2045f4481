"""Pure. Names of request header fields: which there are, and which are not for an operator to choose.

The configuration refuses what a request could not be sent with, so both ask here.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = frozenset(
    (
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        *("if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"),
        *("accept-encoding", "range"),
    )
)
"""Framing and connection (RFC 9110, 7 and 10.1; RFC 9112), conditions (RFC 9110, 13.1), coding and range."""


def is_name(name: str) -> bool:
    """Whether this is a token (RFC 9110, 5.1 and 5.6.2), as every field name is."""
    return _NAME.fullmatch(name) is not None


def is_ours(name: str) -> bool:
    """Whether the field belongs to the exchange itself: what it says must be true of what we do."""
    return name.lower() in _OURS
