"""Which hub our documents name, by what the file says."""

import pytest

from aggregator import websub
from aggregator.model import Server, Site

SITE = Site(url="https://news.example.org/")
OTHER = "https://hub.example/"


@pytest.mark.parametrize(
    ("server", "announced", "own", "pinged"),
    [
        (Server(), "https://news.example.org/hub", True, ""),
        (Server(listen=None), "", False, ""),
        (Server(hub=OTHER), OTHER, False, OTHER),
        (Server(hub=OTHER, listen=None), OTHER, False, OTHER),
        (Server(hub=False), "", False, ""),
    ],
)
def test_announced(server, announced, own, pinged):
    """Our own where we listen, that of somebody else wherever we are, none where none is wanted."""
    assert websub.announced(SITE, server) == announced
    assert websub.own_hub(server) is own
    assert websub.pinged_hub(server) == pinged
