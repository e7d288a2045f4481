"""Pure. Sources, as far as they may be why a post is not there: asked or not, failing, what they left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aggregator.model import ExplainedSource, ListedPost, SourceStatus, StoredPost, Url
from aggregator.pipeline.explaining.around import Around, when
from aggregator.pipeline.explaining.posts import hidden
from aggregator.syntax import urls
from aggregator.syntax.counting import counted

MOST = 10
"""Sources that are named where nothing was found."""
_TAG = re.compile(r"tag:(?:[^,@]*@)?([^,:]+),")


def explained(url: Url, around: Around, newest: Sequence[StoredPost] = ()) -> ExplainedSource:
    """What is known of a source, with some of its posts."""
    source, status = around.source(url), around.status(url)
    return ExplainedSource(
        source=around.name(url),
        url=url if source is not None and not source.confidential else None,
        state=tuple(_state(url, around)),
        unread=status.unread if status else (),
        newest=tuple(ListedPost(one.post.id, one.post.title, hidden(one, around)) for one in newest),
    )


def _state(url: Url, around: Around) -> Iterator[str]:
    source, status = around.source(url), around.status(url)
    if source is None:
        yield "not in the file any more: it is not asked, and none of its posts is shown"
    elif source.paused:
        yield "`paused` in the file: it is not asked; what is out stays"
    if status is not None and status.taken is not None:
        yield f"taken down on {when(status.taken)}, for good: nothing that it sends is shown; remove it"
    if status is None:
        yield "not polled yet: neither the daemon nor `once` has seen it in the file"
        return
    yield from _polls(status, asked=source is not None and not source.paused)
    dropped = f", and of posts that rules drop: {status.dropped}" if status.dropped else ""
    yield f"number of stored posts: {status.posts}{dropped}"


def _polls(status: SourceStatus, *, asked: bool) -> Iterator[str]:
    memory = status.memory
    if memory.last_poll is None:
        yield "not polled yet"
    elif memory.last_error:
        times = f", {memory.failures} times in a row" if memory.failures > 1 else ""
        yield f"failing{times}: {memory.last_error}; last polled {when(memory.last_poll)}"
        last = when(memory.last_success) if memory.last_success else "never"
        yield f"last read: {last}"
    else:
        yield f"last polled {when(memory.last_poll)}: {memory.last_result}"
    if memory.gone:
        yield "its server says that it is gone for good (410): it is not asked any more"
    elif status.due is not None and asked:
        why = f" ({'; '.join(status.due.why)})" if status.due.why else ""
        yield f"next poll {when(status.due.at)}{why}"
    if status.host_paused_until is not None:
        yield f"its host said 429 and is left alone until {when(status.host_paused_until)}"
    if memory.overruns:
        times = counted(memory.overruns, "time")
        yield f"entries came and went between two polls, {times}; some may have been missed"


def suspects(asked: str, around: Around) -> tuple[list[Url], str]:
    """Sources that might have brought what was asked for, and what they have in common."""
    page = _page(asked)
    if page:
        near = [url for url in around.urls() if _is_of_site(page, url, around)]
        site = urls.key(page).partition("/")[0]
        return near[:MOST], f"Sources of {site}:" if near else f"No source that is known is of {site}."
    troubled = [url for url in around.urls() if _is_in_trouble(url, around)]
    if not troubled:
        return [], "Every source has been polled, and none fails or has left an entry out."
    return troubled[:MOST], "Sources that fail, were not polled yet, or have left entries out:"


def _page(asked: str) -> str:
    """A URL on the site that a link or an id names; "" where it names none."""
    tag = _TAG.match(asked)
    return urls.absolute("", f"https://{tag[1]}/" if tag else asked)


def _is_of_site(page: str, url: Url, around: Around) -> bool:
    status = around.status(url)
    memory = status.memory if status else None
    known = (url, memory.adopted, memory.info.home if memory.info else "") if memory else (url,)
    return any(urls.same_site(page, one) for one in known if one)


def _is_in_trouble(url: Url, around: Around) -> bool:
    source, status = around.source(url), around.status(url)
    if source is None:
        return False
    if status is None or status.memory.last_poll is None:
        return True
    return bool(status.memory.last_error or status.unread)
