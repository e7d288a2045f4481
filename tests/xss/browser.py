"""Headless Chromium over its debugging pipe, and everything that a page makes it do.

A script counts when the engine compiles it, whatever it then does; a request counts when the page wants it,
whether or not anybody answers. Content security policies are switched off: they are our second line, and
would hide that the first has fallen. All traffic, whatever its host, ends at a proxy on loopback.
"""

import base64
import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
HOST = "pages.test"
SECONDS = 30.0  # that anything may take before it counts as failed
ENOUGH = 20  # dialogs

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
    "--disable-extensions", "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
    "--disable-site-isolation-trials", "--autoplay-policy=no-user-gesture-required",
    "--proxy-bypass-list=<-loopback>", "--remote-debugging-pipe",
)  # fmt: skip
# Chromium wants its commands at descriptor 3 and answers at 4, which may be in use on the way there.
_AT_3_AND_4 = (
    "import fcntl, os, sys\n"
    "i, o = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3])\n"
    "os.dup2(i, 3), os.dup2(o, 4), os.execvp(sys.argv[3], sys.argv[3:])"
)
_GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
# The scheme of every address as the browser understands it, after a moment for what runs late.
_ADDRESSES = """new Promise(done => setTimeout(() => {
  const ADDRESSES = /^(?:xlink:)?(?:href|src|action|formaction|poster|data|cite|background|ping)$/i;
  const found = new Set();
  const look = page => {
    for (const one of page.querySelectorAll('*')) {
      for (const name of one.getAttributeNames()) {
        if (/^(?:on.*|style|srcdoc)$/i.test(name)) found.add('attribute ' + name);
        if (!ADDRESSES.test(name)) continue;
        try { found.add(new URL(one.getAttribute(name), page.baseURI).protocol); } catch { }
      }
      if (one.localName === 'iframe' && one.contentDocument) look(one.contentDocument);
    }
  };
  look(document);
  done([...found]);
}, WAIT))"""


@dataclass
class Seen:
    """What one page did."""

    scripts: list = field(default_factory=list)  # addresses of what was compiled in the page's own world
    dialogs: list = field(default_factory=list)  # their messages
    requests: list = field(default_factory=list)  # (type, URL), without the page itself
    addresses: set = field(default_factory=set)  # schemes that its attributes name; attributes that act

    @property
    def ran(self):
        return bool(self.scripts or self.dialogs)


class Pages(http.server.ThreadingHTTPServer):
    """A proxy: answers for `HOST` with what was put there, and for the rest of the world with what tempts."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        self.pages = {}
        super().__init__(("127.0.0.1", 0), _Proxy)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def put(self, path, html):
        self.pages[f"/{path}"] = html if isinstance(html, bytes) else html.encode("utf-8", "replace")
        return f"http://{HOST}/{path}"

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = urlsplit(self.path)
        if asked.hostname == HOST and asked.path in self.server.pages:
            kind = "text/css" if asked.path.endswith(".css") else "text/html; charset=utf-8"
            self._answer(200, kind, self.server.pages[asked.path])
        elif asked.hostname == HOST:
            self._answer(404, "text/plain", b"")
        elif asked.path.endswith(".js"):
            self._answer(200, "text/javascript", b"alert('from elsewhere')")
        else:
            self._answer(200, "image/gif", _GIF)

    def do_CONNECT(self):
        self._answer(502, "text/plain", b"")

    do_POST = do_HEAD = do_GET  # noqa: N815 - the names that http.server looks for

    def _answer(self, status, kind, body):
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)
        except OSError:
            pass  # the browser has gone elsewhere

    def log_message(self, *_):
        """The browser's own account is better."""


