"""An origin on loopback that says exactly the bytes it is told to, and remembers what it was asked."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aggregator.fetch import HttpFetcher
from aggregator.model import Lease, Memory, Polling, Source, Validators

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AGENT = "aggregator/1.0 (+https://example.org/about)"
FEED = b"<feed xmlns='http://www.w3.org/2005/Atom'/>"


class Noon:
    """A clock that stands still."""

    def now(self):
        return NOW


@dataclass
class Request:
    """What came: the target of its first line, and its fields in order, names in lower case."""

    target: str
    fields: list[tuple[str, bytes]] = field(default_factory=list)

    def get(self, name):
        return next((value for key, value in self.fields if key == name), None)


class Origin:
    """`async with Origin({"/feed": answer}) as origin`; an answer is bytes, or `async (request, writer)`.

    `{port}` in an answer's bytes is the origin's port.
    """

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    async def __aenter__(self):
        self._writers = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    def url(self, target="/feed", host="127.0.0.1"):
        return f"http://{host}:{self.port}{target}"

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head[:-4].split(b"\r\n")
            request = Request(first.split(b" ")[1].decode("latin-1"))
            for line in rest:
                name, _, value = line.partition(b":")
                request.fields.append((name.decode().lower(), value.strip()))
            self.asked.append(request)
            answer = self.answers[request.target.partition("?")[0]]
            if isinstance(answer, bytes):
                writer.write(answer.replace(b"{port}", b"%d" % self.port))
                await writer.drain()
            else:
                await answer(request, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has had enough
        finally:
            self._writers.discard(writer)
            writer.close()


def ok(body=FEED, *fields, status=b"200 OK"):
    """A whole answer with a Content-Length."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def to(location, status=302):
    """A redirect."""
    return ok(b"elsewhere", b"Location: " + location, status=b"%d Moved" % status)


def lease(url, *, private=True, etag=None, modified=None, given_by=None, **source):
    """A lease of a source on loopback, which needs `private`."""
    memory = Memory(validators=Validators(etag, modified), validators_from=given_by or url)
    return Lease(Source(url=url, private=private, **source), 1, memory)


def fetcher(*, seconds=20.0, max_size=100_000):
    return HttpFetcher(Polling(timeout=timedelta(seconds=seconds), max_size=max_size), AGENT, Noon())


def fetch(answers, *, target="/feed", host="127.0.0.1", seconds=20.0, max_size=100_000, **about):
    """Fetch one source from an origin; the result and the requests it saw."""

    async def main():
        async with Origin(answers) as origin:
            client = fetcher(seconds=seconds, max_size=max_size)
            given_by = about.pop("given_by", "")
            asked_for = lease(origin.url(target, host), given_by=given_by.format(port=origin.port), **about)
            result = await client.fetch(asked_for)
            await client.aclose()
            left = [repr(task) for task in asyncio.all_tasks() - {asyncio.current_task()}]
            # The server's own: one that answers, and asyncio's for a connection that is just being accepted.
            left = [task for task in left if "_serve" not in task and "_accept_connection2" not in task]
            assert not left, "the client left a task"
            return result, origin.asked, origin.port

    return asyncio.run(main())
