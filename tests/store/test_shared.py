"""Documents in the store: what several processes put, fill their directories from, and may put no more."""

import gzip
from datetime import timedelta

import pytest

from aggregator.errors import PublishError
from aggregator.model import Claim, Document, Founder, Unpaged
from aggregator.store import marks, open_store
from aggregator.store.duties import LIFETIME, LOOKS, Duties
from aggregator.store.mirror import NOTES
from aggregator.store.polls import Remembered
from aggregator.store.postgres import PostgreSQL
from aggregator.store.shared import AFTER_FAILURE, AGAIN, SharedDocuments
from aggregator.store.sqlite import SQLite
from aggregator.store.tables import contents, stories
from tests.contract.made import HOUR, NOW, SECOND

PATH = "category/news/feed.atom"
TICK = SECOND


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    if request.param == "postgres":
        opened = PostgreSQL(request.getfixturevalue("postgres"), loops=True, now=NOW)
    else:
        opened = SQLite(str(tmp_path / "store.db"), loops=True, now=NOW)
        opened.shared = True
    yield opened
    opened.close()


@pytest.fixture
def publisher(database, tmp_path):
    """Of a process that serves nothing."""
    return SharedDocuments(database, Remembered(), str(tmp_path / "nowhere"))


@pytest.fixture
def server(database, tmp_path):
    return serving(database, tmp_path / "public")


def serving(database, public):
    """Documents of a process that serves, as it starts."""
    documents = SharedDocuments(database, Remembered(), str(public))
    documents.mirrors = True
    return documents


def document(body=b"<feed/>\n", path=PATH):
    return Document(path, "ignored", body)


