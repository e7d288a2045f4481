"""What aiohttp is handed of an answer, piece by piece."""

import pytest

from aggregator.fetch.wire import _Heard, _Said

EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching\r\n\r\n"
HEAD = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
BARE = b"HTTP/1.1 200 OK\nA: b\n\n"
BODY = b"one\r\n\r\ntwo\n\nthree"


class Handler:
    """Takes what it is handed, until something has a word that it refuses."""

    def __init__(self, refuses=b"\0"):
        self.taken = []
        self._refuses = refuses

    def data_received(self, data):
        self.taken.append(data)

    def exception(self):
        return ValueError() if self._refuses in b"".join(self.taken) else None


def heard(*pieces, **how):
    handler = Handler(**how)
    protocol = _Heard(handler)
    for piece in pieces:
        protocol.data_received(piece)
    return handler.taken


@pytest.mark.parametrize("heads", [(HEAD,), (BARE,), (EARLY, HEAD), (EARLY, EARLY, BARE), (SWITCHING,)])
def test_each_head_comes_by_itself(heads):
    """And what follows the last of them as it came, blank lines and all."""
    assert heard(b"".join(heads) + BODY) == [*heads, BODY]
    assert heard(b"".join(heads), BODY, BODY) == [*heads, BODY, BODY]


@pytest.mark.parametrize("heads", [(HEAD,), (BARE,), (EARLY, HEAD)])
def test_wherever_it_is_cut(heads):
    """No byte is lost, held back or handed on twice, and no head has anything behind it."""
    whole = b"".join(heads) + BODY
    ends = [len(b"".join(heads[: n + 1])) for n in range(len(heads))]
    for cut in range(1, len(whole)):
        taken = heard(whole[:cut], whole[cut:])
        assert b"".join(taken) == whole
        assert {sum(map(len, taken[:n])) for n in range(len(taken))} >= set(ends)
    one_by_one = [bytes([octet]) for octet in whole]
    assert heard(*one_by_one) == one_by_one


def test_what_is_refused_ends_it():
    """Nothing that came with it is handed on."""
    assert heard(EARLY + HEAD + BODY, refuses=b"103") == [EARLY]


def test_fields_go_out_as_the_bytes_that_they_are():
    """aiohttp's UTF-8 of latin-1 text is turned back; and it is known that the request goes out."""
    written, gone = [], []

    class Transport:
        """Writes into a list."""

        def write(self, data):
            written.append(data)

    said = _Said(Transport(), lambda: gone.append(len(written)))
    assert gone == []
    said.write('If-None-Match: "\xff\xfe\xc3\xa9"\r\n'.encode())
    said.writelines(["X: \xe9".encode(), b"\r\n"])
    assert written == [b'If-None-Match: "\xff\xfe\xc3\xa9"\r\n', b"X: \xe9\r\n"]
    assert gone[0] == 0
