"""A subscriber, or a hub, on loopback: confirms what it is told to, keeps what it gets, and may misbehave."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass
class Got:
    """One request: its method and target, its fields by lower-case names, its body."""

    method: str
    target: str
    fields: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        """Every value of each name, decoded."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def said(self, name):
        """The one value of a field of the query that is named without `hub.`."""
        [value] = self.query[f"hub.{name}"]
        return value


def answer(status=200, body=b"", **fields):
    """An answer's bytes; fields with underscores for hyphens."""
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def echo(got):
    """Confirm everything, take everything."""
    return answer(200, got.said("challenge").encode()) if got.method == "GET" else answer(204)


class Subscriber:
    """`async with Subscriber() as r`; `r.says[path]` makes bytes of what came, or None to say nothing."""

    def __init__(self, default=echo):
        self.default, self.says, self.got = default, {}, []
        self.at_once = self.most_at_once = 0
        self._news = asyncio.Condition()

    async def __aenter__(self):
        self._writers = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    def url(self, target="/cb", host="127.0.0.1"):
        return f"http://{host}:{self.port}{target}"

    def came(self, method, path=None):
        return [got for got in self.got if got.method == method and path in (None, got.path)]

    async def wait_for(self, method, times=1, path=None):
        """What came in so far, once it is so much."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.came(method, path)) >= times)
        return self.came(method, path)

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *rest = head[:-4].split("\r\n")
            method, target, _ = first.split(" ")
            got = Got(method, target, {k.lower(): v for k, v in (line.split(": ", 1) for line in rest)})
            got.body = await reader.readexactly(int(got.fields.get("content-length", 0)))
            async with self._news:
                self.got.append(got)
                self._news.notify_all()
            said = self.says.get(got.path, self.default)(got)
            if asyncio.iscoroutine(said):
                said = await said
            if said is None:
                await asyncio.Event().wait()
            writer.write(said)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # who asked has had enough
        finally:
            self.at_once -= 1
            self._writers.discard(writer)
            writer.close()
