"""Pure. The names that other nouns are made of."""

from __future__ import annotations

from typing import Literal, NewType, TypeAlias

Url = NewType("Url", str)
"""An absolute URL (http, https; for a source also file)."""
Slug = NewType("Slug", str)
"""What names a category in paths: lower-case ASCII letters, digits and single hyphens."""
PostId = NewType("PostId", str)
"""The published id of a post or story: an absolute IRI that never changes."""
Key = NewType("Key", str)
"""A versioned identity key (`dedupe.keys`): equal keys may mean one post."""

Republish: TypeAlias = Literal["full", "excerpt", "link"]
Updates: TypeAlias = Literal["replace", "ignore"]
NearDuplicates: TypeAlias = Literal["merge", "keep"]
EndedKind: TypeAlias = Literal["post", "source"]
"""What was taken down: a post, which no copy brings back, or all of a source, copies of which stay."""
