"""The origin sees what it is there to see: a reader that does each thing wrong is told so."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.origin.behaviours import BEHAVIOURS
from tests.origin.life import AGENT
from tests.origin.origin import Origin

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
SHAPE = {
    "user-agent": AGENT.encode(),
    "accept": b"application/atom+xml, application/rss+xml, */*;q=0.1",
    "accept-encoding": b"gzip",
}
HOUR = timedelta(hours=1)


class Asker:
    """Asks one behaviour by hand."""

    def __init__(self, name):
        self.origin = Origin()
        here, elsewhere = f"https://a.example/{name}/", f"https://b.example/{name}/"
        self.origin.play([BEHAVIOURS[name](here, elsewhere, START)])
        self.watch = self.origin.each()[0]
        self.now = START

    def ask(self, after=timedelta(0), /, path="feed.xml", host="a.example", whole=True, **fields):
        """An exchange that takes a second; headers with underscores for hyphens, None takes one away."""
        self.now += after
        sent = SHAPE | {name.replace("_", "-"): value for name, value in fields.items()}
        pairs = [(name, value) for name, value in sent.items() if value is not None]
        folder = self.watch.behaviour.name()
        exchange = self.origin.begin(host, f"/{folder}/{path}", pairs, self.now)
        self.now += timedelta(seconds=1)
        self.origin.end(exchange, self.now, whole=whole)
        return exchange.answer

    def again(self, after, answer, **more):
        """Ask with the validators of an answer, as they came."""
        words = {"if_none_match": answer.get("etag"), "if_modified_since": answer.get("last-modified")}
        return self.ask(after, **words | more)

    @property
    def wrong(self):
        """What was wrong so far, without when and where."""
        return [line.split(": ", 1)[1] for line in self.origin.complaints()]


def test_a_polite_reader_is_blamed_for_nothing():
    """First without validators, then with what came, an hour later each time."""
    reader = Asker("steady")
    answer = reader.ask()
    assert reader.again(HOUR, answer).status == 304
    assert reader.again(HOUR, answer).status == 304
    columns = reader.watch.finish()
    assert (columns.requests, columns.conditional, columns.unconditional) == (3, 2, 1)
    assert (columns.etag_good, columns.modified_good, columns.early) == (2, 2, 0)
    assert reader.wrong == []


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"if_none_match": b"steady-5"}, "If-None-Match made up: b'steady-5'"),
        ({"if_modified_since": b"yesterday"}, "If-Modified-Since made up: b'yesterday'"),
        ({"if_none_match": None, "if_modified_since": None}, "asked without the validators that it has"),
        ({"cookie": b"a=1"}, "a cookie that nobody asked for"),
        ({"referer": b"https://reader.example/"}, "a Referer that nobody asked for"),
        ({"path": "feed.xml?utm=1"}, "a query that nobody asked for"),
        ({"user_agent": b"Mozilla/5.0"}, "User-Agent b'Mozilla/5.0'"),
        ({"accept_encoding": None}, f"Accept {SHAPE['accept']!r}, Accept-Encoding b''"),
    ],
)
def test_what_a_request_should_not_carry(fields, complaint):
    """Each is told by itself."""
    reader = Asker("steady")
    reader.again(HOUR, reader.ask(), **fields)
    assert reader.wrong == [complaint]


def test_a_validator_that_was_given_before_is_out_of_sequence():
    """It is neither good nor made up."""
    reader = Asker("changing")
    first = reader.ask()
    reader.again(8 * HOUR, first)
    reader.again(8 * HOUR, first)
    columns = reader.watch.finish()
    assert (columns.etag_good, columns.etag_late, columns.etag_bogus) == (1, 1, 0)
    assert (columns.modified_good, columns.modified_late, columns.modified_bogus) == (1, 1, 0)


def test_validators_do_not_follow_to_another_host():
    """What one host gave is made up at the other."""
    reader = Asker("found-elsewhere")
    given = reader.ask()
    reader.ask(25 * HOUR)  # is sent elsewhere now
    reader.again(timedelta(0), given, path="new.xml", host="b.example")
    assert [line.partition(" made up")[0] for line in reader.wrong] == ["If-None-Match", "If-Modified-Since"]


@pytest.mark.parametrize(
    ("name", "early", "allowed"),
    [
        ("steady", timedelta(minutes=59), timedelta(minutes=60)),
        ("max-age", 2 * HOUR, 3 * HOUR),
        ("max-age-of-days", 47 * HOUR, 48 * HOUR),
        ("max-age-for-ever", timedelta(days=30), timedelta(days=31)),
        ("no-cache", timedelta(minutes=59), HOUR),
        ("expires", 4 * HOUR, 5 * HOUR),
        ("aged", 7 * HOUR, 8 * HOUR),
        ("ttl", 3 * HOUR, 4 * HOUR),
        ("update-period", 5 * HOUR, 6 * HOUR),
        ("skip-hours", 17 * HOUR, 24 * HOUR),
        ("fast", timedelta(minutes=4), timedelta(minutes=5)),
        ("no-validators", 3 * HOUR, 4 * HOUR),
    ],
)
def test_when_a_server_may_be_asked_again(name, early, allowed):
    """A little too soon is told, and on time is well."""
    for after, soon in ((early, 1), (allowed, 0)):
        reader = Asker(name)
        reader.again(after, reader.ask())
        assert (after, reader.watch.finish().early) == (after, soon)


def test_a_bare_304_repeats_what_was_said_of_caching():
    """RFC 9111, 4.3.4."""
    reader = Asker("max-age-on-200")
    given = reader.ask()
    assert reader.again(3 * HOUR, given).status == 304
    reader.again(2 * HOUR, given)
    assert reader.watch.finish().early == 1


@pytest.mark.parametrize(
    ("name", "early"),
    [("too-many-seconds", 1), ("too-many-date", 28), ("too-many-weeks", 13 * 24), ("unavailable", 2)],
)
def test_retry_after(name, early):
    """In seconds and as a date, on 429 and on 503; a 429 speaks for the whole host."""
    reader = Asker(name)
    given = reader.ask()
    reader.again(HOUR, given)
    assert reader.again(HOUR, given).status in (429, 503)
    reader.again(early * HOUR, given)
    assert reader.watch.finish().early == 1
    assert any("in spite of a 429" in line for line in reader.wrong) == (name != "unavailable")


def test_what_is_gone_is_asked_for_no_more():
    """However long it is ago."""
    reader = Asker("gone")
    given = reader.ask()
    for _ in range(10):
        answer = reader.again(HOUR, given)
    assert answer.status == 410
    reader.again(timedelta(days=400), given)
    assert reader.watch.finish().early == 1
    assert "too soon: it is gone (410)" in reader.wrong


def test_an_answer_that_did_not_arrive_has_given_nothing():
    """Its validators would be made up."""
    reader = Asker("steady")
    reader.again(HOUR, reader.ask(whole=False))
    assert reader.watch.finish().etag_bogus == 1


def test_who_was_killed_may_have_heard_or_not():
    """The old validators are good, and the new ones."""
    for heard in (False, True):
        reader = Asker("changing")
        old = reader.ask()
        new = reader.again(8 * HOUR, old)
        reader.origin.killed(reader.now)
        reader.again(HOUR, new if heard else old)
        assert reader.wrong == []


def test_half_a_year_of_304_may_be_doubted_once():
    """And not twice."""
    reader = Asker("stuck")
    given = reader.ask()
    reader.again(HOUR, given)
    reader.ask(timedelta(days=181))
    assert reader.wrong == []
    reader.ask(timedelta(days=1))
    assert reader.wrong == ["asked without the validators that it has"]


def test_an_upgraded_reader_may_read_again_what_it_could_not():
    """Once."""
    reader = Asker("never-readable")
    reader.ask()
    reader.watch.upgraded = True
    reader.ask(HOUR)
    assert reader.wrong == []
    reader.ask(HOUR)
    assert reader.wrong == ["asked without the validators that it has"]


def test_hosts_are_asked_by_one_at_a_time_and_with_a_gap():
    """Both are rules for the host, whichever of its feeds is asked."""
    origin = Origin()
    origin.play(
        BEHAVIOURS[name](f"https://a.example/{name}/", f"https://b.example/{name}/", START)
        for name in ("steady", "changing")
    )
    first = origin.begin("a.example", "/steady/feed.xml", SHAPE.items(), START)
    second = origin.begin("a.example", "/changing/feed.xml", SHAPE.items(), START)
    origin.end(second, START, whole=True)
    origin.end(first, START, whole=True)
    assert "2 exchanges at once" in origin.complaints()[0]
    later = START + timedelta(hours=2)
    origin.end(origin.begin("a.example", "/steady/no.xml", SHAPE.items(), later), later, whole=True)
    origin.begin("a.example", "/changing/feed.xml", SHAPE.items(), later + timedelta(seconds=0.5))
    assert any("0:00:00.500000 after the one before" in line for line in origin.complaints())
    assert origin.each()[0].columns.strays == 1


def test_every_behaviour_says_what_it_does():
    """In one line, under a name of its own."""
    assert len(BEHAVIOURS) > 50
    for name, behaviour in BEHAVIOURS.items():
        assert behaviour.name() == name
        assert behaviour.about(), name
