"""Pure. The score that a publisher would keep of us (`aggregator status --politeness`).

Counted from what went out, as it went out, against what the server had given before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from aggregator import schedule
from aggregator.model import FetchFailed, FetchResult, Lease, Score, Sent, replace


def counted(lease: Lease, result: FetchResult, now: datetime) -> Score:
    """The score after this poll; the same where nothing was sent. `lease` is from before it."""
    memory, score = lease.memory, lease.memory.score
    sent = _sent(lease, result)
    if sent is None:
        return score
    etag, modified = sent.validators.etag, sent.validators.last_modified
    etags = _place(etag, [one.etag for one in (memory.validators, *memory.former)])
    dates = _place(modified, [one.last_modified for one in (memory.validators, *memory.former)])
    binding = schedule.word(lease.source, memory)
    return replace(
        score,
        requests=score.requests + 1,
        unconditional=score.unconditional + (not etag and not modified),
        etag_good=score.etag_good + (etags == "good"),
        etag_late=score.etag_late + (etags == "late"),
        etag_bogus=score.etag_bogus + (etags == "bogus"),
        modified_good=score.modified_good + (dates == "good"),
        modified_late=score.modified_late + (dates == "late"),
        modified_bogus=score.modified_bogus + (dates == "bogus"),
        cookies=score.cookies + sent.cookies,
        referers=score.referers + sent.referer,
        queries=score.queries + sent.query,
        early=score.early + (binding is not None and (sent.at or now) < binding),
    )


def _sent(lease: Lease, result: FetchResult) -> Sent | None:
    """What went out; where only an answer says that something did, what was to go out."""
    if lease.source.path or result.sent is not None:
        return None if lease.source.path else result.sent
    if isinstance(result, FetchFailed) and result.status is None:
        return None
    return Sent(lease.memory.validators) if lease.conditional else Sent()


def _place(sent: str | None, given: Sequence[str | None]) -> Literal["", "good", "late", "bogus"]:
    """Whether a validator is the last that the server gave, an earlier one, or none of its own."""
    if not sent:
        return ""
    if sent == given[0]:
        return "good"
    return "late" if sent in given else "bogus"
