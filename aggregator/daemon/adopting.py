"""Shell. A directory of Jekyll posts that is there already: read once, so that nothing is written twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aggregator.dedupe import sought
from aggregator.errors import AggregatorError
from aggregator.model import Config, Key
from aggregator.publish import addresses
from aggregator.store import open_store

POSTS = "_posts"
_SUFFIXES = (".md", ".markdown", ".html")
_SKIPPED = frozenset({"_site", "_drafts", "node_modules", "vendor"})


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of the files of a directory."""

    directory: str
    files: int
    new: int  # not adopted before
    ours: int  # that we wrote ourselves
    unlinked: tuple[str, ...]  # paths of those that say no link, so that nothing is known of them
    unreadable: tuple[tuple[str, str], ...]
    elsewhere: str | None  # where our posts are written, if not there; "": nowhere


def adopt(given: Config, directory: Path) -> Adopted:
    """Read the posts of a site, or of its `_posts`, and know what they link to. Raises `AggregatorError`."""
    root = os.path.realpath(directory)
    found = sorted(_posts(root))
    if not found:
        raise AggregatorError(f"{directory}: no posts are in it ({', '.join(_SUFFIXES)})")
    keys: dict[str, frozenset[Key]] = {}
    unlinked: list[str] = []
    unreadable: list[tuple[str, str]] = []
    ours = 0
    with closing(open_store(given.store, output=given.output.directory, loops=False)) as store:
        own: dict[str, frozenset[str]] = {}
        for path in found:
            folder, name = os.path.split(path)
            if folder not in own:
                own[folder] = store.adoption.ours(folder)
            if name in own[folder]:
                ours += 1
                continue
            try:
                said = addresses(Path(path).read_bytes())
            except OSError as error:
                unreadable.append((os.path.relpath(path, root), error.strerror or "cannot be read"))
                continue
            if said:
                keys[path] = frozenset(key for one in said for key in sought(one, given.sources))
            else:
                unlinked.append(os.path.relpath(path, root))
        new = store.adoption.adopt(keys)
    jekyll = given.output.jekyll
    written = os.path.realpath(jekyll.directory) if jekyll is not None else ""
    there = bool(written) and any(os.path.dirname(path) == written for path in found)
    return Adopted(
        str(directory), len(keys), new, ours, tuple(unlinked), tuple(unreadable), None if there else written
    )


def _posts(root: str) -> Iterator[str]:
    """Files of a tree that are posts: of the folders called `_posts`, where there are some."""
    every = list(_files(root))
    inside = [path for path in every if POSTS in Path(path).parts[len(Path(root).parts) - 1 :]]
    yield from inside or every


def _files(root: str) -> Iterator[str]:
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not name.startswith(".") and name not in _SKIPPED]
        for name in files:
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield os.path.join(folder, name)
