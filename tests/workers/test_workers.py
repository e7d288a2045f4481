"""Reading in processes: what goes wrong with one body stays with that body."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.model import (
    Fetched,
    Hints,
    Items,
    Lease,
    Memory,
    Reading,
    SiteIdentity,
    Source,
    SourceInfo,
    Unreadable,
    Validators,
)
from aggregator.workers import WorkerReader
from tests.workers import readings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SITE = SiteIdentity("a-site", NOW)
URL = "https://example.org/feed"


def lease(**more):
    return Lease(Source(url=URL, **more), 1, Memory())


def body(text):
    return Fetched(text.encode(), "", URL, Validators(), Hints())


def run(*texts, workers=1, seconds=20, memory=1 << 30):
    """Read each text in turn with one reader; the results."""

    async def main():
        reader = WorkerReader(SITE, workers=workers, seconds=seconds, memory=memory, function=readings.read)
        try:
            return [await reader.read(lease(), body(text), NOW) for text in texts]
        finally:
            await reader.aclose()

    return asyncio.run(main())


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def wait_until(done, seconds=15):
    """Whether `done()` becomes true in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_what_takes_a_moment_needs_no_worker():
    """What `rest` reads comes from here; what it leaves or fails at, and what is first, from a worker."""
    asked = []

    def rest(_lease, fetched, _now, _identity):
        asked.append(fetched.body.decode())
        if fetched.body == b"fail":
            raise ValueError
        return ours if fetched.body == b"little" else None

    async def main():
        reader = WorkerReader(SITE, workers=1, function=readings.read, rest=rest)
        later = replace(lease(), items=Items("", ()))
        try:
            found = [await reader.read(later, body(text), NOW) for text in ("little", "much", "fail")]
            return [*found, await reader.read(lease(), body("first"), NOW)]
        finally:
            await reader.aclose()

    ours = Reading(SourceInfo(id="a-site", title="here"), ())
    assert asyncio.run(main()) == [ours, GOOD, GOOD, GOOD]
    assert asked == ["little", "much", "fail"]


GOOD = Reading(SourceInfo(id="a-site", title=URL), ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise", "the parser failed: ValueError: line one line two xxx"),
        ("raise-odd", "the parser failed: Unpicklable: odd"),
        ("leave", "the parser failed: SystemExit: 3"),
        ("die", "the process that read it ended with status 9"),
        ("segv", "the process that read it ended with signal 11"),
        ("allocate", "reading took more than 1024 MB; the document is hostile or far too large"),
    ],
)
def test_trouble_is_unreadable_with_its_reason(text, reason):
    """Whatever happens to a worker is told in one bounded line, and the next body is read as ever."""
    broken, good = run(text, "fine")
    assert isinstance(broken, Unreadable)
    assert broken.reason.startswith(reason)
    assert len(broken.reason) < 400
    assert "\n" not in broken.reason
    assert good == GOOD


def test_what_cannot_cross_back_is_unreadable():
    """A result that cannot be sent from the worker is trouble of that body alone."""
    broken, good = run("give-odd", "fine")
    assert isinstance(broken, Unreadable)
    assert good == GOOD


def test_a_body_that_takes_too_long_is_ended():
    """The deadline kills the worker; the text names it; the next body is read by a new one."""
    broken, good = run("loop", "fine", seconds=1)
    assert broken == Unreadable("reading took longer than 1 s; the document is hostile or far too large")
    assert good == GOOD


def reading(url, text):
    """A body of a source of its own."""
    source = Lease(Source(url=url), 1, Memory())
    return source, Fetched(text.encode(), "", URL, Validators(), Hints())


async def costly(reader, tmp_path, *names):
    """Bodies that take for ever: the first is read apart, the others wait for it. Tasks to cancel."""
    tasks = []
    for name in names:
        mark = tmp_path / name
        tasks.append(asyncio.create_task(reader.read(*reading(name, f"mark {mark}"), NOW)))
        assert await asyncio.to_thread(wait_until, mark.exists)
        if name == names[0]:
            mark.unlink()  # it comes again when the body is read a second time, apart
            assert await asyncio.to_thread(wait_until, mark.exists)
    return tasks


