"""A store is copied while the daemon writes to it, and put back, by the commands and as files."""

import os
import sqlite3
from contextlib import closing

from aggregator.store.files import TEMPORARY
from tests.e2e.program import HEAD
from tests.e2e.source import rss

FAST = HEAD.replace("per_host: 8", "per_host: 8, min_interval: 1s")


def ended(done, status=0):
    """A command that ended as expected, and without a traceback."""
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_there_and_back(place, sources):
    """What came after the backup is gone after the restore, comes again, and readers see the same ids."""
    sources.put("a.xml", rss("A", "One"))
    place.write(f"feeds: [{{url: '{sources.url('a.xml')}', every: 1s}}]\n", FAST)
    assert "there is no store yet" in ended(place.run("backup", "b.db"), 1).stderr
    with place.daemon() as daemon:
        daemon.wait_for_body("feed.atom", "One")
        assert "1 source, 1 post, " in ended(place.run("backup", "b.db")).stdout
        assert "is there already and stays" in ended(place.run("backup", "b.db"), 1).stderr
        sources.put("a.xml", rss("A", "One", "Two"))
        daemon.wait_for_body("feed.atom", "Two")
        refused = ended(place.run("restore", "b.db"), 1)
        assert "runs the loops on this store; stop it first" in refused.stderr
        assert daemon.stop() == 0
    with_two = place.documents()
    ended(place.run("takedown", "https://example.org/A/One"))
    assert (place.directory / "b.db").stat().st_mode & 0o077 == 0
    assert not list(place.directory.glob("b.db-*"))

    done = ended(place.run("restore", "b.db"))
    [kept] = place.store.parent.glob("*.before-restore-*")
    assert f"is kept as {kept}" in done.stdout
    assert "taken down since the backup, so take it down again if it is back: tag:" in done.stderr
    for path, posts in ((place.store, 1), (kept, 2)):
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM posts").fetchall() == [(posts,)]
    ended(place.run("publish"))
    assert b"Two" not in place.documents()["feed.atom"]
    ended(place.run("once", "--all"))
    assert place.documents().keys() == with_two.keys()
    assert b"Two" in place.documents()["feed.atom"]
    first = with_two["feed.atom"].split(b"<entry>")[-1].split(b"</id>")[0]
    assert first in place.documents()["feed.atom"]


def test_a_round_tidies_up(place, sources):
    """Who only runs `once` has nobody else to do it: what a killed process left goes."""
    sources.put("a.xml", rss("A", "One"))
    place.write(f"feeds: ['{sources.url('a.xml')}']\n")
    ended(place.run("once"))
    left = place.public / f".feed.atom.1{TEMPORARY}"
    left.write_text("half")
    os.utime(left, (0, 0))
    ended(place.run("once"))
    assert not left.exists()


def test_files_that_were_written_since_the_backup_are_still_ours(place, sources):
    """Documents of a category that came later and Jekyll files: written over, and none is there twice."""
    for name in "ab":
        sources.put(f"{name}.xml", rss(name, f"One of {name}"))
    one = f"categories:\n  one: {{title: One, feeds: ['{sources.url('a.xml')}']}}\n"
    two = f"  two: {{title: NAME, feeds: ['{sources.url('b.xml')}']}}\n"
    head = HEAD + "output: {jekyll: {directory: site}}\n"
    place.write(one, head)
    ended(place.run("once"))
    ended(place.run("backup", "b.db"))
    place.write(one + two.replace("NAME", "Two"), head)
    ended(place.run("once"))
    files = sorted((place.directory / "site").iterdir())
    assert len(files) == 2
    ended(place.run("restore", "b.db"))
    place.write(one + two.replace("NAME", "Zwei"), head)
    assert ended(place.run("once")).stderr.count("ERROR") == 0
    assert b"<title>Zwei" in place.documents()["category/two/feed.atom"]
    assert sorted((place.directory / "site").iterdir()) == files


def test_what_is_no_backup(place, sources):
    """A file that is no store, of a newer version, damaged or the store itself: refused, the store stays."""
    sources.put("a.xml", rss("A", "One"))
    place.write(f"feeds: ['{sources.url('a.xml')}']\n")
    ended(place.run("once"))
    ended(place.run("backup", "b.db"))
    (place.directory / "text.db").write_text("no store")
    with closing(sqlite3.connect(place.directory / "other.db")) as database:
        database.execute("CREATE TABLE x (y)").close()
    newer = place.directory / "newer.db"
    newer.write_bytes((place.directory / "b.db").read_bytes())
    with closing(sqlite3.connect(newer)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'").close()
    broken = bytearray((place.directory / "b.db").read_bytes())
    broken[4096 * 3 : 4096 * 20] = b"\xff" * 4096 * 17
    (place.directory / "broken.db").write_bytes(broken)
    (place.directory / "cut.db").write_bytes((place.directory / "b.db").read_bytes()[:30_000])
    before = place.store.read_bytes()
    for name, why in (
        ("none.db", "there is no such file"),
        ("text.db", "no store of ours"),
        ("other.db", "no store of ours"),
        ("newer.db", "written by a newer version of aggregator (schema 9999"),
        ("newer.db", "install that version"),
        ("broken.db", "damaged"),
        ("cut.db", "damaged"),
        (str(place.store), "the store itself"),
    ):
        done = ended(place.run("restore", name), 1)
        assert why in done.stderr, name
        assert place.store.read_bytes() == before, name
    assert sorted(path.name for path in place.store.parent.iterdir() if path.suffix != ".lock") == [
        "aggregator.db"
    ]


def test_into_an_empty_place(place, sources):
    """On another machine the backup and the file are all that is needed; a damaged store gives way."""
    sources.put("a.xml", rss("A", "One"))
    place.write(f"feeds: ['{sources.url('a.xml')}']\n")
    ended(place.run("once"))
    ended(place.run("backup", "b.db"))
    documents = place.documents()
    place.store.unlink()
    assert "kept" not in ended(place.run("restore", "b.db")).stdout
    place.store.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    assert "kept as" in ended(place.run("restore", "b.db")).stdout
    ended(place.run("publish"))
    assert place.documents() == documents
