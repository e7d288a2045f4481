"""Pure. The articles of new posts: whose page is fetched, what it gives, and when it is not used.

First the site's robots.txt, where nobody knows what it says; then, at the host's next turn, the page. The
text of a page stands for the content of a post where it says more, and is judged by nobody: id, dates, keys,
story and changes of a post go by what its feed says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from aggregator.model import (
    Article,
    Changed,
    Due,
    Duplicate,
    Errand,
    Extracted,
    Fetched,
    FetchFailed,
    FetchResult,
    Lease,
    New,
    NotModified,
    PollOutcome,
    Post,
    ReadResult,
    Robots,
    RobotsRules,
    Unreadable,
    Url,
    Verdict,
    replace,
)
from aggregator.parse import article
from aggregator.syntax import html, robots, urls
from aggregator.syntax.counting import counted
from aggregator.syntax.text import fold

MOST = 10
"""Pages that one poll has fetched: of its newest posts."""
LONGEST_URL = 2000
"""Characters; an article whose link is longer is not fetched: errands are found by their URLs, which
PostgreSQL does where they are short."""
ATTEMPTS = 3
"""Failures after which the feed's own content is all there is."""
AGAIN = timedelta(hours=1)
"""How long a failed errand waits, and a site whose robots.txt cannot be had; doubled with each failure."""
ROBOTS_KEPT = timedelta(hours=24)
"""How long it is known what a robots.txt says (RFC 9309, 2.4)."""
LEAST = 240
"""Bytes of UTF-8 that an article has: a paragraph, or 80 Chinese characters. Stubs and notices have less."""
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+|[^\W\d_]+"
)
_UNPARTED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
SHARED = 0.5
"""The part of what the feed says that its article has to say, too; of a consent page next to nothing is."""


def reads_articles() -> bool:
    """Whether what reads pages is installed."""
    return article.available()


def asked(lease: Lease, verdicts: Iterable[Verdict], now: datetime) -> tuple[Errand, ...]:
    """The articles to be fetched after a poll or push: of new posts, and of those whose entry has changed."""
    if not lease.source.full_text or (lease.errand is not None and lease.errand.kind != "push"):
        return ()
    posts = [
        v.post
        for v in verdicts
        if isinstance(v, New | Duplicate) or (isinstance(v, Changed) and not v.reason)
    ]
    newest = sorted(
        (post for post in posts if _has_article(post)), key=lambda post: post.published, reverse=True
    )
    return tuple(Errand("article", Url(post.link), now, post=post.id) for post in newest[:MOST])


def _has_article(post: Post) -> bool:
    usable = len(post.link) <= LONGEST_URL and bool(urls.absolute("", post.link))
    return post.whole and post.names_entry and not post.dropped and usable


def unasked(lease: Lease) -> FetchFailed | None:
    """What an errand ends with that nobody is to be asked for; None where somebody is."""
    errand = lease.errand
    if errand is None or errand.kind != "article":
        return None
    if not _is_wanted(lease):
        return FetchFailed("unasked", "nobody wants it any more", url=errand.url)
    if lease.robots is not None and lease.robots.trouble:
        return FetchFailed("unasked", f"robots.txt cannot be had: {lease.robots.trouble}", url=errand.url)
    if lease.robots is not None and not robots.allows(lease.robots.rules, errand.url):
        return FetchFailed("unasked", "its site's robots.txt disallows it", url=errand.url)
    return None


def _is_wanted(lease: Lease) -> bool:
    return lease.post is not None and lease.post.whole and lease.source.full_text


def read(lease: Lease, fetched: Fetched) -> Extracted | RobotsRules:
    """What an errand for an article has brought. Slow; may run in another process."""
    if lease.wants == "robots":
        return RobotsRules(robots.rules(fetched.body))
    assert lease.post is not None  # else nobody was asked
    assert lease.robots is not None
    post = lease.post
    if not robots.allows(lease.robots.rules, fetched.url):
        return Extracted(why_not="it redirects to what its site's robots.txt disallows")
    # The address of a confidential source may have led elsewhere on its host, which is nobody's business.
    page = article.page(fetched, post.link if lease.source.confidential else fetched.url)
    text = html.sanitize(_without_title(page.markup, post.title), page.base).strip()
    return _judged(text, page, post)


def _without_title(markup: str, title: str) -> str:
    """The article without the headline above it that says what the title says."""
    start, end = markup.find("<h1>"), markup.find("</h1>")
    if 0 <= start < end and fold(html.to_text(markup[start:end])).lower() == fold(title).lower():
        return markup[:start] + markup[end + len("</h1>") :]
    return markup


