"""Subscribers of our hub on loopback, all at one host: they confirm everything, and keep what they get."""

import http.client
import http.server
import threading
from contextlib import closing
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.e2e.source import SECONDS


class Readers(http.server.ThreadingHTTPServer):
    """`with Readers() as readers`; `got` holds the path, the headers and the body of each delivery."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self):
        self.got, self.confirmed = [], []
        self._news = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    def subscribe(self, port, topic, path, **said):
        """Ask the hub that listens on a port; its status."""
        fields = {"mode": "subscribe", "topic": topic, "callback": self.url(path), **said}
        form = urlencode({f"hub.{name}": value for name, value in fields.items()})
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        with closing(connection):
            headers = {"content-type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/hub", form, headers)
            return connection.getresponse().status

    def note(self, kept, what):
        with self._news:
            kept.append(what)
            self._news.notify_all()

    def wait_for(self, kept, times):
        """Wait until so much has come; what."""
        with self._news:
            if not self._news.wait_for(lambda: len(kept) >= times, SECONDS):
                raise TimeoutError(f"{len(kept)} came, not {times}")
            return list(kept)


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        [challenge] = parse_qs(urlsplit(self.path).query)["hub.challenge"]
        self._say(200, challenge.encode())
        self.server.note(self.server.confirmed, urlsplit(self.path).path)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self._say(204, b"")
        self.server.note(self.server.got, (self.path, dict(self.headers), body))

    def _say(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""
