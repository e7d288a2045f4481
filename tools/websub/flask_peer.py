"""Flask-WebSub in a Python of its own: two hubs and a subscriber; a line of JSON in, a line of JSON out.

The hub at `/now` verifies and sends before it answers a request, the one at `/later` by a celery worker after
it. Both grant leases of a minute. First the port is told, then each line `[what, arguments...]` is answered.
"""

import json
import sys
import threading

from celery import Celery
from celery.contrib.testing.worker import start_worker
from flask import Flask
from flask_websub.errors import FlaskWebSubError
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.subscriber import (
    SQLite3SubscriberStorage,
    SQLite3TempSubscriberStorage,
    Subscriber,
    discover,
)
from werkzeug.serving import WSGIRequestHandler, make_server

place = sys.argv[1]
app = Flask(__name__)
app.config |= {
    "PUBLISH_SUPPORTED": True,
    "HUB_MIN_LEASE_SECONDS": 1,
    "HUB_DEFAULT_LEASE_SECONDS": 60,
    "HUB_MAX_LEASE_SECONDS": 60,
}
now = Celery("now", broker="memory://")
now.conf.task_always_eager = True
later = Celery("later", broker="memory://", backend="cache+memory://")
hubs = {}
for name, celery in (("now", now), ("later", later)):
    hubs[name] = Hub(SQLite3HubStorage(f"{place}/{name}.db"), celery, BACKOFF_BASE=0.5)
    app.register_blueprint(hubs[name].build_blueprint(url_prefix=f"/{name}"))

events = []
subscriber = Subscriber(
    SQLite3SubscriberStorage(f"{place}/subscriber.db"), SQLite3TempSubscriberStorage(f"{place}/waiting.db")
)
app.register_blueprint(subscriber.build_blueprint(url_prefix="/callbacks"))
subscriber.add_success_handler(lambda topic, id, mode: events.append([mode, topic, id]))
subscriber.add_error_handler(lambda topic, id, why: events.append(["denied", topic, id, why]))
subscriber.add_listener(lambda topic, id, body: events.append(["content", topic, id, body.decode()]))


class Quiet(WSGIRequestHandler):
    """No word of each request."""

    def log(self, *_):
        """Say nothing."""


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps(server.port), flush=True)


def answer(what, *said):
    """What is asked of the subscriber, or about the hubs."""
    match what:
        case "discover":
            return discover(*said)
        case "subscribe":
            return subscriber.subscribe(hub_url=said[0], topic_url=said[1])
        case "renew":
            return subscriber.renew(*said)
        case "unsubscribe":
            return subscriber.unsubscribe(*said)
        case "secret":
            return bool(subscriber.storage[said[0]]["secret"])
        case "events":
            return events
        case "subscribed":
            return [list(row) for row in hubs[said[0]].storage.get_callbacks(said[1])]
    raise ValueError(what)


with start_worker(later, pool="solo", perform_ping_check=False, loglevel="CRITICAL"):
    for line in sys.stdin:
        with app.test_request_context(base_url=f"http://127.0.0.1:{server.port}"):
            try:
                told = answer(*json.loads(line))
            except FlaskWebSubError as trouble:
                told = {"error": str(trouble)}
        print(json.dumps(told), flush=True)
