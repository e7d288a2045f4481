"""Pure. The text of feeds.yaml -> `Config`, or every problem with its line and column.

The order: `document` reads the tree, `values` puts the environment in, `parts` holds each part against its
keys, `sources` and `settings` fit the parts together. Nothing is read or written here; paths are only
joined to the directory that the file is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aggregator.config import document
from aggregator.config.feed_keys import FeedKeys
from aggregator.config.parts import Feed, Parts, read
from aggregator.config.problems import Problem, failure, lines
from aggregator.config.settings import configuration
from aggregator.model import Config

_EMPTY = "the file is empty; write feeds: and below it a line like - https://example.org/feed.xml"


def decode(content: bytes, name: str) -> str:
    """The bytes of feeds.yaml as text. UTF-8 only; `ConfigError` points at the first byte that is not."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = error.object  # behind a byte order mark, where there is one
        *above, here = lines(said[: error.start].decode())
        found = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte 0x{said[error.start]:02X}"
        problem = Problem((len(above), len(here)), f"this is not UTF-8 ({found}); save the file as UTF-8")
        raise failure(name, [problem]) from error


def load(
    text: str,
    *,
    name: str,
    directory: str,
    environment: Mapping[str, str],
    further: Sequence[Mapping[str, str]] = (),
) -> Config:
    """The configuration that a text says, every default filled in, every path absolute.

    `name` is what problems call the file, `directory` the absolute path of the folder it is in,
    `environment` what `${NAME}` is looked up in. `further` are feeds, by their keys, that are taken as if
    they stood at the end of `feeds`, unless the file has their URL: to try out what it does not have.

    Raises `ConfigError` with all problems at once (a fault of YAML's grammar hides those behind it), each
    `NAME:LINE:COLUMN: what is wrong; what to write instead`, in the order of the file. Never raises anything
    else, whatever the text.
    """
    tree, problems = document.read(text.removeprefix("\ufeff"))
    if tree is None:
        raise failure(name, problems or [Problem((0, 0), _EMPTY)])
    match tree:
        case document.Scalar(null=True):
            raise failure(name, [*problems, Problem((0, 0), _EMPTY)])
        case document.Mapping(items=items) if not items:
            raise failure(name, [*problems, Problem((0, 0), _EMPTY)])
        case document.Mapping():
            parts = read(tree, environment)
            _add(parts, further)
        case _:
            what = "the file is a list" if isinstance(tree, document.Sequence) else "the file is one text"
            problem = Problem(tree.position, f"{what}; write feeds: above it")
            raise failure(name, [*problems, problem])
    config = configuration(parts, directory)
    if problems or parts.problems:
        raise failure(name, [*problems, *parts.problems])
    return config


def _add(parts: Parts, further: Sequence[Mapping[str, str]]) -> None:
    there = {feed.keys.url for feed in parts.feeds}
    parts.feeds += [
        Feed(("feeds", "further", number), FeedKeys.model_validate(keys), None)
        for number, keys in enumerate(further)
        if keys["url"] not in there
    ]
