"""Pure. A story: who speaks for it and why, in which documents it is, and why it is not in the others."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator import publish
from aggregator.model import (
    ExplainedDocument,
    ExplainedStory,
    Place,
    Scope,
    StoredPost,
    StoredStory,
    Story,
    Url,
    rank,
)
from aggregator.pipeline.explaining import lookalikes
from aggregator.pipeline.explaining.around import Around
from aggregator.pipeline.explaining.posts import explained, hidden

_FEEDS = (("atom", "feed.atom"), ("rss", "feed.rss"), ("json", "feed.json"), ("html", "index.html"))


def story(found: StoredStory, around: Around) -> ExplainedStory:
    """A whole story: its posts as they rank, the hidden ones last."""
    ranked = sorted(found.members, key=lambda stored: (bool(hidden(stored, around)), _rank(stored, around)))
    shown = [stored for stored in ranked if not hidden(stored, around)]
    return ExplainedStory(
        id=found.id,
        leader=shown[0].post.id if shown else None,
        leads_why=_leads_why(shown, around),
        posts=tuple(explained(stored, around) for stored in ranked),
        documents=_documents(found, shown, around),
        files=found.files,
        adopted=_adopted(found, around),
        page=around.findings.pages.get(found.id, ""),
        archives=tuple(publish.archive(category, number) for category, number in found.archives),
        lookalikes=lookalikes.explained(found, around),
    )


def _adopted(found: StoredStory, around: Around) -> tuple[str, ...]:
    """The files that were there before us and tell what one of its posts does, each once."""
    told = around.findings.adopted
    return tuple(dict.fromkeys(file for one in found.members for file in told.get(one.post.id, ())))


def _rank(stored: StoredPost, around: Around) -> tuple[object, ...]:
    post = stored.post
    return rank(post.standing, post.published, around.position(post.source), post.id)


def _leads_why(shown: Sequence[StoredPost], around: Around) -> str:
    """What the first one has over the second: the first part of their ranks that differs."""
    if not shown:
        return "nothing of it is shown"
    if len(shown) == 1:
        return "it is the only one that is shown"
    first, second = (stored.post for stored in shown[:2])
    if first.standing != second.standing:
        if second.standing == 2:
            return "it is no copy that names another feed as its source, as the next one does"
        return "it is told on its source's own site, and the next one is not"
    if first.published != second.published:
        return "it has the earliest date of those that have the same standing"
    if around.position(first.source) != around.position(second.source):
        return "it has the date of the next one, and its source comes first in the file"
    return "nothing but its id comes before the next one"


def _documents(
    found: StoredStory, shown: Sequence[StoredPost], around: Around
) -> tuple[ExplainedDocument, ...]:
    """Every document that the story has a place in, then those that its categories would let it be in."""
    placed = [_placed(place, around) for place in found.places]
    there = {place.scope for place in found.places}
    wanted: dict[Scope, None] = {}
    for stored in shown:
        wanted |= dict.fromkeys((*stored.post.categories, None))
    out = [_kept_out(scope, shown, around) for scope in wanted if scope not in there]
    return (*placed, *out)


def _placed(place: Place, around: Around) -> ExplainedDocument:
    told = around.findings.documents.get(place.scope, ())
    ids = [one.id for one in told]
    if place.shown in ids:
        why = "still to be rendered: the daemon, `once` or `publish` does it" if place.waits else ""
        number: int | None = ids.index(place.shown) + 1
    else:
        why, number = _left_out(place, told, around), None
    return ExplainedDocument(_path(place.scope, around), number, len(told), place.shown, why)


def _left_out(place: Place, told: Sequence[Story], around: Around) -> str:
    """Why a story that has its place in a scope is not in the document: too old, or one of too many."""
    cap = around.config.output.per_source
    if len(told) >= _entries(place.scope, around) and (not told or _comes_after(place, told[-1], around)):
        return (
            f"older than the newest {len(told)} that the document holds: it is number {place.number} of "
            f"{place.of}"
        )
    if cap:
        return f"its source has {cap} newer ones there, and `output.per_source` lets in no more"
    return "it has come or gone in this very moment; ask again"


def _comes_after(place: Place, last: Story, around: Around) -> bool:
    positions: dict[Url, int] = {m.source: around.position(m.source) for m in last.members}
    published = publish.primary(last.members, positions).published
    return (place.published, last.id) < (published, place.shown)


def _kept_out(scope: Scope, shown: Sequence[StoredPost], around: Around) -> ExplainedDocument:
    """A scope without a place for it: each of its posts there is held back."""
    held = [stored for stored in shown if scope in stored.held]
    told = around.findings.documents.get(scope, ())
    why = "it has come or gone in this very moment; ask again"
    if held:
        source = around.source(held[0].post.source)
        backlog = f" ({source.backlog})" if source else ""
        why = (
            "held back: its source came into the file after the document was first published, and only the "
            f"newest of its first poll went in, as many as `backlog` says{backlog}"
        )
    return ExplainedDocument(_path(scope, around), None, len(told), None, why)


def _entries(scope: Scope, around: Around) -> int:
    own = {category.slug: category.entries for category in around.findings.categories}
    return around.config.output.entries if scope is None else own.get(scope, around.config.output.entries)


def _path(scope: Scope, around: Around) -> str:
    formats = around.config.output.formats
    return publish.folder(scope) + next((file for name, file in _FEEDS if name in formats), "feed.atom")
