"""Bodies: every coding whole, cut at every place, and too large."""

import gzip
import random
import zlib

import pytest

from aggregator.fetch.inflate import Body
from aggregator.model import FetchFailed

TEXT = b"<feed>" + bytes(range(256)) * 20 + b"</feed>"


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def read(coding, wire, max_size=1_000_000, step=None):
    body = Body(coding, max_size)
    step = step or len(wire) or 1
    for start in range(0, len(wire), step):
        failure = body.feed(wire[start : start + step])
        if failure is not None:
            return failure
    return body.finish()


HALF = len(TEXT) // 2
WHOLE = [
    ("", TEXT),
    ("identity", TEXT),
    ("gzip", gzip.compress(TEXT)),
    (" GZip ", gzip.compress(TEXT)),
    ("x-gzip", gzip.compress(TEXT)),
    ("gzip", gzip.compress(TEXT[:HALF]) + gzip.compress(TEXT[HALF:])),
    ("gzip", gzip.compress(TEXT) + b"\0" * 50),
    ("gzip", gzip.compress(TEXT[:HALF]) + b"\0" * 9 + gzip.compress(TEXT[HALF:])),
    ("gzip", gzip.compress(TEXT) + b"junk" * 10),
    ("gzip", gzip.compress(TEXT) + b"\x1f"),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", raw_deflate(TEXT)),
    ("deflate", raw_deflate(TEXT) + b"junk"),
]


@pytest.mark.parametrize(("coding", "wire"), WHOLE)
@pytest.mark.parametrize("step", [1, 2, 3, 1000, None])
def test_whole_bodies(coding, wire, step):
    """A body is the same however the network cuts it."""
    assert read(coding, wire, step=step) == TEXT


@pytest.mark.parametrize(
    ("coding", "wire"),
    [("gzip", gzip.compress(TEXT)), ("deflate", zlib.compress(TEXT)), ("deflate", raw_deflate(TEXT))],
)
def test_a_cut_body_is_never_taken_for_a_whole_one(coding, wire):
    """Wherever the connection ended, the failure says that the coding is broken."""
    for end in range(1, len(wire)):
        result = read(coding, wire[:end])
        assert isinstance(result, FetchFailed), end
        assert result.kind == "encoding"


def test_a_cut_second_member():
    """Half a member after a whole one is a cut body too."""
    wire = gzip.compress(TEXT[:HALF]) + gzip.compress(TEXT[HALF:])
    assert read("gzip", wire[:-9]).kind == "encoding"


@pytest.mark.parametrize(
    "coding", ["gzip", "deflate", "x-gzip", "", "br", "gzip, gzip", "utf-8", "\x1b[31m" * 99]
)
def test_nothing_is_nothing(coding):
    """An answer without a body is empty whatever its coding says."""
    assert read(coding, b"") == b""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip,deflate", "utf-8", "\x1b[31m" * 99])
def test_codings_that_nobody_asked_for(coding):
    """An unknown or stacked coding ends the exchange with its first byte, in one clean line."""
    failure = read(coding, TEXT)
    assert failure.kind == "encoding"
    assert failure.detail.isprintable()
    assert len(failure.detail) < 120


def test_garbage():
    """What is not in its coding fails, and never raises; short noise may happen to be raw deflate."""
    for seed in range(300):
        noise = random.Random(seed).randbytes(200)
        assert isinstance(read("gzip", noise), FetchFailed)
        assert isinstance(read("deflate", noise), FetchFailed | bytes)
    assert read("gzip", TEXT).kind == "encoding"


@pytest.mark.parametrize(
    ("coding", "wire"),
    [
        ("", b"x" * 1001),
        ("gzip", gzip.compress(b"\0" * 50_000_000)),
        ("deflate", zlib.compress(b"\0" * 50_000_000)),
        ("gzip", gzip.compress(b"\0" * 600, mtime=0) * 2),
        ("gzip", gzip.compress(b"ok") + b"junk" * 500),
    ],
)
@pytest.mark.parametrize("step", [7, None])
def test_more_than_allowed(coding, wire, step):
    """Neither the bytes sent nor what they inflate to may pass the limit."""
    failure = read(coding, wire, max_size=1000, step=step)
    assert failure.kind == "size"
    assert "1,000 bytes" in failure.detail


def test_exactly_what_is_allowed():
    """The limit itself is still allowed."""
    assert read("gzip", gzip.compress(b"x" * 1000), max_size=1000) == b"x" * 1000
    assert read("", b"x" * 1000, max_size=1000) == b"x" * 1000


def test_a_bomb_of_many_members():
    """Empty members cost an inflater each, so there is a limit to them."""
    assert read("gzip", gzip.compress(b"") * 2000).kind == "encoding"
