"""Every misbehaviour of the hostile origin: what comes of it, and the word that says why."""

import asyncio
import sys
from pathlib import Path

import pytest

from aggregator.model import Fetched, FetchFailed, NotModified
from tests.wire.origin import fetcher, lease

HOSTILE = Path(__file__).parents[3] / "shared" / "hostile"
pytestmark = pytest.mark.skipif(not (HOSTILE / "server.py").exists(), reason="no hostile origin here")

READ = "read"
ENDLESS = "no complete answer within 2 s"
NO_WAY = "no http or https URL: "
TABLE = {
    # compression
    "/gzip-bomb?mb=20": ("size", "larger than 1,000,000 bytes"),
    "/deflate-bomb?mb=20": ("size", "larger than 1,000,000 bytes"),
    "/gzip-nested?mb=5": ("encoding", "'gzip, gzip'"),
    "/gzip-many": ("encoding", "'gzip, gzip, gzip"),
    "/gzip-truncated": ("encoding", "cut short"),
    "/gzip-garbage": ("encoding", "broken"),
    "/gzip-trailing": READ,
    "/gzip-multi": READ,
    "/zlib-as-deflate": READ,
    "/br-claimed": ("encoding", "'br'"),
    "/identity-claimed-gzip": ("encoding", "no gzip"),
    "/gzip-undeclared": READ,
    "/gzip-type": READ,
    # endless
    "/endless": ("size", "larger than"),
    "/endless-chunked": ("size", "larger than"),
    "/endless-xml": ("size", "larger than"),
    "/endless-headers": ("protocol", "Too many headers"),
    "/endless-1xx": ("timeout", ENDLESS),
    "/endless-chunk-ext": (
        "size timeout",
        "",
    ),  # most of it is extensions: what comes first, on a slow machine
    # slow
    "/drip": ("timeout", ENDLESS),
    "/slow-headers": ("timeout", ENDLESS),
    "/stall-before": ("timeout", ENDLESS),
    "/stall-middle": ("timeout", ENDLESS),
    # redirects
    "/loop": ("redirect", "in a circle"),
    "/ping": ("redirect", "in a circle"),
    "/chain?n=5": READ,
    "/chain?n=6": ("redirect", "more than 5 times"),
    "/redirect": READ,
    "/mixed-chain": READ,
    "/to-file": ("redirect", NO_WAY + "file:///etc/passwd"),
    "/to-ftp": ("redirect", NO_WAY + "ftp://127.0.0.1/x"),
    "/to-unix": ("redirect", NO_WAY + "http+unix:"),
    "/to-javascript": ("redirect", NO_WAY + "javascript:"),
    "/to-metadata": ("address", "the address 169.254.169.254 is not public"),
    "/to-private": ("address", "the address 10.0.0.1 is not public"),
    "/to-hex-ip": ("address", "the address 127.0.0.1 is not public"),
    "/to-v6-mapped": ("address", "::ffff:"),
    "/to-decimal-ip": ("redirect", "2130706433"),
    "/to-octal-ip": ("redirect", "0177.0.0.1"),
    "/to-zero": ("redirect", "redirected to 0"),
    "/to-localhost-names": ("address dns", "localhost."),  # whether it has an address, the resolver says
    "/to-bad-port": ("redirect", "cannot be asked for"),
    "/to-port-22": ("refused protocol", ""),  # its own host, and whatever listens there
    "/to-empty": ("redirect", "without a Location"),
    "/no-location": ("redirect", "without a Location"),
    "/to-long": ("protocol", "more than 16384 bytes"),
    "/to-relative": READ,
    "/to-schemeless": READ,
    "/to-userinfo": READ,
    "/to-fragment": READ,
    "/to-nonascii": READ,
    "/to-space": READ,
    "/to-crlf-encoded": READ,
    "/to-backslash": READ,  # a path, to us
    "/redirect-body?mb=5": READ,
    "/meta-refresh": READ,
    # framing
    "/short-body": ("protocol", "cut short"),
    "/long-body": READ,
    "/bad-chunk": ("protocol", "chunk size"),
    "/truncated-chunk": ("protocol", "cut short"),
    "/both-cl-te": ("protocol", "Transfer-Encoding"),
    "/two-cl": ("protocol", "Content-Length"),
    "/neg-cl": ("protocol", "Content-Length"),
    "/huge-cl": ("protocol", "cut short"),
    "/no-cl-close": READ,
    "/http09": ("protocol", "no valid HTTP answer"),
    "/http10": READ,
    "/bad-status": ("status", "999"),
    "/status?code=204": ("status", "204"),
    "/status?code=304": ("protocol", "304 Not Modified, although"),
    "/reset": ("protocol", ""),
    "/empty-reply": ("protocol", "ended before"),
    "/lf-only": READ,
    "/space-header": ("protocol", "Invalid header"),
    "/folded-header": READ,
    "/nul-header": ("protocol", "Invalid"),
    "/nonascii-header": READ,
    "/huge-header": ("protocol", "more than 16384 bytes"),
    "/many-headers": ("protocol", "Too many headers"),
    "/set-cookies": READ,
    # caching
    "/etag": READ,
    "/weak-etag": READ,
    "/etag-unquoted": READ,
    "/etag-huge": ("protocol", "more than 16384 bytes"),
    "/etag-changes": READ,
    "/etag-gzip-suffix": READ,
    "/lm": READ,
    "/lm-garbage": READ,
    "/lm-future": READ,
    "/304-always": ("protocol", "304 Not Modified, although"),
    "/304-with-body": ("protocol", "304 Not Modified, although"),
    "/max-age": READ,
    # limits
    "/429": ("status", "too many requests"),
    "/503": ("status", "not available"),
    "/retry-date": ("status", "too many requests"),
    "/410": ("status", "gone for good"),
    "/404": ("status", "not found"),
    "/401": ("status", "credentials"),
    "/403": ("status", "refuses"),
    # types
    "/type": READ,
    "/charset": READ,
    "/no-type": READ,
}
AGAIN = ("/etag", "/weak-etag", "/etag-unquoted", "/etag-gzip-suffix", "/lm", "/lm-garbage", "/lm-future")
HEADER_NAMES = {"host", "user-agent", "accept", "accept-encoding", "connection"}


