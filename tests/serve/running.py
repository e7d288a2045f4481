"""The real server on loopback, over documents by path, and a client that says what it likes."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import http.client
import socket
import threading
from datetime import UTC, datetime

from aggregator.errors import StoreError
from aggregator.model import Document
from aggregator.serve import HttpServer
from aggregator.serve import app as application
from tests.fakes import FixedClock

MODIFIED = datetime(2026, 11, 24, 12, tzinfo=UTC)
ATOM = "application/atom+xml; charset=utf-8"
CLOCK = FixedClock()


def app(documents, **given):
    """The application at a time of ours."""
    return application(documents, CLOCK, **given)


def stored(path, body, media_type="text/html; charset=utf-8"):
    """A document as a store gives it."""
    twin = gzip.compress(body, mtime=0)
    tags = [f'"{hashlib.sha256(data).hexdigest()[:20]}"' for data in (body, twin)]
    return Document(path, media_type, body, MODIFIED, tags[0], twin, tags[1])


class Shelf:
    """Documents by path; notes who asks, and where."""

    def __init__(self):
        self.documents = {
            document.path: document
            for document in (
                stored("index.html", b"<p>home</p>" * 50),
                stored("category/tech/index.html", b"<p>tech</p>"),
                stored("category/tech/feed.atom", b"<feed/>" * 200, ATOM),
            )
        }
        self.taken_down = {"post/2026/11/gone-1a2b3c4d.html"}
        self.asked = []
        self.peeked = []
        self.threads = set()
        self.broken = False

    def get(self, path):
        self.asked.append(path)
        self.threads.add(threading.get_ident())
        if self.broken:
            raise StoreError("the disk is gone")
        return self.documents.get(path)

    def peek(self, path):
        """What was asked for before is in memory."""
        self.peeked.append(path)
        return self.documents.get(path) if path in self.asked and not self.broken else None

    def gone(self, path):
        return path in self.taken_down


class Running:
    """A server in a loop of its own, in a thread of its own."""

    def __init__(self, application, listen="127.0.0.1:0", **given):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.server = HttpServer(application, listen, **given)

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def ask(self, method, path, **headers):
        host, _, port = self.server.address.rpartition(":")
        connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=10)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=names)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def connect(self):
        """A connection that says what it likes."""
        host, _, port = self.server.address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=10)

    def say(self, *said):
        """All that comes back to these bytes until the server closes."""
        with self.connect() as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for part in said:
                    connection.sendall(part)
            return to_the_end(connection)

    def close(self):
        self.call(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def to_the_end(connection):
    """All that comes until the other side closes, or resets."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            found += more
    return found
