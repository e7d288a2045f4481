"""Two pollers on one SQLite file, below the lock that keeps the second out so far, at the same time."""

import threading
from collections import Counter
from datetime import timedelta

from aggregator.model import Committed, Polling
from aggregator.store.polls import Polls, Remembered
from aggregator.store.sqlite import SQLite
from tests.contract.made import NOW, config, outcome, source

HOSTS, EACH = 6, 8


class Meeting:
    """Who is where, and who met there or came twice."""

    def __init__(self):
        self.busy, self.done, self.faults = Counter(), Counter(), []
        self._lock = threading.Lock()

    def begin(self, leases):
        with self._lock:
            self.busy.update(lease.source.host for lease in leases)
            self.faults += [host for host, exchanges in self.busy.items() if exchanges > 1]

    def end(self, lease):
        with self._lock:
            self.busy[lease.source.host] -= 1
            self.done[lease.source.url] += 1


def test_both_at_once(tmp_path):
    """As fast as they can, they never meet at a host, and poll nothing twice."""
    every = [f"https://h{n % HOSTS}.example/{n}" for n in range(HOSTS * EACH)]
    given = config(*map(source, every), polling=Polling(per_host_gap=timedelta(0)))
    databases = [SQLite(str(tmp_path / "store.db"), loops=True, now=NOW) for _ in range(2)]
    meeting = Meeting()

    def work(polls):
        while meeting.done.total() < len(every) and not meeting.faults:
            leases = polls.lease_due(NOW, 4)
            meeting.begin(leases)
            for lease in leases:
                meeting.end(lease)  # before the commit: from then on the host is free
                if polls.commit([outcome(lease)], NOW) != [Committed(frozenset())]:
                    meeting.faults.append(lease.source.url)

    threads = []
    for database in databases:
        polls = Polls(database, Remembered(), loops=True)
        polls.sync(given, NOW)
        threads.append(threading.Thread(target=work, args=(polls,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert meeting.faults == []
    assert meeting.done == Counter(every)
