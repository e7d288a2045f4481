"""What JSON Feed 1.1 (jsonfeed.org/version/1.1) asks of a document, held strictly: complaints, in words."""

import json
import re
from datetime import datetime
from urllib.parse import urlsplit

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")  # RFC 3339
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")


def complaints(body):
    """Everything that is wrong with a document, with where it is; none for a valid one."""
    if body.startswith(b"\xef\xbb\xbf"):
        return ["a byte order mark"]
    try:
        feed = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except ValueError as error:
        return [str(error)]
    if not isinstance(feed, dict):
        return ["not an object"]
    found = list(_checked(feed, "feed", _FEED, required=("version", "title", "items")))
    items = feed.get("items") if isinstance(feed.get("items"), list) else []
    ids = [item.get("id") for item in items if isinstance(item, dict)]
    found += [f"id {id!r} is there {ids.count(id)} times" for id in {*map(str, ids)} if ids.count(id) > 1]
    return found


def _once(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a name is there twice in {names}")
    return dict(pairs)


def _no_number(text):
    raise ValueError(f"{text} is no JSON number")


def _checked(value, where, rules, required=()):
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    for name in required:
        if name not in value:
            yield f"{where} has no {name}"
    for name, one in value.items():
        if name.startswith("_"):
            if not isinstance(one, dict) or "." in name or len(name) == 1:
                yield f"{where}.{name}: an extension is an object under a name without dots"
        elif name not in rules:
            yield f"{where}.{name} is unknown"
        else:
            yield from rules[name](one, f"{where}.{name}")


def _text(value, where):
    if not isinstance(value, str) or not value:
        yield f"{where} is no text: {value!r}"


def _url(value, where):
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https", "mailto") or re.search(r"[\s<>\"]", value):
        yield f"{where} is no address: {value!r}"


def _matching(pattern, what):
    def check(value, where):
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"{where} is no {what}: {value!r}"

    return check


def _date(value, where):
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        yield f"{where} is no date: {value!r}"
        return
    try:
        datetime.fromisoformat(value)
    except ValueError:
        yield f"{where} is no date: {value!r}"


def _number(value, where):
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        yield f"{where} is no number: {value!r}"


def _boolean(value, where):
    if not isinstance(value, bool):
        yield f"{where} is neither true nor false: {value!r}"


def _version(value, where):
    if value != "https://jsonfeed.org/version/1.1":
        yield f"{where} is {value!r}"


def _each(check):
    def every(value, where):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for at, one in enumerate(value):
            yield from check(one, f"{where}[{at}]")

    return every


def _author(value, where):
    yield from _checked(value, where, {"name": _text, "url": _url, "avatar": _url})
    if isinstance(value, dict) and not value:
        yield f"{where} names nobody"


def _attachment(value, where):
    rules = {
        "url": _url,
        "mime_type": _matching(_MEDIA_TYPE, "media type"),
        "title": _text,
        "size_in_bytes": _number,
        "duration_in_seconds": _number,
    }
    yield from _checked(value, where, rules, required=("url", "mime_type"))


def _hub(value, where):
    yield from _checked(value, where, {"type": _text, "url": _url}, required=("type", "url"))


def _item(value, where):
    yield from _checked(value, where, _ITEM, required=("id",))
    if isinstance(value, dict) and not {"content_html", "content_text"} & value.keys():
        yield f"{where} has no content"


_LANGUAGE_TAG = _matching(_LANGUAGE, "language")
_ITEM = {
    "id": _text, "url": _url, "external_url": _url, "title": _text, "content_html": _text,
    "content_text": _text, "summary": _text, "image": _url, "banner_image": _url, "date_published": _date,
    "date_modified": _date, "authors": _each(_author), "tags": _each(_text), "language": _LANGUAGE_TAG,
    "attachments": _each(_attachment),
}  # fmt: skip
_FEED = {
    "version": _version, "title": _text, "home_page_url": _url, "feed_url": _url, "description": _text,
    "user_comment": _text, "next_url": _url, "icon": _url, "favicon": _url, "authors": _each(_author),
    "language": _LANGUAGE_TAG, "expired": _boolean, "hubs": _each(_hub), "items": _each(_item),
}  # fmt: skip
