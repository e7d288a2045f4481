"""Pure. What is legal in a configuration and yet not what publishers would like.

Advice stops nothing; what cannot be done is a problem, and said with its place when the file is read.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aggregator.model import Config
from aggregator.syntax.hosts import looks_public


def advice(given: Config) -> list[str]:
    """A line for each thing that an operator should know before others run into it."""
    contact = given.site.contact
    if contact.startswith("mailto:") or looks_public(urlsplit(contact).hostname or ""):
        return []
    return [
        f"site.contact: publishers who wonder who polls them cannot reach {contact}; "
        "give a page of yours that they can, or an e-mail address"
    ]
