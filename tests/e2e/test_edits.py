"""Edits of the file reach stored posts at once, and the sources hear nothing of it."""

import re
import signal
import time

from tests.e2e.program import HEAD, Place, until
from tests.e2e.source import rss

TECH, WORLD = "category/tech/feed.atom", "category/world/feed.atom"
WITHIN = 2.0  # seconds that are promised
BUSY = 6.0  # more, that a machine with other work may take


def entries(body):
    """What a document says of each post: id, published and updated by title."""
    said = {}
    for entry in re.findall(r"<entry\b.*?</entry>", body.decode(), re.DOTALL):
        one = {name: re.search(f"<{name}[^>]*>(.*?)</{name}>", entry)[1] for name in FIELDS}
        said[one.pop("title")] = one
    return said


FIELDS = ("title", "id", "published", "updated")


def quickly(since, seconds=WITHIN + BUSY):
    took = time.monotonic() - since
    assert took < seconds, f"it took {took:.1f} s"


def test_an_edit_reaches_stored_posts(place: Place, sources):
    """A post moves and keeps id and dates; a rule hides and brings back; a source leaves and returns.

    All of that within two seconds (six more for a machine that is busy), without a request.
    """
    sources.put("one.xml", rss("one", "Alpha", "Beta", "Gamma"))
    feed = f"url: '{sources.url('one.xml')}', every: 1h"

    def write(keys, rules=""):
        place.write(f"feeds:\n  - {{{feed}, {keys}}}\n  - file:none.xml\n{rules}")
        return time.monotonic()

    write("category: tech")
    with place.daemon() as daemon:
        daemon.wait_for_body(TECH, "Alpha", "Beta", "Gamma")
        before = entries(daemon.get(TECH)[2])
        assert before.keys() == {"Alpha", "Beta", "Gamma"}

        edited = write("category: world, tags: [x]")
        daemon.wait_for_body(WORLD, "Alpha", "Beta", "Gamma")
        quickly(edited)
        assert entries(daemon.get(WORLD)[2]) == before
        until_shown(daemon, TECH, set())  # it stays served

        edited = write("category: world, tags: [x]", "rules: [{if: {title: Beta}, then: drop}]\n")
        until_shown(daemon, WORLD, {"Alpha", "Gamma"})
        quickly(edited)
        edited = write("category: world")
        until_shown(daemon, WORLD, set(before))
        quickly(edited)
        assert entries(daemon.get(WORLD)[2]) == before

        edited = time.monotonic()
        place.write("feeds:\n  - file:none.xml\n")
        until_shown(daemon, WORLD, set())
        quickly(edited)
        edited = write("category: tech, paused: true")
        until_shown(daemon, TECH, set(before))
        quickly(edited)
        assert entries(daemon.get(TECH)[2]) == before
        assert daemon.stop() == 0
    assert sources.times("one.xml") == 1
    assert "Traceback" not in daemon.log()


def test_an_edit_while_nothing_runs(place, sources):
    """`publish` and the next start bring stored posts up to date, too."""
    sources.put("one.xml", rss("one", "Alpha"))
    feed = f"url: '{sources.url('one.xml')}', every: 1h"
    place.write(f"feeds: [{{{feed}, category: tech}}]\n")
    assert place.run("once").returncode == 0
    place.write(f"feeds: [{{{feed}, category: world}}]\n")
    assert place.run("publish").returncode == 0
    assert b"Alpha" in place.documents()[WORLD]
    assert b"Alpha" not in place.documents()[TECH]
    place.write(f"feeds: [{{{feed}, category: tech}}]\n")
    assert place.run("once").returncode == 0
    assert b"Alpha" in place.documents()[TECH]
    place.write(f"feeds: [{{{feed}, category: world}}]\n")
    with place.daemon() as daemon:
        daemon.wait_for_body(WORLD, "Alpha")
        assert daemon.stop() == 0
    assert sources.times("one.xml") == 1


