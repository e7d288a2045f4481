"""What we ask with: polite, complete, and nothing made up."""

import pytest

from aggregator.fetch.request import conditional, fields, sent
from aggregator.model import FetchFailed, Sent, Validators

AGENT = "aggregator/1.0 (+https://example.org/about)"


def asked(headers=(), validators=Validators(), credentials=None):  # noqa: B008 - a frozen value
    return dict(fields(AGENT, headers, validators, credentials))


def test_a_plain_request():
    """Who we are, what we read, and no more."""
    request = asked()
    assert set(request) == {b"user-agent", b"accept", b"accept-encoding"}
    assert request[b"user-agent"] == AGENT.encode()
    assert b"application/atom+xml" in request[b"accept"]
    assert request[b"accept-encoding"] == b"gzip, deflate"
    assert not conditional(list(request.items()))


@pytest.mark.parametrize(
    "word", ['"abc"', 'W/"a"', "unquoted", "yesterday-ish", "Thu, 01 Jan 2026 00:00:00 GMT"]
)
def test_validators_go_back_verbatim(word):
    """Both are sent, byte for byte."""
    request = asked(validators=Validators(word, word))
    assert request[b"if-none-match"] == request[b"if-modified-since"] == word.encode()
    assert conditional(list(request.items()))


@pytest.mark.parametrize("raw", ['"é"'.encode(), b'"\xff\xfe"', b"\x80\x9f"])
def test_a_validator_of_any_bytes_goes_back_as_it_came(raw):
    """They are kept as latin-1 text."""
    assert asked(validators=Validators(raw.decode("latin-1")))[b"if-none-match"] == raw


@pytest.mark.parametrize("word", ["a\r\nX-Injected: 1", "a\x00", "\u4e2d", "", None])
def test_a_validator_that_cannot_go_back_unaltered_stays_home(word):
    """Asking unconditionally is better than saying what the server never said."""
    assert b"if-none-match" not in asked(validators=Validators(etag=word))


def test_configured_headers():
    """They are added, and may replace our name and what we accept."""
    request = asked(headers=(("X-Key", " secret "), ("User-Agent", "other")))
    assert request[b"x-key"] == b"secret"
    assert request[b"user-agent"] == b"other"


@pytest.mark.parametrize("header", [("X Key", "a"), ("X-Key", "a\r\nb"), ("X-Key", "a\x00"), ("", "a")])
def test_headers_that_no_request_can_have(header):
    """They fail the exchange without repeating what may be a secret."""
    assert fields(AGENT, (header,), Validators(), None) == FetchFailed(
        "url", "a configured header has a character that no header may have"
    )


@pytest.mark.parametrize(
    "name", ["Host", "Accept-Encoding", "If-None-Match", "Connection", "Transfer-Encoding"]
)
def test_headers_that_are_ours(name):
    """How HTTP is spoken is not configured."""
    failure = fields(AGENT, ((name, "x"),), Validators(), None)
    assert failure.kind == "url"
    assert name in failure.detail


def test_credentials_of_a_url():
    """They become Basic authentication (RFC 7617), unless something else is configured."""
    assert asked(credentials=("usér", "p:w"))[b"authorization"] == b"Basic dXPDqXI6cDp3"
    assert asked((("Authorization", "Bearer x"),), credentials=("u", "p"))[b"authorization"] == b"Bearer x"


@pytest.mark.parametrize(
    ("went_out", "query", "expected"),
    [
        ((), False, Sent()),
        (
            ((b"If-None-Match", b'"\xff"'), (b"IF-MODIFIED-SINCE", b"x")),
            False,
            Sent(Validators('"\xff"', "x")),
        ),
        (((b"Cookie", b"a=b"), (b"Referer", b"/")), True, Sent(cookies=True, referer=True, query=True)),
    ],
)
def test_what_went_out(went_out, query, expected):
    """Told from the fields themselves, however they are spelled."""
    assert sent(went_out, query=query) == expected
