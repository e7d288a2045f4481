"""Pure. What a process of the daemon does: `aggregator run --roles`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Roles:
    """Which parts of the work a process takes; all of them, where nothing is said."""

    poll: bool = True  # ask sources and their hubs, run errands
    publish: bool = True  # render documents, keep stored posts as the file says, deliver as a hub
    serve: bool = True  # have the documents in the output directory, and answer on the public listener

    @classmethod
    def named(cls, words: str) -> Self:
        """The roles of a list like `poll,publish`. Raises `ValueError` with what is wrong with it."""
        asked = {word.strip() for word in words.split(",")}
        known = [field.name for field in fields(cls)]
        if wrong := sorted(asked.difference(known)):
            raise ValueError(f"{wrong[0]!r} is no role; write {', '.join(known)}, with commas between them")
        return cls(**{name: name in asked for name in known})

    @property
    def loops(self) -> bool:
        """Whether it changes what is stored by itself, rather than on behalf of who asks it."""
        return self.poll or self.publish

    def __str__(self) -> str:
        return ",".join(field.name for field in fields(self) if getattr(self, field.name))


EVERY = Roles()
"""What a process does that was told nothing."""
