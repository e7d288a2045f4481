"""A proxy on loopback in front of a daemon: one address over all its restarts, and a count of answers."""

from __future__ import annotations

import http.client
import http.server
import threading
from collections import Counter
from contextlib import closing

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


class Front(http.server.ThreadingHTTPServer):
    """`with Front() as front`; `front.port` is set to where the daemon is, 0 while there is none."""

    daemon_threads = True

    def __init__(self) -> None:
        self.port = 0
        self.answers: Counter[tuple[str, str, int]] = Counter()  # agent, path, status
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def count(self, agent: str, path: str, status: int) -> int:
        """How often an agent, by a part of its name, got this."""
        return sum(
            times
            for (who, where, what), times in self.answers.items()
            if agent in who and where == f"/{path}" and what == status
        )


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Front

    def do_GET(self) -> None:
        agent = self.headers.get("User-Agent", "")
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)) as daemon:
                daemon.request(self.command, self.path, headers=dict(self.headers))
                answer = daemon.getresponse()
                status, headers, body = answer.status, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException):
            status, headers, body = 502, [], b""
        self.server.answers[agent, self.path, status] += 1
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """The counts are enough."""
