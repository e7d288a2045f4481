"""TLS on loopback in front of a daemon: Flask-WebSub's subscriber gives its secret to an https hub alone."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path


class Front:
    """`port` is set to where the daemon is; `url` is where it is to be reached."""

    def __init__(self) -> None:
        self.port, self.url = 0, ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes, both ways, until one side has ended."""
        with contextlib.suppress(OSError), contextlib.closing(writer):
            inside, out = await asyncio.open_connection("127.0.0.1", self.port)
            with contextlib.closing(out):
                await asyncio.wait(
                    [asyncio.create_task(_pour(reader, out)), asyncio.create_task(_pour(inside, writer))],
                    return_when=asyncio.FIRST_COMPLETED,
                )


@contextlib.contextmanager
def front(place: Path) -> Iterator[Front]:
    """One with the certificate of that place."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "server.pem", place / "server.key")
    made, loop = Front(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context))
    made.url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
