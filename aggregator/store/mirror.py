"""Shell. An output directory that is kept like what the store has, so that it can be served from there.

Which files in it are ours is said by a file of notes in the directory itself: several machines share one
store, and each has a directory of its own. A path is noted before it is first written. What else lies there
stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aggregator.errors import PublishError
from aggregator.store.documents import is_twin, must_be_ours, placed, remove_placed, twin_of
from aggregator.store.files import advice, digest, modified_at, replace_files, sync_directory

NOTES = ".aggregator"
GONE = "-"
SPARE = 1000  # lines of notes that are out of date, beyond which they are written anew


@dataclass(frozen=True, slots=True)
class Content:
    """A document as the store has it; without a body, one that was removed."""

    path: str
    digest: str
    modified: datetime
    body: bytes | None
    packed: bytes


class Mirror:
    """One output directory. Of one thread at a time."""

    def __init__(self, output: str) -> None:
        self._root = Path(output)
        self._noted: dict[str, str] | None = None  # digests by path

    def move(self, output: str) -> None:
        """Go on in another directory (absolute)."""
        self._root, self._noted = Path(output), None

    def has(self, path: str, digest: str, modified: datetime) -> bool:
        """Whether a document is in its place, as far as its date and what was noted tell."""
        place = placed(self._root, path)
        if place is None or self._notes().get(path) != digest:
            return False
        try:
            return modified_at(os.stat(place)) == modified and twin_of(place).exists()
        except OSError:
            return False

    def lacks(self, path: str) -> bool:
        """Whether nothing of ours is to be removed at a path."""
        return path not in self._notes()

    def take(
        self, some: Sequence[Content], written: Callable[[str], Collection[str]]
    ) -> Mapping[str, PublishError]:
        """Put documents in their places, or remove them; why not, by path.

        `written`: digests of what we wrote at a path before there were notes.
        """
        trouble: dict[str, PublishError] = {}
        coming: list[tuple[Path, Content]] = []
        for one in some:
            try:
                if one.body is None:
                    self._remove(one.path)
                else:
                    coming.append((self._ready(one, one.body, written), one))
            except PublishError as fault:
                trouble[one.path] = fault
            except OSError as fault:
                trouble[one.path] = PublishError(f"{self._root / one.path}: {advice(fault)}")
        try:
            self._note({one.path: one.digest for _, one in coming})
        except OSError as fault:
            why = PublishError(f"{self._root / NOTES}: {advice(fault)}")
            return trouble | {one.path: why for _, one in coming}
        for place, one in coming:
            try:
                replace_files([(twin_of(place), one.packed), (place, one.body or b"")], one.modified)
                sync_directory(place.parent)
            except OSError as fault:
                trouble[one.path] = PublishError(f"{place}: {advice(fault)}")
        return trouble

    def _ready(self, one: Content, body: bytes, written: Callable[[str], Collection[str]]) -> Path:
        """Where to write a document, where nothing of others is in the way."""
        place = placed(self._root, one.path)
        if place is None:
            raise PublishError(f"{one.path}: no place in {self._root} for a document; a link in the way?")
        place.parent.mkdir(parents=True, exist_ok=True)
        if one.path not in self._notes():
            self._noted = None  # another process may have written it
        if one.path not in self._notes() and place.exists():
            before = place.read_bytes()
            must_be_ours(place, digest(before) in {one.digest, *written(one.path)})
            twin = twin_of(place)
            must_be_ours(twin, not os.path.lexists(twin) or is_twin(twin, before) or is_twin(twin, body))
        return place

    def _remove(self, path: str) -> None:
        """Remove what we wrote, unless it was edited."""
        place, noted = placed(self._root, path), self._notes().get(path)
        if place is not None and noted is not None:
            remove_placed(place, noted)
            self._note({path: GONE})

    def _notes(self) -> dict[str, str]:
        if self._noted is None:
            self._noted = self._read()
        return self._noted

    def _read(self) -> dict[str, str]:
        try:
            lines = (self._root / NOTES).read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        except OSError as fault:
            raise PublishError(f"{self._root / NOTES}: {advice(fault)}") from fault
        noted: dict[str, str] = {}
        for line in lines:  # the last may be cut short by a crash: nothing was written then
            said, _, path = line.partition(" ")
            noted[path] = said
        noted = {path: said for path, said in noted.items() if path and said != GONE}
        if len(lines) > 2 * len(noted) + SPARE:
            replace_files([(self._root / NOTES, _lines(noted.items()))])
        return noted

    def _note(self, some: Mapping[str, str]) -> None:
        """Raises `OSError`."""
        noted = self._notes()
        new = {path: said for path, said in some.items() if noted.get(path, GONE) != said}
        if not new:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        with open(os.open(self._root / NOTES, flags, 0o644), "ab") as file:
            # A line that a crash has cut short ends here.
            file.write((b"\n" if file.tell() else b"") + _lines(new.items()))
            file.flush()
            os.fsync(file.fileno())
        for path, said in new.items():
            if said == GONE:
                noted.pop(path, None)
            else:
                noted[path] = said


def _lines(noted: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{said} {path}\n" for path, said in noted).encode("ascii")
