"""Jekyll files on the disk: which are ours, what is whole, and what is left alone."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from aggregator.errors import PublishError
from aggregator.model import New, PostFile
from aggregator.store import open_store
from aggregator.store.files import digest
from aggregator.store.jekyll import _free
from tests.contract.made import NOW, A, config, outcome, post, source


class Site:
    """A store with some stories, and a directory for their files."""

    def __init__(self, path, *names):
        self.path = path
        self.directory = path / "_posts"
        self.store = self.open()
        self.store.polls.sync(config(source(A)), NOW)
        [lease] = self.store.polls.lease_due(NOW, 1)
        self.store.polls.commit([outcome(lease, *(New(post(name)) for name in names))], NOW)

    def open(self):
        output = str(self.path / "public")
        return open_store(str(self.path / "a.db"), output=output, loops=True, now=NOW)

    def restart(self):
        self.store.close()
        self.store = self.open()

    def put(self, body, name="one", wish="2026-11-23-x.md", directory=None):
        """Write the file of a story, or remove it; the name, or what went wrong in words."""
        self.store.jekyll.mark_all()
        marks = {one.story: one.mark for one in self.store.jekyll.changed(99, "")}
        file = PostFile(post(name).id, marks[post(name).id], wish, body)
        [result] = self.store.jekyll.put([file], str(directory or self.directory))
        waits = file.story in {one.story for one in self.store.jekyll.changed(99, "")}
        assert waits == isinstance(result, PublishError)
        return str(result)

    def files(self):
        return {file.name: file.read_bytes() for file in sorted(self.directory.iterdir())}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, "one", "two")
    yield made
    made.store.close()


def test_one_file_without_a_twin(site):
    """Made with its directory; written again only when its bytes differ; gone when it goes."""
    assert site.put(b"a") == "2026-11-23-x.md"
    file = site.directory / "2026-11-23-x.md"
    before = file.stat()
    assert site.put(b"a") == ""
    assert file.stat() == before
    assert site.put(b"b") == "2026-11-23-x.md"
    assert site.files() == {"2026-11-23-x.md": b"b"}
    assert site.put(None) == "2026-11-23-x.md"
    assert site.put(None) == ""
    assert site.files() == {}


def test_a_file_of_somebody_else_keeps_its_name(site):
    """The post gets the next one; one with the very bytes is taken over."""
    site.directory.mkdir()
    (site.directory / "2026-11-23-x.md").write_bytes(b"mine")
    (site.directory / "2026-11-23-x-2.md").symlink_to(site.path / "a")
    (site.path / "a").write_bytes(b"a")  # a link is not ours, whatever it leads to
    (site.directory / "2026-11-23-x-3.md").mkdir()
    assert site.put(b"a") == "2026-11-23-x-4.md"
    assert site.put(None) == "2026-11-23-x-4.md"
    assert (site.directory / "2026-11-23-x.md").read_bytes() == b"mine"
    assert site.put(b"mine", "two") == ""
    assert site.put(b"changed", "two") == "2026-11-23-x.md"


def test_what_came_where_ours_had_gone_is_left_alone(site):
    """It is named, with what to do; the story waits, and gets its place when that is free."""
    site.put(b"a")
    site.put(None)
    (site.directory / "2026-11-23-x.md").write_bytes(b"mine")
    assert site.put(None) == ""
    said = f"{site.directory}/2026-11-23-x.md: there is a file that we did not write; move it away, or set"
    assert site.put(b"b").startswith(said)
    assert site.files() == {"2026-11-23-x.md": b"mine"}
    (site.directory / "2026-11-23-x.md").unlink()
    assert site.put(b"b") == "2026-11-23-x.md"


def test_an_edited_file_is_not_removed(site):
    """That its post has gone is said until it has gone too; while its post is there it is ours to write."""
    site.put(b"a")
    file = site.directory / "2026-11-23-x.md"
    file.write_bytes(b"edited")
    assert site.put(None).startswith(f"{file}: its post is not published any more, but it was edited since")
    assert file.read_bytes() == b"edited"
    assert site.put(b"a") == "2026-11-23-x.md"
    file.write_bytes(b"edited")
    file.unlink()
    assert site.put(None) == ""


def test_others_go_on(site):
    """What cannot be written takes no other file of its batch with it."""
    site.put(b"a")
    (site.directory / "2026-11-23-x.md").unlink()
    (site.directory / "2026-11-23-x.md").mkdir()
    site.store.jekyll.mark_all()
    one, two = (
        PostFile(one.story, one.mark, f"{n}.md", b"b")
        for n, one in enumerate(site.store.jekyll.changed(9, ""))
    )
    wrong, name = site.store.jekyll.put([one, two], str(site.directory))
    assert str(wrong) == (
        f"{site.directory}/2026-11-23-x.md: something else is in the way (Is a directory); move it away"
    )
    assert name == "1.md"
    assert [waiting.story for waiting in site.store.jekyll.changed(9, "")] == [post("one").id]
    assert sorted(os.listdir(site.directory)) == ["1.md", "2026-11-23-x.md"]


def test_another_directory(site):
    """Names stay; files stay in the old one; what lies in the new one is ours only with our bytes."""
    site.put(b"a")
    site.put(b"b", "two")
    moved = site.path / "moved"
    moved.mkdir()
    (moved / "2026-11-23-x.md").write_bytes(b"a")  # copied by the operator
    (moved / "2026-11-23-x-2.md").write_bytes(b"mine")
    assert site.put(b"c", directory=moved) == "2026-11-23-x.md"
    assert "there is a file that we did not write" in site.put(b"d", "two", directory=moved)
    assert site.files() == {"2026-11-23-x.md": b"a", "2026-11-23-x-2.md": b"b"}
    assert site.put(b"e", "two") == "2026-11-23-x-2.md"


@pytest.mark.parametrize(
    "name", ["../x.md", "a/b.md", ".x.md", "x.html", "x" * 300 + ".md", "é.md", "x.md\n"]
)
def test_what_is_no_name_is_refused(site, name):
    """Whatever a slug may be, no file is written elsewhere, hidden, or under a name that no disk takes."""
    assert "no name for a Jekyll file" in site.put(b"a", wish=name)
    assert not site.directory.exists() or site.files() == {}


@pytest.mark.parametrize(("after", "left"), [(b"c", {"2026-11-23-x.md": b"c"}), (None, {})])
def test_a_crash_between_writing_and_settling(site, after, left):
    """What was about to be written was noted first: it is ours to write again, or to remove."""
    site.put(b"a")
    (site.directory / "2026-11-23-x.md").write_bytes(b"b")
    with closing(sqlite3.connect(site.path / "a.db")) as database, database:
        database.execute("UPDATE post_files SET coming = ?", (digest(b"b"),))
    site.restart()
    assert site.put(after) == "2026-11-23-x.md"
    assert site.files() == left


@pytest.mark.parametrize("kill", ["before", "after"])
def test_killed_in_mid_write(tmp_path, kill):
    """Before the file is in place, or just after: the next process finishes it, under the same name."""
    code = """