def origin():
    sys.path.insert(0, str(HOSTILE))
    try:
        from server import HostileServer  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(HOSTILE))
    return HostileServer(max_seconds=8)


async def ask(client, server, path, **about):
    return await client.fetch(lease(server.url(path), **about))


def test_every_misbehaviour():
    """Each comes to its end, all of them at once, with the result that the table says."""

    async def main(server):
        client = fetcher(seconds=2, max_size=1_000_000)
        return await asyncio.gather(*(ask(client, server, path) for path in TABLE))

    with origin() as server:
        results = asyncio.run(main(server))
    wrong = {}
    for (path, expected), result in zip(TABLE.items(), results, strict=True):
        if expected == READ:
            right = isinstance(result, Fetched)
        else:
            kinds, word = expected
            right = isinstance(result, FetchFailed) and result.kind in kinds.split() and word in result.detail
            right = right and result.detail.isprintable() and len(result.detail) <= 200
        if not right:
            wrong[path] = result
    assert wrong == {}
    assert {name for request in server.log for name in request["headers"]} == HEADER_NAMES


def test_unchanged_whatever_the_validators_look_like():
    """They go back as they came, and the server knows them."""

    async def main(server):
        client = fetcher(seconds=5)
        results = []
        # One after the other: this origin reads the validators of whichever request came last.
        for path in AGAIN:
            first = (await ask(client, server, path)).validators
            results.append(await ask(client, server, path, etag=first.etag, modified=first.last_modified))
        results.append(await ask(client, server, "/304-with-body", etag='"a"'))
        results.append(await ask(client, server, "/304-always", etag='"a"'))
        return results

    with origin() as server:
        results = asyncio.run(main(server))
    assert [type(result) for result in results] == [NotModified] * (len(AGAIN) + 2)
