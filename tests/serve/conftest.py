"""A server for each test, over a shelf of documents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from aggregator.serve import Formerly
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


@pytest.fixture
def site(shelf, ready, old):
    hub = Route("/hub", lambda request: PlainTextResponse("hub"), methods=["POST"])
    running = Running(
        app(
            shelf,
            ready=lambda: ready[0],
            next_change=lambda: CLOCK.now() + timedelta(seconds=77),
            formerly=lambda: old[0],
            links=lambda path: [("self", f"https://news.example.org/{path}")],
            routes=[hub],
        ),
        patience=0.3,
    )
    running.call(running.server.start())
    yield running
    running.close()
