"""Pure. Which of the source's texts is the content and which the summary, sanitized, absolute and bounded."""

from __future__ import annotations

import re

from aggregator.model import Entry, Text
from aggregator.syntax import html, text, urls

# Most texts show a letter right after their first tags.
_BEGINS_WITH_TEXT = re.compile(r"(?:<[a-z][^<>]*+>\s*+)*+[A-Za-z0-9\u3040-\u30ff\u4e00-\u9fff]")


def texts(entry: Entry, base: str) -> tuple[str, str]:
    """Summary and content of an entry as safe HTML; "" for what it does not have.

    The content is the longest HTML among its contents (else the longest text); a description that is longer
    than that takes its place, since feeds fill either with the teaser. An only text is the content. `base`
    is what the entry's relative URLs stand against where the text has no base of its own.
    """
    contents = [said for said in entry.contents if said.value.strip()]
    content = max(contents, key=lambda said: (said.type == "html", len(said.value)), default=None)
    summary = entry.summary if entry.summary and entry.summary.value.strip() else None
    if content is None or (summary is not None and _says_more(summary, content)):
        summary, content = content, summary
    if content is None:
        return "", ""
    told = _safe(content, base)
    if summary is None or summary.value.strip() == content.value.strip():
        return "", told
    teaser = _safe(summary, base)
    if not told:
        return "", teaser
    return ("" if teaser == told else teaser), told


def _says_more(one: Text, other: Text) -> bool:
    # Tags say nothing; only where the raw text is longer can the plain one be.
    if len(one.value) <= len(other.value):
        return False
    return len(text.plain(one)) > len(text.plain(other))


def _safe(said: Text, base: str) -> str:
    if said.type == "text" and not text.holds_markup(said.value):
        return html.paragraphs(said.value[: html.MOST_IN])
    safe = html.sanitize(said.value, urls.absolute(base, said.base) or base).strip()
    return safe if _shows_something(safe) else ""


def _shows_something(safe: str) -> bool:
    if _BEGINS_WITH_TEXT.match(safe):
        return True
    seen = any(f"<{tag}" in safe for tag in ("img", "video", "audio"))
    return seen or bool(html.to_text(safe[:2000]) or html.to_text(safe))