def names(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_one_puts_and_others_have_it(publisher, server, database, tmp_path):
    """At once from the store, within a tick as files, and the same everywhere; who puts has no files."""
    assert publisher.put(document(), NOW) is True
    early = server.get(PATH)
    server.catch_up(NOW + TICK)
    assert names(tmp_path / "public") == [NOTES, PATH, f"{PATH}.gz"]
    public = tmp_path / "public" / PATH
    assert gzip.decompress(public.with_name("feed.atom.gz").read_bytes()) == public.read_bytes()
    assert public.stat().st_mtime == int(NOW.timestamp())
    assert server.get(PATH) == early == publisher.get(PATH)
    public.write_bytes(b"served from here")
    assert server.get(PATH).body == b"served from here"
    another = serving(database, tmp_path / "another")
    another.catch_up(NOW + HOUR)
    assert another.get(PATH) == early
    assert not (tmp_path / "nowhere").exists()


def test_what_is_removed_goes_everywhere(publisher, server, database, tmp_path):
    """Also from the directory of a process that was not there; what is not ours stays."""
    publisher.put(document(), NOW)
    publisher.put(document(path="index.html"), NOW)
    server.catch_up(NOW)
    (tmp_path / "public" / "mine.html").write_text("not yours")
    assert publisher.remove(PATH) is True
    assert publisher.remove(PATH) is False
    assert serving(database, tmp_path / "public").catch_up(NOW + TICK) == ()
    assert names(tmp_path / "public") == [NOTES, "index.html", "index.html.gz", "mine.html"]
    assert server.get(PATH) is None
    assert publisher.put(document(), NOW + HOUR) is True


def test_a_directory_that_was_left_alone_catches_up(publisher, server, database, tmp_path):
    """What was written before a restart is ours, however often it has changed since."""
    publisher.put(document(), NOW)
    server.catch_up(NOW)
    for n in range(3):
        publisher.put(document(b"%d" % n), NOW + n * HOUR)
    again = serving(database, tmp_path / "public")
    again.catch_up(NOW + 9 * HOUR)
    assert again.left() == ""
    assert (tmp_path / "public" / PATH).read_bytes() == b"2"


def test_notes_that_a_crash_has_cut_short(publisher, server, database, tmp_path):
    """The line that is not whole counts for nothing, and spoils none after it."""
    publisher.put(document(), NOW)
    server.catch_up(NOW)
    with (tmp_path / "public" / NOTES).open("ab") as notes:
        notes.write(b"0123456789abcdef categ")
    publisher.put(document(b"2"), NOW + HOUR)
    publisher.put(document(b"2", "feed.atom"), NOW + HOUR)
    serving(database, tmp_path / "public").catch_up(NOW + HOUR)
    publisher.put(document(b"3"), NOW + HOUR)
    publisher.put(document(b"3", "feed.atom"), NOW + HOUR)
    again = serving(database, tmp_path / "public")
    again.catch_up(NOW + HOUR)
    assert again.left() == ""
    assert (tmp_path / "public" / "feed.atom").read_bytes() == b"3"


def test_a_file_that_we_did_not_write(publisher, server, tmp_path):
    """It stays, and is named; readers get ours; once it is moved away, ours is put there."""
    public = tmp_path / "public"
    public.mkdir()
    (public / "index.html").write_text("somebody's home page")
    publisher.put(document(path="index.html"), NOW)
    publisher.put(document(), NOW)
    server.catch_up(NOW)
    assert "public/index.html: there is a file that we did not write; move it away" in server.left()
    assert (public / "index.html").read_text() == "somebody's home page"
    assert server.get("index.html").body == b"<feed/>\n"
    assert (public / PATH).exists()
    (public / "index.html").unlink()
    server.catch_up(NOW + AFTER_FAILURE - TICK)
    assert not (public / "index.html").exists()
    server.catch_up(NOW + AFTER_FAILURE)
    assert (public / "index.html").read_bytes() == b"<feed/>\n"
    assert server.left() == ""


def test_what_a_directory_has_lost_comes_back(publisher, server, tmp_path):
    """At once for who asks us, after a while for who reads files."""
    publisher.put(document(), NOW)
    server.catch_up(NOW)
    (tmp_path / "public" / PATH).unlink()
    assert server.get(PATH).body == b"<feed/>\n"
    server.catch_up(NOW + TICK)
    assert not (tmp_path / "public" / PATH).exists()
    server.catch_up(NOW + AGAIN)
    assert (tmp_path / "public" / PATH).read_bytes() == b"<feed/>\n"


def test_another_directory(publisher, server, tmp_path):
    """An edit of `output.directory` fills the new one, and leaves the old one as it is."""
    publisher.put(document(), NOW)
    server.catch_up(NOW)
    server.move(str(tmp_path / "new"))
    assert server.get(PATH).body == b"<feed/>\n"
    server.catch_up(NOW + TICK)
    assert names(tmp_path / "new") == names(tmp_path / "public")


def test_files_from_before_there_was_a_database(database, tmp_path):
    """A store that was moved: files of its SQLite time are ours, with the dates that they had."""
    path, public = str(tmp_path / "old.db"), tmp_path / "public"
    with open_store(path, output=str(public), loops=True, now=NOW) as old:
        old.documents.put(document(), NOW)
        old.documents.put(document(path="index.html"), NOW)
    moved = SQLite(path, loops=True, now=NOW)
    with moved.read() as connection:
        assert connection.execute(contents.select()).all() == []  # SQLite keeps files alone
    server = serving(moved, public)
    assert server.put(document(), NOW + HOUR) is True
    assert server.put(document(b"new", "index.html"), NOW + HOUR) is True
    server.catch_up(NOW + HOUR)
    assert server.left() == ""
    assert server.get(PATH).modified == NOW.replace(microsecond=0)
    assert (public / "index.html").read_bytes() == b"new"
    moved.close()


def test_news_of_others(publisher, server):
    """Each change once, whoever made it, and what was there before is none."""
    publisher.put(document(), NOW)
    assert server.catch_up(NOW) == ()
    assert server.catch_up(NOW) == ()
    server.put(document(b"2"), NOW)
    publisher.put(document(path="feed.atom"), NOW)
    assert server.catch_up(NOW) == [PATH, "feed.atom"]
    publisher.remove("feed.atom")
    assert server.catch_up(NOW) == ["feed.atom"]
    assert publisher.catch_up(NOW) == ()


def test_who_lost_the_claim_puts_nothing(publisher, database):
    """Its documents are older than those of whoever has the claim now."""
    with database.write() as connection:
        marks.open_scope(connection, "news", NOW)
        marks.mark_all(connection)
    first = publisher.claim(NOW)
    assert publisher.put(document(b"1"), NOW, basis=first) is True
    with database.write() as connection:
        marks.void_claims(connection)
    second = publisher.claim(NOW)
    assert (first.scope, second.scope) == ("news", "news")
    assert publisher.put(document(b"2"), NOW, basis=second) is True
    assert publisher.put(document(b"late"), NOW + HOUR, basis=first) is False
    assert publisher.remove(PATH, basis=first) is False
    assert publisher.get(PATH).body == b"2"
    publisher.settle(second, NOW)
    assert publisher.put(document(b"late"), NOW + HOUR, basis=Claim(*_fields(second))) is False


def _fields(claim):
    return claim.scope, claim.mark, claim.token, claim.updated, claim.created


def test_pages_of_stories_that_have_changed_since(publisher, database):
    """A page is put by who saw the story as it is."""
    with database.write() as connection:
        connection.execute(stories.insert().values(id="s", mark=4))
    page = document(path="post/2026/11/s-1.html")
    old, new = (Unpaged("s", mark, Founder("s", NOW), None) for mark in (3, 4))
    assert publisher.put(page, NOW, basis=old) is False
    assert publisher.get(page.path) is None
    assert publisher.put(page, NOW, basis=new) is True
    assert publisher.remove(page.path, basis=old) is False
    assert publisher.remove(page.path, basis=new) is True


def test_no_place(publisher):
    """A path that leads elsewhere is refused before anything is stored."""
    with pytest.raises(PublishError):
        publisher.put(document(path="../x.html"), NOW)
    assert publisher.get("../x.html") is None


def test_a_duty_has_one_holder(database):
    """Renewed while it lives, anybody's when it says nothing any more, at once when it leaves."""
    one, two = Duties(database), Duties(database)
    assert one.take("keep", NOW) is True
    assert two.take("keep", NOW) is False
    assert two.take("ask", NOW) is True
    for minutes in range(10):
        assert one.take("keep", NOW + minutes * LIFETIME / 2) is True
        assert two.take("keep", NOW + minutes * LIFETIME / 2) is False
    late = NOW + timedelta(hours=1)
    assert two.take("keep", late) is True
    assert one.take("keep", late) is False  # it was away, and hears so
    two.leave()
    assert one.take("keep", late + LOOKS) is True


def test_duties_on_a_file(database):
    """The process that runs the loops has all of them, and writes nothing down."""
    database.shared = False
    assert Duties(database).take("keep", NOW) is True
    assert Duties(database).take("keep", NOW) is True
