"""Payloads put into every field of RSS and Atom feeds in which a source can say something."""

import re
from html import escape

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


def _said(text):
    """As character data or in an attribute."""
    return escape(_NOT_XML.sub("", text)).replace("\n", "&#10;").replace("\t", "&#9;")


def rss(title, payloads, number):
    """An RSS feed; each payload is in two items: as markup, then as text that looks like markup."""
    items = "".join(
        _rss_item(field, inside, f"{number}-{n}-{m}")
        for n, payload in enumerate(payloads)
        for m, (field, inside) in enumerate(
            ((_said(payload), False), (_said(_said(payload)), True)),
        )
    )
    title = _said(title)
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' "
        "xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<channel><title>{title}</title><link>{title}</link><description>{title}</description>"
        f"<copyright>{title}</copyright><language>{title}</language>{items}</channel></rss>"
    ).encode()


def _rss_item(field, inside, name):
    address = f"https://example.org/{name}?x={field}" if inside else field
    return (
        f"<item><title>{field}</title><link>{address}</link><guid isPermaLink='false'>{name} {field}</guid>"
        f"<dc:creator>{field}</dc:creator><author>{field}</author><category>{field}</category>"
        f"<description>{field} {name}</description><content:encoded>{name} {field}</content:encoded>"
        f"<enclosure url='{address}' type='{field}' length='1'/><comments>{address}</comments>"
        f"<source url='{address}'>{field}</source><pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate></item>"
    )


def atom(title, payloads, number):
    """An Atom feed; each payload is in two entries: with text constructs that are HTML, then plain text."""
    entries = "".join(
        _atom_entry(_said(payload), kind, f"{number}-{n}-{kind}")
        for n, payload in enumerate(payloads)
        for kind in ("html", "text")
    )
    title = _said(title)
    return (
        "<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom'>"
        f"<id>{title}</id><title type='html'>{title}</title><subtitle type='html'>{title}</subtitle>"
        f"<rights>{title}</rights><link href='{title}'/><updated>2026-11-03T10:00:00Z</updated>"
        f"<author><name>{title}</name><uri>{title}</uri></author>{entries}</feed>"
    ).encode()


def _atom_entry(field, kind, name):
    address = f"https://example.org/atom/{name}#{field}" if kind == "text" else field
    return (
        f"<entry><id>{name} {field}</id><title type='{kind}'>{field}</title><link href='{address}'/>"
        f"<link rel='enclosure' href='{address}' type='{field}' title='{field}'/>"
        f"<link rel='via' href='{address}'/>"
        f"<author><name>{field}</name><uri>{address}</uri></author><category term='{field}' label='{field}'/>"
        f"<summary type='{kind}'>{field} {name}</summary><content type='{kind}'>{name} {field}</content>"
        "<updated>2026-11-03T10:00:00Z</updated></entry>"
    )
