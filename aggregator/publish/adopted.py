"""Pure. A post of a Jekyll site that somebody has written -> the addresses of the article that it is of.

Those that stand in a line of their own, as in the files that we write (`<LINK>`), and those that its front
matter names. Reads no YAML and no Markdown: a handful of keys and lines say all that is needed.
"""

from __future__ import annotations

import re

from aggregator.syntax import urls

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_KEY = re.compile(
    r"^(?:link|guid|url|(?:canonical|original)(?:_url)?|(?:source|external)_url)[ \t]*:[ \t]*(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_LINE = re.compile(r"^[ \t]*(?:<(https?://[^<>\s]+)>|(https?://\S+))[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"\s#.*$")


def addresses(content: bytes) -> tuple[str, ...]:
    """Links and guids of a post, as written; none for a file without a line that has one.

    Of lines in the body the last counts: an article may quote others.
    """
    text = content.decode("utf-8-sig", "replace")
    front = _FRONT.match(text)
    said = [_value(found[1]) for found in _KEY.finditer(front[1])] if front else []
    lines = [found[1] or found[2] for found in _LINE.finditer(text, front.end() if front else 0)]
    found = [*lines[-1:], *said]
    return tuple(dict.fromkeys(one for one in found if urls.http(one) or urls.is_iri(one)))


def _value(written: str) -> str:
    """A YAML scalar on one line."""
    value = written.strip()
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return _COMMENT.sub("", value).strip()
