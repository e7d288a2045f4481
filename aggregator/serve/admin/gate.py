"""Shell. Who may ask the admin listener: by an address of ours, with the token where there is one.

- `Host` must be an IP address, a loopback name or the name that is listened on: a page elsewhere whose name
  has been pointed at us (DNS rebinding) has another one. Who brings the token as `Bearer` is a program that
  knows it, and may use whatever name leads here.
- The token comes as `Authorization: Bearer TOKEN`, or from browsers as the password of `Basic` with any user
  name (RFC 7617): they ask for it and keep it until they end, and it is in no URL, cookie or log.
- What changes something is refused from other sites (`Sec-Fetch-Site`, else `Origin`).

`/healthz` and `/readyz` are for probes, say nothing, and are free.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from aggregator.errors import ListenError
from aggregator.serve.listen import split_address

FREE = ("/healthz", "/readyz")
_SAFE = ("GET", "HEAD")
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def refusal(listen: str, token: str) -> str:
    """Why the admin pages may not be at this address, in words; "" where they may. Raises `ListenError`."""
    host, _ = split_address(listen)
    if token or _is_loopback(host):
        return ""
    return (
        f"the admin pages would be open to whoever reaches {listen}; set server.admin_token in the file "
        "(admin_token: ${ADMIN_TOKEN}), or listen on 127.0.0.1"
    )


class Gate:
    """An ASGI application that lets only those through to another one who may."""

    def __init__(self, inside: ASGIApp, *, listen: str, token: str) -> None:
        """Raises `ListenError` where `refusal` has something to say."""
        if why := refusal(listen, token):
            raise ListenError(why)
        self._inside, self._token = inside, token.encode()
        self._own = split_address(listen)[0].lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = None if scope["path"] in FREE else self._refused(scope["method"], Headers(scope=scope))
        await (answer or self._inside)(scope, receive, send)

    def _refused(self, method: str, headers: Headers) -> PlainTextResponse | None:
        bearer = _bearer(headers)
        known = bool(self._token) and hmac.compare_digest(bearer, self._token)
        if not known and not self._is_ours(headers.getlist("host")):
            return _refuse(421, "ask by an IP address, by localhost, or by the name in server.admin")
        if self._token and not known and not hmac.compare_digest(_password(headers), self._token):
            challenge = 'Basic realm="aggregator", charset="UTF-8"'
            return _refuse(401, "the password is server.admin_token", {"www-authenticate": challenge})
        if method not in _SAFE and _is_from_elsewhere(headers):
            return _refuse(403, "not from another site")
        return None

    def _is_ours(self, hosts: list[str]) -> bool:
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None:
            return False
        host = (match["six"] or match["name"]).lower().removesuffix(".")
        return _is_address(host) or host == "localhost" or host.endswith(".localhost") or host == self._own


def _is_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site's page is behind a request (Fetch Metadata; RFC 6454)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False  # no browser, or none that could be asked to do this
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        return True


def _bearer(headers: Headers) -> bytes:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip().encode("latin-1", "replace") if scheme.lower() == "bearer" else b""


def _password(headers: Headers) -> bytes:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _refuse(status: int, line: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{line}\n", status, {**SECURITY, **(headers or {})})
