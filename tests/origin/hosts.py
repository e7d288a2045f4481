"""Several hosts on loopback, whose feeds grow, and who keep score of who asked what when.

Each has an address of its own (127.0.0.2, 127.0.0.3, …), so that it is a host of its own to whoever polls it.
"""

import contextlib
import http.server
import itertools
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

FIRST = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
FIRST_HOST = 2


def feed(name, size):
    """A feed of so many dated entries, newest first."""
    items = "".join(
        f"<item><title>Post {n} of {name}</title><link>http://example.org/{name}/{n}</link>"
        f"<guid isPermaLink='false'>tag:example.org,2026:{name}/{n}</guid>"
        f"<pubDate>{format_datetime(FIRST + timedelta(minutes=7 * n, seconds=int(name)))}</pubDate>"
        f"<description>&lt;p&gt;Text {n} &amp;amp; more&lt;/p&gt;</description></item>"
        for n in reversed(range(size))
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed {name}</title>"
        f"<link>http://example.org/{name}/</link><description>d</description>{items}</channel></rss>"
    ).encode()


class Hosts:
    """`with Hosts(sources, hosts)`; source n is `/n.xml` at host n modulo their number, with one entry."""

    def __init__(self, sources, hosts, takes=0.0):
        """`takes`: seconds until each answer."""
        self._servers = [_Server((f"127.0.0.{FIRST_HOST + n}", 0), self) for n in range(hosts)]
        self._names = [str(n) for n in range(sources)]
        self._news = threading.Condition()
        self.takes = takes
        self.reset()

    def reset(self):
        """As at the beginning, at the same addresses."""
        self.sizes = dict.fromkeys(self._names, 1)
        self.asked = {name: [] for name in self._names}  # when, by a clock that only goes on
        self.statuses = Counter()
        self.seen = dict.fromkeys(self._names, 0)  # the size that was sent last
        self.most = Counter()  # exchanges at once, by host
        self.gaps = []  # seconds between the end of an exchange and the begin of the next at the same host
        self._busy, self._free = Counter(), {}
        self.gates = {}

    def __enter__(self):
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        for gate in self.gates.values():
            gate.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def urls(self):
        """Where each source is."""
        return {name: self._url(name) for name in self._names}

    def _url(self, name):
        address, port = self._servers[int(name) % len(self._servers)].server_address
        return f"http://{address}:{port}/{name}.xml"

    def hang(self, name):
        """Let a source answer only once what this returns is set."""
        self.gates[name] = threading.Event()
        return self.gates[name]

    def grow(self, name):
        """One more entry."""
        self.sizes[name] += 1

    def all_seen(self):
        """Whether somebody was sent all that there is."""
        return self.seen == self.sizes

    def wait_for(self, name, times, seconds=30.0):
        """Wait until a source was asked for so often."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.asked[name]) >= times, seconds), self.asked[name]

    def early(self, interval):
        """Sources that were asked again sooner than that, in words."""
        return [
            f"source {name}: asked again after {later - before:.2f} s"
            for name, times in self.asked.items()
            for before, later in itertools.pairwise(times)
            if later - before < interval
        ]

    def begin(self, host, name):
        """An exchange has begun."""
        with self._news:
            now = time.monotonic()
            self.asked[name].append(now)
            if host in self._free and not self._busy[host]:
                self.gaps.append(now - self._free[host])
            self._busy[host] += 1
            self.most[host] = max(self.most[host], self._busy[host])
            self._news.notify_all()

    def end(self, host, name, status, size):
        """An exchange has ended."""
        with self._news:
            self._busy[host] -= 1
            self._free[host] = time.monotonic()
            self.statuses[status] += 1
            self.seen[name] = size


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, hosts):
        self.hosts = hosts
        super().__init__(address, _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        hosts, host = self.server.hosts, self.server.server_address[0]
        name = self.path.strip("/").removesuffix(".xml")
        if name not in hosts.sizes:
            self.send_error(404)
            return
        hosts.begin(host, name)
        status, size = 0, hosts.seen[name]
        try:
            if hosts.takes:
                time.sleep(hosts.takes)
            if name in hosts.gates:
                hosts.gates[name].wait(60)
            size = hosts.sizes[name]
            etag = f'"{size}"'
            status = 304 if self.headers.get("If-None-Match") == etag else 200
            body = feed(name, size) if status == 200 else b""
            self.send_response(status)
            self.send_header("ETag", etag)
            if status == 200:
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)
        finally:
            hosts.end(host, name, status, size)

    def log_message(self, *_):
        pass