def test_a_link_on_the_way_to_the_file_leads_elsewhere(place: Place, sources):
    """As containers swap `..data`, and as releases are switched; the output stays where it is."""
    sources.put("one.xml", rss("one", "Alpha"))
    releases = place.directory / "releases"
    place.file.symlink_to("releases/current/feeds.yaml")

    def release(name, category):
        (releases / name).mkdir(parents=True)
        feed = f"{{url: '{sources.url('one.xml')}', every: 1h, category: {category}}}"
        (releases / name / "feeds.yaml").write_text(f"{HEAD}feeds: [{feed}]\n")
        (releases / "new").symlink_to(name)
        (releases / "new").replace(releases / "current")
        return time.monotonic()

    release("1", "tech")
    with place.daemon() as daemon:
        daemon.wait_for_body(TECH, "Alpha")
        edited = release("2", "world")
        daemon.wait_for_body(WORLD, "Alpha")
        quickly(edited)
        until_shown(daemon, TECH, set())
        file = releases / "2/feeds.yaml"
        file.write_text(file.read_text().replace("world", "tech"))
        until_shown(daemon, TECH, {"Alpha"})
        assert daemon.stop() == 0
    assert sources.times("one.xml") == 1
    assert "restart" not in daemon.log()
    assert place.store.is_file()
    assert {one.name for one in (releases / "2").iterdir()} == {"feeds.yaml"}


def test_half_a_file_is_never_in_force(place: Place, sources):
    """An editor that writes piece by piece: what is there meanwhile may be a file, and say something else."""
    for name in ("one", "two"):
        sources.put(f"{name}.xml", rss(name, f"Of {name}"))
    lines = [f"  - {{url: '{sources.url(f'{name}.xml')}', every: 1h}}\n" for name in ("one", "two")]
    place.write(f"feeds:\n{lines[0]}{lines[1]}")
    with place.daemon() as daemon:
        daemon.wait_for_body("feed.atom", "Of one", "Of two")
        with place.file.open("w") as file:
            for piece in (HEAD, f"feeds:\n{lines[0]}", lines[1], "rules: [{if: {title: one}, then: drop}]\n"):
                file.write(piece)
                file.flush()
                time.sleep(0.1)  # the pause of a writer, which is what is tested
        until_shown(daemon, "feed.atom", {"Of two"})
        assert daemon.log().count("reload by=") == 1
        assert "not reloaded" not in daemon.log()
        assert daemon.stop() == 0


def until_shown(daemon, path, titles):
    """Wait until a document shows just these."""
    deadline = time.monotonic() + 20
    while entries(daemon.get(path)[2]).keys() != titles:
        assert time.monotonic() < deadline, (path, titles, entries(daemon.get(path)[2]))
        time.sleep(0.02)


def test_status_atom_says_that_an_edit_was_refused(place: Place, sources):
    """Once for each way to be wrong, over starts, too; with where and why, and none of the file's values."""
    sources.put("one.xml", rss("one", "Alpha"))
    right = f"feeds: [{{url: '{sources.url('one.xml')}', every: 1h}}]\n"
    wrong = right + "rules: [{if: {title: x}, then: drop}]\nfeeds2: [https://u:hunter2@a.example/]\n"
    place.write(right)
    with place.daemon() as daemon:
        assert told(daemon.wait_for_body("status.atom", "<feed")) == []
        place.write(wrong)
        said = told(daemon.wait_for_body("status.atom", "was refused"))
        assert said == ["The configuration was refused: feeds.yaml:7:1: the file has no key …; write feeds"]
        place.write(wrong + "# the same still\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("not reloaded: feeds.yaml:7:1", 2)
        place.write(right)
        said = told(daemon.wait_for_body("status.atom", "right again"))
        assert said[0] == "The configuration is right again, and in force"
        assert len(said) == 2
        place.write(wrong)
        until_told(daemon, 3)
        assert daemon.stop() == 0
    place.write(right + "# mended while it was stopped\n")
    with place.daemon() as daemon:
        until_told(daemon, 4)
        document = daemon.wait_for_body("status.atom", "<feed")
        assert told(document)[0] == "The configuration is right again, and in force"
        for part in (b"hunter2", b"a.example", str(place.directory).encode()):
            assert part not in document
    assert "Traceback" not in daemon.log()


def told(body):
    """What `status.atom` says, newest first."""
    return re.findall(r"<entry>\s*<title>(.*?)</title>", body.decode())


def until_told(daemon, number):
    until(lambda: len(told(daemon.get("status.atom")[2])) == number, daemon.log)