import os, sys
from pathlib import Path
from tests.store.test_jekyll_files import Site
def die(event, arguments):
    if event == "os.rename":
        if sys.argv[2] == "after":
            os.link(arguments[0], arguments[1])
        os._exit(9)
site = Site(Path(sys.argv[1]), "one")
sys.addaudithook(die)
site.put(b"old")
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path, kill], capture_output=True, text=True)
    assert done.returncode == 9, done.stderr
    site = Site.__new__(Site)
    site.path, site.directory = tmp_path, tmp_path / "_posts"
    with site.open() as site.store:
        assert site.put(b"new", wish="another.md") == "2026-11-23-x.md"
        assert site.put(None) == "2026-11-23-x.md"
        assert [name for name in site.files() if name.endswith(".md")] == []


def test_files_that_were_lost_are_marked(site):
    """When the loops begin: those that are not there any more, but not what went because its post did."""
    site.put(b"a")
    site.put(b"b", "two")
    site.put(None, "two")
    assert site.store.jekyll.lost(str(site.directory)) == 0
    (site.directory / "2026-11-23-x.md").unlink()
    assert site.store.jekyll.lost(str(site.directory)) == 1
    assert [one.story for one in site.store.jekyll.changed(9, "")] == [post("one").id]
    site.directory.rmdir()
    assert site.store.jekyll.lost(str(site.directory)) == 1
    assert site.store.jekyll.lost(str(site.path / "elsewhere")) == 0


def test_a_full_disk_leaves_the_old_file_whole(tmp_path):
    """What does not fit is said, leaves nothing behind, and succeeds once there is room."""
    code = """
import os, resource, signal, sys
from pathlib import Path
from tests.store.test_jekyll_files import Site
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
site = Site(Path(sys.argv[1]), "one")
assert site.put(b"small", wish="x.md") == "x.md"
big = os.urandom(1 << 21)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
print(site.put(big))
assert site.files() == {"x.md": b"small"}
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert site.put(big) == "x.md"
assert site.files() == {"x.md": big}
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"{tmp_path}/_posts/x.md: the disk is full; make room, it is tried again "
        "(the old document is still there)\n"
    )


def test_what_the_dead_left_is_removed(site):
    """Housekeeping removes old temporary files of ours beside the posts too."""
    site.put(b"a")
    old = site.directory / ".2026-11-23-x.md.1-1.new"
    old.write_bytes(b"half")
    os.utime(old, (1, 1))
    site.store.housekeep(NOW)
    assert site.files() == {"2026-11-23-x.md": b"a"}


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 7, 8, 9, 1000])
def test_a_free_name_is_found_in_few_steps(taken):
    """It is the first one, and a thousand posts of one name and day cost no thousand questions each."""
    names = {"x.md", *(f"x-{n}.md" for n in range(2, taken + 1))} if taken else set()
    asked = []
    free = _free("x", lambda name: asked.append(name) or name in names)
    assert free == (f"x-{taken + 1}.md" if taken else "x.md")
    assert len(asked) <= 22


def test_looking_for_what_waits_walks_an_index(site):
    """What is written already is not looked at."""
    with site.store._database.read() as connection:
        query = (
            "SELECT stories.id, stories.mark FROM stories WHERE stories.mark > stories.written "
            "AND stories.id > '' ORDER BY stories.id LIMIT 200"
        )
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert plan == ["SEARCH stories USING INDEX stories_unwritten (id>?)"]
