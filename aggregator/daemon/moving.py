"""Shell. Feeds into feeds.yaml, and out of it as OPML: `add --write`, `import`, `export`.

The file is replaced whole, and only by one that our own reader takes; its owner's text stays as it is.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aggregator import config
from aggregator.config import insertion, opml, pieces
from aggregator.config.pieces import FeedItem, Piece, category, feed
from aggregator.daemon.file import parse_config, read_bytes
from aggregator.errors import AggregatorError, ConfigError, StoreMissing
from aggregator.model import Config
from aggregator.pipeline.discovering import Offer
from aggregator.store import open_store


@dataclass(frozen=True, slots=True)
class MovingIn:
    """What an OPML list comes to as lines of feeds.yaml."""

    categories: tuple[Piece, ...]
    feeds: tuple[Piece, ...]
    known: tuple[str, ...] = ()  # URLs that the file has already
    refused: tuple[tuple[str, str], ...] = ()
    repaired: str = ""


def item(offer: Offer, *, category: str, title: str, private: bool) -> Piece:
    """What was found as an item of `feeds`; its own title goes into a remark, so that it may change."""
    named = (category,) if category else ()
    remark = "" if title else offer.reading.info.title
    return feed(FeedItem(offer.url, title, named, private, remark))


def listing(moving: MovingIn) -> str:
    """What moves in as YAML, to be pasted."""
    return pieces.listing(moving.categories, moving.feeds)


def write_into(path: Path, categories: Sequence[Piece], feeds: Sequence[Piece]) -> None:
    """Insert items into feeds.yaml, leaving every other byte; where it raises, nothing was written."""
    raw = read_bytes(path)
    config.decode(raw, str(path))  # a fault of its encoding is said with its place
    text = insertion.insert(raw.decode("utf-8"), "categories", categories)
    new = insertion.insert(text, "feeds", feeds).encode("utf-8")
    try:
        parse_config(new, path)
    except ConfigError as wrong:
        problems = "".join(f"\n  {problem}" for problem in wrong.problems)
        raise AggregatorError(
            f"nothing was written: the file would not be right any more:{problems}"
        ) from wrong
    _replace(path, raw, new)


def _replace(path: Path, old: bytes, new: bytes) -> None:
    """Put a file in the place of another at once, with its mode and owner; links are followed."""
    place = Path(os.path.realpath(path))
    temporary = ""
    try:
        seen = place.stat()
        descriptor, temporary = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".new", dir=place.parent)
        with open(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            os.fchmod(file.fileno(), seen.st_mode & 0o7777)
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.fchown(file.fileno(), seen.st_uid, seen.st_gid)
            os.fsync(file.fileno())
        if place.read_bytes() != old:
            raise AggregatorError(f"{path}: was edited meanwhile; nothing was written, run the command again")
        os.replace(temporary, place)
        temporary = ""
    except OSError as error:
        raise AggregatorError(f"{path}: cannot be replaced: {error.strerror}; nothing was written") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def moving_in(path: Path, file: Path) -> MovingIn:
    """An OPML list as items for feeds.yaml, without what that has already. Raises `AggregatorError`."""
    try:
        with file.open("rb") as opened:
            content = opened.read(opml.LARGEST + 1)
    except OSError as error:
        raise AggregatorError(f"{file}: cannot be read: {error.strerror}") from error
    listed = opml.read(content, str(file))
    given = parse_config(read_bytes(path), path) if path.exists() else Config()
    there = {source.url for source in given.sources}
    new = [one for one in listed.feeds if one.url not in there]
    slugs, made = opml.named([folder for one in new for folder in one.folders], given.categories)
    items = [
        FeedItem(
            one.url,
            one.title,
            tuple(dict.fromkeys((*(slugs[folder] for folder in one.folders), *one.templates))),
        )
        for one in new
    ]
    return MovingIn(
        tuple(category(slug, title) for slug, title in made.items() if slug != title),
        tuple(map(feed, items)),
        tuple(one.url for one in listed.feeds if one.url in there),
        listed.refused,
        listed.repaired,
    )


def moving_out(given: Config, *, confidential: bool) -> tuple[bytes, list[str]]:
    """The configured sources as OPML, and what is not in it, in words.

    Confidential sources are left out unless asked for; files always are, since nobody else has them.
    """
    listed = [s for s in given.sources if not s.path and (confidential or not s.confidential)]
    left = [s for s in given.sources if s not in listed]
    try:
        store = open_store(given.store, output=given.output.directory, loops=False, create=False)
    except StoreMissing:
        infos = {}
    else:
        with closing(store):
            infos = {
                one.url: one.memory.info for one in store.sources.sources() if one.memory.info is not None
            }
    said = [f"left out: {s.label} ({'a file' if s.path else 'confidential'})" for s in left]
    return opml.written(listed, given.categories, infos, title=given.site.title), said