def _judged(text: str, page: article.Page, post: Post) -> Extracted:
    """Whether it may stand for what the feed has: a stub, a notice or another article may not."""
    plain, has = html.to_text(text), html.to_text(post.content or post.summary)
    if page.paid:
        return Extracted(why_not="the page says that it is not free to read")
    if _weight(plain) < LEAST:
        return Extracted(why_not="no article was found in the page, or hardly any text of one")
    if len(plain) < len(has):
        return Extracted(why_not=f"the page has less than the feed: {len(plain)} of {len(has)} characters")
    said = _pieces(f"{post.title} {has}")
    if said and len(said & _pieces(f"{page.title} {plain}")) < SHARED * len(said):
        return Extracted(why_not="the page says something else than the feed")
    return Extracted(text)


def _weight(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _pieces(text: str) -> frozenset[str]:
    """The words of a text but for the short ones; of languages that do not part them, pairs of characters."""
    pieces: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        size = 2 if _UNPARTED.match(word) else len(word)
        pieces.update(word[n : n + size] for n in range(len(word) - size + 1) if size == 2 or size >= 4)
    return frozenset(pieces)


def outcome(
    lease: Lease, errand: Errand, result: FetchResult, reading: ReadResult | None, now: datetime
) -> PollOutcome:
    """How an errand for an article ended, and whether it goes on."""
    if not _is_wanted(lease):
        return PollOutcome(lease, now, Due(now), lease.memory, result="not wanted any more")
    if lease.wants == "robots":
        return _robots(lease, errand, result, reading, now)
    match result, reading:
        case Fetched(), Extracted(text=text) if text:
            said = f"extracted from {errand.url}"
            return _over(lease, errand, text, said, now)
        case Fetched(), Extracted(why_not=why_not):
            return _over(lease, errand, "", why_not, now)
        case _, Unreadable(reason=reason, ours=ours):
            why = f"its page cannot be read: {reason}"
            return (
                _failed(lease, errand, why, now + AGAIN, now) if ours else _over(lease, errand, "", why, now)
            )
        case FetchFailed(), _:
            if lease.robots is not None and lease.robots.trouble:
                return _failed(lease, errand, result.detail, lease.robots.until, now)
            if _is_final(result):
                return _over(lease, errand, "", result.detail, now)
            at = max(now + AGAIN * 2**errand.attempts, result.hints.retry_after or now)
            return _failed(lease, errand, result.detail, at, now)
        case _:
            return _over(lease, errand, "", "its page brought nothing", now)


def _is_final(result: FetchFailed) -> bool:
    """Whether asking again would bring the same: a word of the server's about it, or one of ours."""
    if result.kind == "status":
        status = result.status or 0
        return 300 <= status < 500 and status not in (408, 425, 429)
    return result.kind in ("media", "unasked", "redirect", "address", "size", "encoding", "url")


def _failed(lease: Lease, errand: Errand, why: str, again: datetime, now: datetime) -> PollOutcome:
    """Once more later, unless it was tried often enough."""
    attempts = errand.attempts + 1
    if attempts >= ATTEMPTS:
        return _over(lease, errand, "", f"{why}; tried {attempts} times", now)
    following = replace(errand, due=again, attempts=attempts)
    return PollOutcome(lease, now, Due(again), lease.memory, errands=(following,), result=why)


def _over(lease: Lease, errand: Errand, text: str, said: str, now: datetime) -> PollOutcome:
    assert lease.post is not None  # else it was not wanted
    done = Article(lease.post.id, text, said if text else f"the feed's own content: {said}")
    return PollOutcome(lease, now, Due(now), lease.memory, result=said, article=done)


def _robots(
    lease: Lease, errand: Errand, result: FetchResult, reading: ReadResult | None, now: datetime
) -> PollOutcome:
    """What a site has said of robots: remembered for all its articles; the errand goes on with that."""
    match result, reading:
        case Fetched(), RobotsRules(rules=rules):
            known = Robots(errand.site, now + ROBOTS_KEPT, rules)
        case FetchFailed(kind="status", status=status), _ if status is not None and (
            status in (200, 203, 204, 404, 410) or (400 <= status < 500 and status not in (408, 425, 429))
        ):  # an empty one, or none: nobody is kept out (RFC 9309, 2.3.1.3)
            known = Robots(errand.site, now + ROBOTS_KEPT)
        case _:
            known = Robots(errand.site, _retry(result, now), trouble=_why(result, reading))
    following = replace(errand, due=now)
    if known.trouble:
        ended = _failed(lease, errand, f"robots.txt cannot be had: {known.trouble}", known.until, now)
        return replace(ended, robots=known)
    said = f"robots.txt read: {counted(len(known.rules), 'rule')} for us"
    return PollOutcome(lease, now, Due(now), lease.memory, errands=(following,), result=said, robots=known)


def _retry(result: FetchResult, now: datetime) -> datetime:
    return max(now + AGAIN, result.hints.retry_after or now)


def _why(result: FetchResult, reading: ReadResult | None) -> str:
    match result, reading:
        case FetchFailed(), _:
            return result.detail
        case _, Unreadable():
            return reading.reason
        case ((Fetched() | NotModified()), _):
            return "nothing to read"