class Browser:
    """`with Browser(pages, directory) as browser`; one page at a time, each in a tab of its own."""

    def __init__(self, pages, profile):
        ours_in, self._to = os.pipe()
        self._from, ours_out = os.pipe()
        proxy = f"--proxy-server=http://127.0.0.1:{pages.server_address[1]}"
        command = [CHROMIUM, *_FLAGS, proxy, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _AT_3_AND_4, str(ours_in), str(ours_out), *command],
            pass_fds=(ours_in, ours_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours_in)
        os.close(ours_out)
        self._number, self._session, self._messages = 0, None, queue.SimpleQueue()
        self._seen, self._loaded, self._document = Seen(), False, ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        os.close(self._to)
        os.close(self._from)

    def visit(self, url, milliseconds=50):
        """Open a page, wait until it has loaded and then a moment more; what it did."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            return self._visit(url, milliseconds)
        finally:
            self._session = None
            self._call("Target.closeTarget", targetId=target)  # with the dialogs that it goes on to open

    def look(self, url, width, *, dark=False, picture=False):
        """Open a page on a screen so many pixels wide; what it did, how wide it came out, a PNG if wanted."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
            self._call("Emulation.setDeviceMetricsOverride", **screen)
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            self._call("Emulation.setEmulatedMedia", features=[scheme])
            seen = self._visit(url, 50, bypass=False)
            seen = replace(seen, scripts=list(seen.scripts))  # before we evaluate something ourselves
            asked = {"expression": "document.documentElement.scrollWidth", "returnByValue": True}
            wide = self._call("Runtime.evaluate", **asked)["result"]["value"]
            shot = {"format": "png", "captureBeyondViewport": True}
            png = self._call("Page.captureScreenshot", **shot).get("data", "") if picture else ""
            return seen, wide, base64.b64decode(png)
        finally:
            self._session = None
            self._call("Target.closeTarget", targetId=target)

    def _visit(self, url, milliseconds, bypass=True):
        for domain in ("Page", "Network", "Runtime", "Debugger"):
            self._call(f"{domain}.enable")
        self._call("Page.setBypassCSP", enabled=bypass)
        self._seen, self._loaded = Seen(), False
        frame = self._call("Page.navigate", url=url)["frameId"]
        deadline = time.monotonic() + SECONDS
        while not self._loaded and len(self._seen.dialogs) < ENOUGH:
            self._event(deadline, f"{url} to load")
        if not self._loaded:
            return self._seen  # every dialog that is closed opens the next
        world = self._call("Page.createIsolatedWorld", frameId=frame)["executionContextId"]
        expression = _ADDRESSES.replace("WAIT", str(milliseconds))
        answer = self._call(
            "Runtime.evaluate", expression=expression, contextId=world, awaitPromise=True, returnByValue=True
        )
        # A page that has gone elsewhere meanwhile answers nothing; its requests tell.
        self._seen.addresses = set(answer.get("result", {}).get("value") or ())
        self._seen.requests = [one for one in self._seen.requests if one != ("Document", url)]
        return self._seen

    def _send(self, method, parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        return self._number

    def _call(self, method, **parameters):
        number = self._send(method, parameters)
        deadline = time.monotonic() + SECONDS
        while (message := self._event(deadline, method)).get("id") != number:
            pass
        return message.get("result", {})

    def _event(self, deadline, what):
        """The next message, entered into what was seen."""
        try:
            message = self._messages.get(timeout=max(deadline - time.monotonic(), 0.01))
        except queue.Empty:
            raise AssertionError(f"Chromium: no {what} within {SECONDS:g} s") from None
        if message is None:
            raise AssertionError(f"Chromium ended, with {self.process.wait(SECONDS)}, before {what}")
        said = message.get("params", {})
        match message.get("method"):
            case "Debugger.scriptParsed" if said.get("executionContextAuxData", {}).get("isDefault"):
                self._seen.scripts.append(said["url"] or "inline")
            case "Page.javascriptDialogOpening" if message.get("sessionId") == self._session:
                self._seen.dialogs.append(said["message"])
                self._send("Page.handleJavaScriptDialog", {"accept": False})
            case "Network.requestWillBeSent":
                self._seen.requests.append((said.get("type", "?"), said["request"]["url"]))
            case "Page.loadEventFired":
                self._loaded = True
        return message

    def _read(self):
        rest = b""
        while data := os.read(self._from, 1 << 16):
            *whole, rest = (rest + data).split(b"\0")
            for one in whole:
                self._messages.put(json.loads(one))
        self._messages.put(None)
