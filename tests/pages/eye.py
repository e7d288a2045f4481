"""A browser window of some size and colour scheme, and what a person would find in it."""

import base64
import contextlib
import time

from tests.xss.browser import SECONDS, Browser

PHONE, DESK = 360, 1280


class Window(Browser):
    """`with Window(pages, profile) as window`; what a page asks for is in `window.requests`."""

    @contextlib.contextmanager
    def open(self, url, width=DESK, height=900, *, dark=False, media="screen"):
        """A page in a tab of its own, loaded; closed at the end."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            for domain in ("Page", "Network", "Runtime"):
                self._call(f"{domain}.enable")
            self._call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=width < 600,
            )
            self._call("Emulation.setScrollbarsHidden", hidden=True)
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            self._call("Emulation.setEmulatedMedia", media=media, features=[scheme])
            self._seen.requests, self._loaded = [], False
            self._call("Page.navigate", url=url)
            deadline = time.monotonic() + SECONDS
            while not self._loaded:
                self._event(deadline, f"{url} to load")
            yield self
        finally:
            self._session = None
            self._call("Target.closeTarget", targetId=target)

    @property
    def requests(self):
        """Addresses that the page that is open has asked for, itself included."""
        return [url for _, url in self._seen.requests]

    def ask(self, expression):
        """The value of a JavaScript expression in the page that is open; promises are waited for."""
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key="Tab"):
        """A key, as a person would press it."""
        for kind in ("rawKeyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=9)

    def picture(self, whole=True):
        """A PNG of the page that is open."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])