def test_costly_bodies_hold_up_only_each_other(tmp_path):
    """One that is not read quickly is read apart: the only quick place is free while it takes its time."""

    async def main():
        reader = WorkerReader(SITE, workers=1, seconds=60, quick=0.2, function=readings.read)
        try:
            tasks = await costly(reader, tmp_path, "hostile", "hostile-too")
            async with asyncio.timeout(20):
                good = [await reader.read(lease(), body("fine"), NOW) for _ in range(3)]
            return good, [task.done() for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            await reader.aclose()

    assert asyncio.run(main()) == ([GOOD] * 3, [False, False])


def test_a_source_that_was_costly_goes_apart_at_once(tmp_path):
    """Its next body never has a quick place: it waits for the costly one that is read now."""

    async def main():
        reader = WorkerReader(SITE, workers=1, seconds=60, quick=0.2, function=readings.read)
        try:
            tasks = await costly(reader, tmp_path, "hostile")
            again = tmp_path / "again"
            tasks.append(asyncio.create_task(reader.read(*reading("hostile", f"mark {again}"), NOW)))
            async with asyncio.timeout(20):
                good = [await reader.read(lease(), body("fine"), NOW) for _ in range(3)]
            return good, again.exists()
        finally:
            for task in tasks:
                task.cancel()
            await reader.aclose()

    assert asyncio.run(main()) == ([GOOD] * 3, False)


def test_costly_bodies_beyond_a_few_are_put_off(tmp_path):
    """They are not judged: it is this machine that has no time, and the same bytes are to be tried again."""

    async def main():
        reader = WorkerReader(SITE, workers=1, seconds=60, quick=0.1, function=readings.read)
        try:
            tasks = await costly(reader, tmp_path, "hostile", *"abcd")
            async with asyncio.timeout(20):
                return await reader.read(*reading("e", "loop"), NOW)
        finally:
            for task in tasks:
                task.cancel()
            await reader.aclose()

    reason = "not read yet: too many documents wait that take long to read"
    assert asyncio.run(main()) == Unreadable(reason, ours=True)


def test_a_document_that_takes_too_much_memory_is_told_so():
    """Also where the limit is met in the middle of a parser that outlives any other fault."""

    async def main():
        reader = WorkerReader(SITE, workers=1, memory=100 << 20)
        try:
            text = "<rss><channel><item><title>" + "<p>x</p>" * 1_200_000
            return await reader.read(lease(), body(text), NOW)
        finally:
            await reader.aclose()

    reason = "reading took more than 100 MB; the document is hostile or far too large"
    assert asyncio.run(main()) == Unreadable(reason)


def test_addresses_that_are_only_reserved_do_not_count():
    """The limit is on memory that is used: libraries reserve far more addresses than that."""
    [good] = run("reserve", memory=300 << 20)
    assert good == GOOD


def test_the_daemon_comes_first():
    """Where bodies keep every core busy, it still has the processor when it wants it."""
    [said] = run("nice")
    assert int(said.info.title) == min(os.nice(0) + 5, 19)


def test_signals_to_the_whole_group_leave_workers_alone():
    """Ctrl-C and SIGTERM are the daemon's affair: a reading under way is finished."""
    assert run("term", "fine") == [GOOD, GOOD]


def test_a_signal_to_the_fork_server_leaves_it_alone():
    """It has no terminal to heed either; killed, it would take the workers with it."""

    async def main():
        reader = WorkerReader(SITE, workers=1, function=readings.read)
        try:
            first = await reader.read(lease(), body("fine"), NOW)
            servers = [pid for pid in children(os.getpid()) if children(pid)]
            for pid in servers:
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGINT)
            second = await reader.read(lease(), body("sleep 0.2"), NOW)
            return first, second, servers, [alive(pid) for pid in servers]
        finally:
            await reader.aclose()

    first, second, servers, left = asyncio.run(main())
    assert first == second == GOOD
    assert servers
    assert all(left)


