"""A desk for the admin pages: the store in memory, with sources in every state."""

from dataclasses import replace
from datetime import timedelta

from aggregator.model import (
    Due,
    Duplicate,
    Exchange,
    Explained,
    Memory,
    New,
    Score,
    Server,
    SourceInfo,
    UnreadEntry,
)
from aggregator.serve import Desk, Standing
from tests.contract.made import HOUR, NOW, SECOND, A, config, outcome, post, source
from tests.fakes import MemoryStore

NASTY = "<script>alert(1)</script>\"'&"
SECRET = "https://user:hunter2@secret.example/feed?key=s3cret"
STATES = {
    "fine": {"last_success": NOW},
    "broken": {"failures": 4, "last_error": "the server says 500", "last_result": "status 500"},
    "gone": {"failures": 1, "gone": True, "last_error": "410", "last_result": "status 410"},
    "quiet": {"silent": NOW - timedelta(days=9), "newest": NOW - timedelta(days=9), "rhythm": HOUR},
    "failing": {"failures": 1, "last_error": f"no feed: {NASTY}"},
}


def url(name):
    return f"https://{name}.example/feed"


class Scene:
    """What the pages look at; `desk` is what they are given."""

    def __init__(self):
        self.store = MemoryStore(NOW)
        named = [source(url(name), title=name.title()) for name in STATES]
        others = [
            source(SECRET, confidential=True),
            source(url("stopped"), title="Stopped", paused=True),
            source(url("novel"), title="Novel"),
            source(A, title=NASTY),
        ]
        self.config = config(*named, *others, server=Server(admin="127.0.0.1:0"))
        self.store.polls.sync(self.config, NOW)
        self.ready, self.asked = True, []
        self.standing = Standing("feeds.yaml", NOW)
        leases = {lease.source.url: lease for lease in self.store.polls.lease_due(NOW, 99)}
        first, copy = post("one", A, title=NASTY), post("copy", url("fine"), title="A copy")
        self._poll(leases[A], New(first), last_success=NOW, score=Score(requests=7, etag_good=5))
        alike = Duplicate(copy, first.id, "alike", similarity=0.83)
        for name, memory in STATES.items():
            self._poll(leases[url(name)], *([alike] if name == "fine" else []), **memory)
        self._poll(
            leases[SECRET], New(post("kept", SECRET)), last_success=NOW, info=SourceInfo("i", "Inside")
        )

    def _poll(self, lease, *verdicts, **memory):
        memory = Memory(last_poll=NOW, **{"last_result": "made", **memory})
        said = memory.last_error or memory.last_result
        exchange = Exchange(NOW, 200, 123_456, SECOND / 4, said, failed=bool(memory.last_error))
        unread = (UnreadEntry(2, "no title, no content"),)
        made = outcome(lease, *verdicts, memory=memory, exchange=exchange, unread=unread)
        made = replace(made, due=Due(NOW + HOUR, ("half the time between its posts",)))
        self.store.polls.commit([made], NOW)

    def _explain(self, asked):
        self.asked.append(asked)
        return Explained(asked, False, notes=(f"Nothing about {NASTY}",))

    @property
    def desk(self):
        return Desk(
            sources=self.store.sources,
            finder=self.store.finder,
            explain=self._explain,
            config=lambda: self.config,
            standing=lambda: self.standing,
            now=lambda: NOW,
            ready=lambda: self.ready,
            metrics=lambda: ("text/plain; version=0.0.4", b"up 1\n"),
        )
