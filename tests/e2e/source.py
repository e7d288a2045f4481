"""Sources on loopback: documents with validators, answers that wait, and a log that can be waited for."""

import gzip
import hashlib
import http.server
import threading
from collections import Counter
from dataclasses import dataclass, field
from html import escape

SECONDS = 20.0  # that anything in these tests may take before it counts as failed


def rss(title, *names, extra=""):
    """A feed with an entry for each name; a name that begins with http is a link of its own."""
    items = "".join(
        f"<item><title>{escape(name)}</title>"
        f"<link>{name if name.startswith('http') else f'https://example.org/{title}/{name}'}</link>"
        f"<guid isPermaLink='false'>tag:example.org,2026:{title}/{n}</guid>"
        f"<pubDate>Tue, 03 Nov 2026 10:{n % 60:02}:00 GMT</pubDate>"
        f"<description>&lt;p&gt;Text of {escape(name)}.&lt;/p&gt;</description></item>"
        for n, name in enumerate(names)
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>"
        f"<title>{escape(title)}</title><link>https://example.org/{title}/</link>"
        f"<description>d</description>{extra}{items}</channel></rss>"
    ).encode()


@dataclass
class Asked:
    """One request, as it came, and how it was answered (0: not yet)."""

    path: str
    headers: dict
    status: int = 0


@dataclass
class Answer:
    """What is at a path; with a gate, only once that is open."""

    body: bytes
    status: int = 200
    headers: dict = field(default_factory=dict)
    gate: threading.Event | None = None

    @property
    def etag(self):
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


class SourceServer(http.server.ThreadingHTTPServer):
    """`with SourceServer() as sources`; what is put at a path is served from then on."""

    daemon_threads = True

    def __init__(self):
        self.answers, self.log = {}, []
        self._news = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __exit__(self, *_):
        for answer in self.answers.values():
            if answer.gate is not None:
                answer.gate.set()
        self.shutdown()
        self.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    def put(self, path, body, status=200, **headers):
        """Serve a body; headers with underscores for hyphens."""
        self.answers[f"/{path}"] = Answer(
            body, status, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    def hang(self, path, body=b""):
        """Answer with a body, but not before what this returns is set."""
        self.answers[f"/{path}"] = Answer(body, gate=threading.Event())
        return self.answers[f"/{path}"].gate

    def times(self, path):
        """How often a path was asked for."""
        return Counter(asked.path for asked in self.log)[f"/{path}"]

    def statuses(self, path):
        return [asked.status for asked in self.log if asked.path == f"/{path}"]

    def wait_for(self, path, times=1):
        """Wait until a path was asked for so often."""
        with self._news:
            if not self._news.wait_for(lambda: self.times(path) >= times, SECONDS):
                raise TimeoutError(f"/{path} was asked for {self.times(path)} times, not {times}")

    def note(self, asked):
        with self._news:
            self.log.append(asked)
            self._news.notify_all()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
        self.server.note(asked)
        answer = self.server.answers.get(self.path) or Answer(b"nothing here", 404)
        if answer.gate is not None:
            answer.gate.wait()
        asked.status, body = answer.status, answer.body
        if answer.status == 200 and asked.headers.get("if-none-match") == answer.etag:
            asked.status, body = 304, b""
        headers = {"ETag": answer.etag, "Content-Type": "application/rss+xml", **answer.headers}
        if asked.status == 200 and "gzip" in asked.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        try:
            self.send_response(asked.status)
            for name, value in headers.items():
                self.send_header(name, value)
            if asked.status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # the daemon has had enough

    def log_message(self, *_):
        """The log above is enough."""
