"""Shell. What an exception of aiohttp means for an operator: a failure in one line.

Only names what is known of the exception and the guard. No text holds a URL; of a confidential source, none
holds a host or what the server said either.
"""

from __future__ import annotations

import os

import aiohttp
import httpx

from aggregator.fetch.guard import Guard
from aggregator.fetch.response import line
from aggregator.model import FailureKind, FetchFailed

_WAY = "; for a feed on a private address write `private: true`"
_NO_WAY = "; `private: true` reaches the host that the feed's own URL names, and no other"


def explain(
    error: httpx.HTTPError | httpx.InvalidURL | aiohttp.ClientError,
    guard: Guard,
    *,
    host: str,
    own_host: bool,
    first: bool,
    quiet: bool,
) -> FetchFailed:
    """The failure that an exception stands for.

    `host` was asked; `own_host`: it is that of the configured URL; `first`: no redirect led there; `quiet`:
    the source is confidential. The transport turns most connection errors into `ConnectTimeout`, so the
    exception beneath decides.
    """
    beneath = error.__cause__ if isinstance(error, httpx.HTTPError) else None
    led = f"asked at {host}" if first else f"redirected to {host}"
    after = "" if own_host or quiet else f" ({led})"

    def failed(kind: FailureKind, text: str, said: str | None = None) -> FetchFailed:
        return FetchFailed(kind, line(text + (f": {said}" if said and not quiet else "") + after))

    match beneath or error:
        case aiohttp.ClientConnectorDNSError() as unknown:
            return failed(
                "dns", "the name has no address", unknown.os_error.strerror or str(unknown.os_error)
            )
        case aiohttp.ClientConnectorCertificateError() as untrusted:
            reason = getattr(untrusted.certificate_error, "verify_message", "")
            return failed("tls", "its certificate is not good", reason)
        case aiohttp.ClientSSLError() as insecure:
            return failed("tls", "no secure connection", getattr(insecure.os_error, "reason", None))
        case aiohttp.ClientConnectorError() if guard.refused and not guard.tried:
            address = "of its host" if quiet else ", ".join(guard.refused[:3])
            return failed("address", f"the address {address} is not public{_WAY if own_host else _NO_WAY}")
        case aiohttp.ClientConnectorError() as unreached:
            number = unreached.os_error.errno
            return failed("refused", _reason(number) or "no address took the connection")
        case aiohttp.InvalidURL() | httpx.InvalidURL():
            return failed("url" if first else "redirect", "a URL that cannot be asked for")
        case aiohttp.ServerDisconnectedError():
            return failed("protocol", "the connection ended before an answer came")
        case aiohttp.ClientResponseError() as unclear:
            return failed("protocol", "no valid HTTP answer", unclear.message)
        case aiohttp.ClientPayloadError() as cut:
            return failed("protocol", "the answer is cut short", getattr(cut.__cause__, "message", None))
        case OSError() as broken:
            return failed("protocol", "the connection broke", _reason(broken.errno))
        case other:
            return failed("protocol", "no valid HTTP answer", type(other).__name__)


def _reason(number: int | None) -> str | None:
    return os.strerror(number).lower() if number else None
