"""What Prometheus is told, and that the files in `deploy/` ask for nothing else."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from aggregator.model import Due, Errand, FetchFailed, Hints, Memory, NotModified, SourceStatus, Validators
from aggregator.observe import Metrics
from tests.pipeline.given import HOUR, NOW, SITE, decide, fetched, item, lease, poll, rss, source

DEPLOY = Path(__file__).parents[2] / "deploy"
ERRAND = replace(lease(), errand=Errand("archive", "https://a.example/2", NOW))
SECRET = "https://user:hunter2@secret.example/feed?key=s3cret"


def told(metrics, sources=(), statuses=(), **more):
    """The samples: name and labels -> value."""
    by_url = {one.url: one for one in sources}
    said = {"running": 2, "size": 4096, "now": NOW, **more}
    text = metrics.exposition(by_url, statuses, **said).decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def status(url, at=NOW + HOUR, posts=0, **memory):
    return SourceStatus(url, True, Memory(**memory), Due(at), posts)


def test_polls_are_counted_by_what_they_came_to():
    """With their time, their bytes and their entries."""
    metrics = Metrics()
    body = rss(item("one"), item("two"))
    answer = replace(fetched(body), took=timedelta(seconds=0.3))
    _, news = poll(lease(), answer)
    for outcome in (
        news,
        decide(lease(), NotModified(Validators(), Hints())),
        decide(lease(failures=2), FetchFailed("status", "the server says 500", status=500)),
        decide(lease(), answer),
    ):
        metrics.poll(outcome)
    found = told(metrics)
    polls = {key[1]: value for key, value in found.items() if key[0] == "aggregator_polls_total"}
    assert polls == {"news": 1, "unchanged": 1, "not_modified": 1, "failed": 1}
    assert found["aggregator_fetch_seconds_count",] == 4
    assert found["aggregator_fetch_seconds_sum",] == pytest.approx(0.6)
    assert found["aggregator_fetch_bytes_total",] == 2 * len(body)
    assert found["aggregator_entries_total", "new"] == 2
    assert found["aggregator_source_events_total", "broke"] == 1


def test_an_errand_is_no_poll():
    """It has a counter of its own."""
    metrics = Metrics()
    metrics.poll(
        decide(replace(lease(), errand=Errand("archive", "https://a.example/2", NOW)), FetchFailed("dns", ""))
    )
    found = told(metrics)
    assert found["aggregator_errands_total", "archive"] == 1
    assert found["aggregator_polls_total", "failed"] == found["aggregator_fetch_seconds_count",] == 0


def test_sources_by_health_and_what_is_due():
    """As the store says at the scrape."""
    sources = [source(f"https://{n}.example/") for n in range(4)]
    urls = [one.url for one in sources]
    found = told(
        Metrics(),
        sources,
        [
            status(urls[0], NOW - timedelta(seconds=90), posts=7, last_poll=NOW),
            status(urls[1], NOW - timedelta(seconds=30), posts=1, failures=3, last_poll=NOW),
            status(urls[2], failures=9, last_poll=NOW),
            replace(status(urls[3], last_poll=NOW, gone=True), due=None),
        ],
    )
    health = {key[1]: value for key, value in found.items() if key[0] == "aggregator_sources" and value}
    assert health == {"good": 1, "broken": 2, "gone": 1}
    assert found["aggregator_schedule_due",] == 2
    assert found["aggregator_schedule_lag_seconds",] == 90
    assert found["aggregator_store_posts",] == 8
    assert (found["aggregator_polls_running",], found["aggregator_store_bytes",]) == (2, 4096)
    assert told(Metrics())["aggregator_schedule_lag_seconds",] == 0


def test_a_refused_file():
    """Whether feeds.yaml as it is on disk is in force."""
    assert told(Metrics())["aggregator_config_refused",] == 0
    assert told(Metrics(), refused=True)["aggregator_config_refused",] == 1


def test_publishing():
    """Rounds, documents and failures."""
    metrics = Metrics()
    metrics.published(12, 1, timedelta(seconds=2))
    found = told(metrics)
    assert found["aggregator_publish_seconds_sum",] == 2
    assert found["aggregator_publish_documents_total",] == 12
    assert found["aggregator_publish_failures_total",] == 1


def test_no_label_names_a_source():
    """As many series for a thousand sources as for none, and nobody's URL."""
    metrics = Metrics()
    of = source(SECRET, confidential=True)
    before = told(metrics)
    for number in range(1000):
        each = replace(of, url=f"{SECRET}{number}")
        metrics.poll(decide(lease(each), FetchFailed("status", SECRET, status=400 + number % 99)))
    statuses = [status(f"{SECRET}{n}") for n in range(1000)]
    found = told(metrics, [of], statuses)
    assert found.keys() == before.keys()
    text = metrics.exposition({}, statuses, running=0, size=0, now=NOW)
    assert b"secret" not in text
    assert SITE.uuid.encode() not in text


def asked_for(text):
    """The names of ours in an expression."""
    return set(re.findall(r"\baggregator_\w+", text))


def there(metrics):
    """Every name that a query may use: of samples, with those that nothing has counted yet."""
    metrics.poll(decide(lease(failures=2), FetchFailed("status", "the server says 500", status=500)))
    metrics.poll(
        decide(replace(lease(), errand=Errand("archive", "https://a.example/2", NOW)), FetchFailed("dns", ""))
    )
    return {key[0] for key in told(metrics)}


def test_the_sample_alerts_ask_for_what_is_there():
    """Each has an expression of ours, how long to wait, and words."""
    groups = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 5
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
    expressions = " ".join(rule["expr"] for rule in rules)
    names = asked_for(expressions)
    assert names
    assert names <= there(Metrics())
    assert {"news", "failed"} >= set(re.findall(r'result="(\w+)"', expressions))


def test_the_sample_dashboard_asks_for_what_is_there():
    """It is JSON that Grafana imports, and every panel has a question of ours."""
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    assert board["title"]
    assert board["id"] is None
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 8
    known = there(Metrics())
    for panel in panels:
        questions = [target["expr"] for target in panel["targets"]]
        assert questions
        for question in questions:
            assert asked_for(question) <= known | {"process_resident_memory_bytes", "process_open_fds"}
            assert asked_for(question) or "process_" in question


def test_documents_that_are_read_whole_are_counted():
    """Where entries of them were known, and nothing could be spared by it."""
    metrics = Metrics()
    _, outcome = poll(lease(), rss(item("one")))
    for why in ("", "an empty item"):
        metrics.poll(replace(outcome, memory=replace(outcome.memory, whole_because=why)))
    assert told(metrics)["aggregator_documents_read_whole_total",] == 1