def test_a_pool_that_is_lost_is_replaced():
    """Workers killed from outside while idle cost nothing but a moment."""

    async def main():
        reader = WorkerReader(SITE, workers=2, function=readings.read)
        try:
            first = await reader.read(lease(), body("fine"), NOW)
            for pid in workers_of(os.getpid()):
                os.kill(pid, signal.SIGKILL)
            return first, await reader.read(lease(), body("fine"), NOW)
        finally:
            await reader.aclose()

    assert asyncio.run(main()) == (GOOD, GOOD)


def test_cancelling_a_read_frees_its_worker(tmp_path):
    """A read that is cancelled passes the cancellation on, and its worker ends."""
    mark = tmp_path / "pid"

    async def main():
        reader = WorkerReader(SITE, workers=1, function=readings.read)
        try:
            task = asyncio.create_task(reader.read(lease(), body(f"mark {mark}"), NOW))
            assert await asyncio.to_thread(wait_until, lambda: mark.exists() and mark.read_text())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            good = await reader.read(lease(), body("fine"), NOW)
            return good, await asyncio.to_thread(wait_until, lambda: not alive(int(mark.read_text())))
        finally:
            await reader.aclose()

    assert asyncio.run(main()) == (GOOD, True)


def test_closing_ends_a_busy_worker(tmp_path):
    """After `close` no worker is left, even one in the middle of a body, and the read does not hang."""
    mark = tmp_path / "pid"

    async def main():
        reader = WorkerReader(SITE, workers=2, seconds=60, function=readings.read)
        task = asyncio.create_task(reader.read(lease(), body(f"mark {mark}"), NOW))
        assert await asyncio.to_thread(wait_until, lambda: mark.exists() and mark.read_text())
        await reader.aclose()
        await reader.aclose()
        with pytest.raises(RuntimeError):
            await task
        return alive(int(mark.read_text()))

    assert asyncio.run(main()) is False


def test_no_more_bodies_than_workers_are_read_at_once(tmp_path):
    """Others wait for their turn, and all of them come to it."""

    async def main():
        reader = WorkerReader(SITE, workers=2, function=readings.read)
        try:
            return await asyncio.gather(*(reader.read(lease(), body("sleep 0.01"), NOW) for _ in range(12)))
        finally:
            await reader.aclose()

    assert asyncio.run(main()) == [GOOD] * 12


def test_a_confidential_source_stays_so_in_the_log(caplog):
    """What a parser says may hold the URL; for a confidential source the log does not repeat it."""

    async def main():
        reader = WorkerReader(SITE, workers=1, function=readings.read)
        try:
            await reader.read(lease(confidential=True, title="Ours"), body("raise"), NOW)
        finally:
            await reader.aclose()

    asyncio.run(main())
    assert "reading Ours failed" in caplog.text
    assert "line one" not in caplog.text
    assert URL not in caplog.text


SCRIPT = """
import asyncio, sys
from tests.workers.test_workers import NOW, SITE, body, lease, readings
from aggregator.workers import WorkerReader

async def main():
    reader = WorkerReader(SITE, workers=2, seconds=60, function=readings.read)
    await reader.read(lease(), body("mark " + sys.argv[1]), NOW)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_no_worker_outlives_a_killed_parent(tmp_path):
    """SIGKILL of the daemon ends its workers, busy and idle, and the fork server."""
    mark = tmp_path / "pid"
    script = tmp_path / "daemon.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parent.parent.parent
    process = subprocess.Popen(
        [sys.executable, script, mark],
        env=os.environ | {"PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,  # the resource tracker tells of the semaphores that it clears away
    )
    try:
        assert wait_until(lambda: mark.exists() and mark.read_text())
        family = workers_of(process.pid)
    finally:
        process.kill()
        process.wait()
    assert int(mark.read_text()) in family
    assert len(family) == 3  # two, and one for what is costly
    assert wait_until(lambda: not any(alive(pid) for pid in family))


def workers_of(parent):
    """The grandchildren of a process: what its fork server has forked."""
    return [pid for child in children(parent) for pid in children(child)]


def children(parent):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
