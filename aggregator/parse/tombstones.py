"""Pure. The tombstones of a document (RFC 6721), of which feedparser keeps the last one only.

Mixed into both of its parsers by `feed`, before the other hooks. What stands inside a tombstone is kept from
them: its author and links are none of the feed. Whether a tombstone is obeyed is not for this room to say.
"""

from __future__ import annotations

from typing import Any

from aggregator.model import DeletedEntry
from aggregator.parse.hooks import MOST_ENTRIES

NAMESPACE = "http://purl.org/atompub/tombstones/1.0"
_ENTRIES = ("entry", "item")
_LONGEST = 1000  # characters of a comment

_Hooks: Any = object  # in truth `Hooks` and one of feedparser's parsers stand behind us


class Tombstones(_Hooks):  # type: ignore[misc]
    """Collects `at:deleted-entry` elements that stand beside the entries of a document."""

    def __init__(self, *args: Any) -> None:
        self._depth = 0  # of elements inside a tombstone, itself included
        self._comment: list[str] | None = None  # while inside the comment of one
        super().__init__(*args)

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> Any:
        prefix, _, name = tag.rpartition(":")
        if self._depth and name in _ENTRIES:  # a tombstone that was never closed costs no entry
            self._depth, self._comment = 0, None
        if self._depth:
            self._depth += 1
            if name == "comment" and self._depth == 2:
                self._comment = []
            return None
        if name == "deleted-entry" and not self.inentry and self._is_ours(prefix, dict(attrs)):
            self._depth = 1
            self._bury(dict(attrs))
            return None
        return super().unknown_starttag(tag, attrs)

    def unknown_endtag(self, tag: str) -> None:
        if not self._depth:
            super().unknown_endtag(tag)
            return
        if self._depth == 2 and self._comment is not None:
            self._tell("".join(self._comment).strip()[:_LONGEST])
        self._depth -= 1

    def handle_data(self, text: str, escape: int = 1) -> None:
        if not self._depth:
            super().handle_data(text, escape)
        elif self._comment is not None:
            self._comment.append(text)

    def _is_ours(self, prefix: str, attrs: dict[str, str]) -> bool:
        declared = attrs.get(f"xmlns:{prefix}" if prefix else "xmlns")
        namespace = declared or self.namespaces_in_use.get(prefix, "")
        return bool(namespace.strip().lower() == NAMESPACE)

    def _bury(self, attrs: dict[str, str]) -> None:
        if attrs.get("ref", "").strip() and len(self.result.deleted) < MOST_ENTRIES:
            self.result.deleted.append(DeletedEntry(attrs["ref"], attrs.get("when", "")))

    def _tell(self, comment: str) -> None:
        self._comment = None
        if self.result.deleted:
            last = self.result.deleted[-1]
            self.result.deleted[-1] = DeletedEntry(last.ref, last.when, comment)
