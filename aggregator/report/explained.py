"""Shell. What `explain` prints: the life of a post as plain lines, or the same facts as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from aggregator.model import Explained, ExplainedDocument, ExplainedPost, ExplainedSource, ExplainedStory
from aggregator.report.console import console

_SHOWN = {"full": "in full", "excerpt": "as an excerpt", "link": "as a link alone"}


def explained(answer: Explained) -> None:
    """Print it for people; nothing is cut."""
    out = console()
    for line in lines(answer):
        out.print(Text(line), soft_wrap=True)


def explained_json(answer: Explained) -> dict[str, Any]:
    """`explain --json`. Times are RFC 3339; `url` is null for a source whose URL nobody may see."""
    made: dict[str, Any] = _plain(asdict(answer))
    return made


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return value


def lines(answer: Explained) -> Iterator[str]:
    """It, line by line; what belongs to a heading is indented."""
    if not answer.found:
        yield f"Nothing is stored under {answer.asked}"
    yield from answer.notes
    for number, story in enumerate(answer.stories):
        yield from ("",) if number else ()
        yield from _story(story)
    for source in answer.sources:
        yield from ("",) if answer.stories or answer.notes else ()
        yield from _source(source)


def _story(story: ExplainedStory) -> Iterator[str]:
    several = len(story.posts) > 1
    if several:
        yield f"A story that {len(story.posts)} posts tell: {story.id}"
    for post in story.posts:
        yield from _post(post, story, several)
    anywhere = story.documents or story.archives or story.files or story.page or story.adopted
    yield "Where it is:" if anywhere else "Where it is: in no document"
    for document in story.documents:
        yield f"  {_document(document, story)}"
    for archive in story.archives:
        yield f"  {archive}: in this archive, for good"
    if story.page:
        yield f"  {story.page}: its own page"
    for file in story.files:
        yield f"  {file}: its Jekyll file"
    for file in story.adopted:
        yield f"  {file}: was there before us and tells it, so that no Jekyll file of ours does"
    yield from ("Much like it, and a story of its own:",) if story.lookalikes else ()
    for other in story.lookalikes:
        yield f"  {other.title} ({other.story}), {other.similarity:.0%} of the shorter text: {other.apart}"


def _post(post: ExplainedPost, story: ExplainedStory, several: bool) -> Iterator[str]:
    yield post.title
    yield f"  link: {post.link or 'none'}"
    yield f"  id: {post.id}, {post.id_why}"
    if post.guid not in ("", post.id):
        yield f"  guid: {post.guid}"
    yield f"  source: {post.source}"
    yield f"  first seen: {_when(post.first_seen)}"
    yield f"  published: {_when(post.published)}, {post.published_why}"
    yield f"  updated: {_when(post.updated)}, {post.updated_why}"
    for category in post.categories:
        yield f"  category: {category.slug} ({category.title}), {category.why}"
    if post.tags:
        yield f"  tags: {', '.join(post.tags)}"
    for rule in post.rules:
        yield f"  rule that fits: {rule}"
    yield f"  content: {_SHOWN[post.republish]}, {post.republish_why}"
    if several:
        yield f"  in the story: {post.joined_why}"
    if several and post.id == story.leader:
        yield f"  speaks for the story: {story.leads_why}"
    if post.hidden:
        yield f"  hidden: {post.hidden}"
    for note in post.notes:
        yield f"  note: {note}"


def _document(document: ExplainedDocument, story: ExplainedStory) -> str:
    if document.place is None:
        return f"{document.path}: not in it; {document.why}"
    under = f" under the id {document.shown}" if document.shown != story.id else ""
    more = f"; {document.why}" if document.why else ""
    return f"{document.path}: place {document.place} of {document.of}{under}{more}"


def _source(source: ExplainedSource) -> Iterator[str]:
    yield f"Source: {source.source}"
    for line in source.state:
        yield f"  {line}"
    for entry in source.unread:
        yield f"  left out of its last document: entry {entry.position + 1}, {entry.reason}"
    for post in source.newest:
        yield f"  post: {post.title} ({post.id}){f', hidden: {post.hidden}' if post.hidden else ''}"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
