"""A server for each test, over a shelf of documents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from aggregator.serve import Formerly, quick
from tests.serve.running import CLOCK, Running, Shelf, app


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def ready():
    return [True]


@pytest.fixture
def old():
    """The old addresses that are in force."""
    return [Formerly()]


@pytest.fixture(params=["application", "at once"])
def site(shelf, ready, old, request):
    """The application alone, and with what answers usual requests before it is asked."""
    said = {
        "next_change": lambda: CLOCK.now() + timedelta(seconds=77),
        "links": lambda path: [("self", f"https://news.example.org/{path}")],
    }
    hub = Route("/hub", lambda request: PlainTextResponse("hub"), methods=["POST"])
    running = Running(
        app(
            shelf,
            ready=lambda: ready[0],
            formerly=lambda: old[0],
            routes=[hub],
            **said,
        ),
        quick=quick(shelf, CLOCK, **said) if request.param == "at once" else None,
        patience=0.3,
    )
    running.call(running.server.start())
    yield running
    running.close()
