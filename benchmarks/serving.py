"""Rows about serving: answers a second, whole and not modified, against nginx with the same file.

wrk asks each server alone for a document of 300 KB, without compression, over connections that stay; for the
304s with the server's own validators (nginx wants both). One process of ours, and one worker of nginx.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from aggregator.model import Document
from aggregator.serve import HttpServer, app, quick
from aggregator.store import open_store
from benchmarks.table import Row

ROOT = Path(__file__).resolve().parent.parent
PATH = "category/news/feed.atom"
BYTES = 300_000
ROUNDS = 3
SECONDS = 3
CONNECTIONS = 16
_NGINX = """
daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  types {{ application/atom+xml atom; }}
  client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f;
  uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  server {{ listen 127.0.0.1:{port}; root {directory}/public; gzip off; }}
}}
"""


class Clock:
    """The real one."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - a server that is asked by others than us


async def serve(directory: str) -> None:
    """What we serve there, until standard input ends."""
    with open_store(f"{directory}/store.db", output=f"{directory}/public", loops=False) as store:
        application, at_once = app(store.documents, Clock(), ready=bool), quick(store.documents, Clock())
        server = HttpServer(application, "127.0.0.1:0", quick=at_once)
        await server.start()
        print(server.address.rpartition(":")[2], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await server.stop()


@contextmanager
def ours(directory: str) -> Iterator[int]:
    """The port of a process of ours."""
    command = [sys.executable, "-m", "benchmarks.serving", directory]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


@contextmanager
def nginx(directory: str) -> Iterator[int]:
    """The port of an nginx."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    conf = Path(directory, "nginx.conf")
    conf.write_text(_NGINX.format(directory=directory, port=port))
    os.chmod(directory, 0o755)  # its worker is another user
    with subprocess.Popen([_tool("nginx"), "-c", str(conf), "-e", f"{directory}/error.log"]) as process:
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert process.poll() is None, "nginx does not start"
            yield port
        finally:
            process.terminate()


def a_second(port: int, headers: dict[str, str], status: int) -> float:
    """Answers a second, as wrk counts them; all must have this status."""
    url = f"http://127.0.0.1:{port}/{PATH}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            said = answer.status
    except urllib.error.HTTPError as error:
        said = error.code
    assert said == status
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = [_tool("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *given, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told  # it takes a 304 for well
    found = re.search(r"Requests/sec:\s*([\d.]+)", told)
    assert found is not None
    return float(found[1])


def validators(port: int) -> dict[str, str]:
    """What a server says of the document, to be said back."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{PATH}") as answer:
        assert len(answer.read()) == BYTES
        return {"If-None-Match": answer.headers["etag"], "If-Modified-Since": answer.headers["last-modified"]}


def measured() -> dict[str, dict[int, float]]:
    """Answers a second by server and status: medians of rounds that take turns."""
    found: dict[str, dict[int, list[float]]] = {name: {200: [], 304: []} for name in ("ours", "nginx")}
    with tempfile.TemporaryDirectory() as directory:
        with open_store(f"{directory}/store.db", output=f"{directory}/public", loops=False) as store:
            body = (b"<entry>" + b"word " * 800 + b"</entry>\n") * BYTES
            store.documents.put(Document(PATH, "application/atom+xml", body[:BYTES]), Clock().now())
        with ours(directory) as our_port, nginx(directory) as port:
            for _ in range(ROUNDS):
                for name, asked in (("ours", our_port), ("nginx", port)):
                    found[name][200].append(a_second(asked, {}, 200))
                    found[name][304].append(a_second(asked, validators(asked), 304))
    return {name: {s: statistics.median(v) for s, v in rates.items()} for name, rates in found.items()}


def _tool(name: str) -> str:
    """Where a tool is; Debian keeps servers out of the usual path."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def rows() -> Iterator[Row]:
    """The rows of the table that are about serving."""
    goals = {200: (0.95, "level with nginx"), 304: (1 / 3, "a third of nginx")}
    missing = [name for name in ("wrk", "nginx") if not _tool(name)]
    rates = measured() if not missing else {}
    for status, (least, goal) in goals.items():
        measure = f"serving: {status}s a second, {BYTES // 1000} KB"
        if missing:
            yield Row(measure, goal, "-", None, f"no {missing[0]} here: apt install {missing[0]}")
            continue
        own, other = rates["ours"][status], rates["nginx"][status]
        detail = f"{own:,.0f} a second against {other:,.0f}, by wrk on the same cores"
        yield Row(measure, goal, f"{own / other:.2f}", own / other >= least, detail)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
