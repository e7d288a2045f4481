"""`ports.JekyllStore`: which stories wait for their file, and what names the files have."""

import pytest

from aggregator.model import Category, Changed, Duplicate, Jekyll, New, Output, PostFile, Rejected, Site
from tests.contract.made import HOUR, NOW, A, B, post, source


@pytest.fixture
def site(world, tmp_path):
    return Posts(world, str(tmp_path / "_posts"))


class Posts:
    """The Jekyll files of a world, written in the shortest way."""

    def __init__(self, world, directory):
        self.world, self.directory = world, directory

    def waiting(self, limit=99, after=""):
        """What waits, with the guids of who tells it (None: nobody)."""
        return {
            one.story: one.told and [member.guid for member in one.told.members]
            for one in self.world.store.jekyll.changed(limit, after)
        }

    def write(self, wish="2026-11-23-{}.md", directory=None):
        """Write all that waits, each with its members' titles; what came of it, by guid."""
        told = self.world.store.jekyll.changed(99, "")
        files = [
            PostFile(
                one.story,
                one.mark,
                wish.format(one.story.rpartition(":")[2]),
                one.told and " ".join(member.title for member in one.told.members).encode(),
            )
            for one in told
        ]
        results = self.world.store.jekyll.put(files, directory or self.directory)
        return {file.story.rpartition(":")[2]: r for file, r in zip(files, results, strict=True)}


def ids(*names):
    return {post(name).id: [name] for name in names}


def test_a_story_waits_until_it_is_written(world, site):
    """A store that ran without files gives all of them; what was written waits no more, also later."""
    world.sync(source(A))
    world.poll(A, New(post("one")), New(post("two")))
    assert site.waiting() == ids("one", "two")
    assert site.write() == {"one": "2026-11-23-one.md", "two": "2026-11-23-two.md"}
    assert site.waiting() == {}
    world.restart()
    assert site.waiting() == {}


def test_in_batches(world, site):
    """By id, so many at once, from a place on."""
    world.sync(source(A))
    world.poll(A, *(New(post(name)) for name in "dbca"))
    assert list(site.waiting(2)) == list(ids("a", "b"))
    assert list(site.waiting(2, post("b").id)) == list(ids("c", "d"))
    assert site.waiting(2, post("d").id) == {}


def test_an_edit_keeps_the_name(world, site):
    """A changed title is written into the same file, whatever name it would like; the same bytes are not."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    site.write()
    world.poll(A, Changed(post("one", title="New title")), now=NOW + HOUR)
    assert site.waiting() == ids("one")
    assert site.write("2027-01-01-new-title.md") == {"one": "2026-11-23-one.md"}
    world.store.jekyll.mark_all()
    assert site.write() == {"one": ""}


def test_what_comes_while_a_file_is_written_is_not_lost(world, site):
    """Only the mark that was seen is settled."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    [seen] = world.store.jekyll.changed(9, "")
    world.poll(A, Changed(post("one", title="Later")), now=NOW + HOUR)
    world.store.jekyll.put([PostFile(seen.story, seen.mark, "x.md", b"earlier")], site.directory)
    assert site.waiting() == ids("one")


def test_no_two_share_a_name(world, site):
    """The second one gets `-2`, the third `-3`, for good, also when the first has gone."""
    world.sync(source(A))
    world.poll(A, New(post("a")), New(post("b")), New(post("c")))
    assert site.write("x.md") == {"a": "x.md", "b": "x-2.md", "c": "x-3.md"}
    world.poll(A, Rejected(post("a", dropped="r"), "r", again=True), New(post("d")), now=NOW + HOUR)
    assert site.write("x.md") == {"a": "x.md", "d": "x-4.md"}
    world.poll(A, Changed(post("a", title="Back")), now=NOW + 2 * HOUR)
    assert site.write("y.md") == {"a": "x.md"}


def test_a_story_that_nobody_tells_loses_its_file(world, site):
    """Not before its last member has gone; a source may return."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one")))
    world.poll(B, Duplicate(post("copy", B), post("one").id))
    assert site.waiting() == {post("one").id: ["one", "copy"]}
    assert site.write() == {"one": "2026-11-23-one.md"}
    world.sync(source(B))
    assert site.waiting() == {post("one").id: ["copy"]}
    assert site.write() == {"one": "2026-11-23-one.md"}
    world.sync()
    assert site.waiting() == {post("one").id: None}
    assert site.write() == {"one": "2026-11-23-one.md"}
    world.sync(source(A), source(B))
    assert site.waiting() == {post("one").id: ["one", "copy"]}
    assert site.write() == {"one": "2026-11-23-one.md"}


def test_what_never_had_a_file_needs_none_removed(world, site):
    """A post that a rule drops from the beginning."""
    world.sync(source(A))
    world.poll(A, Rejected(post("never", dropped="r"), "r"))
    assert site.waiting() == {post("never").id: None}
    assert site.write() == {"never": ""}
    assert site.waiting() == {}


@pytest.mark.parametrize(
    ("site_", "jekyll", "waits"),
    [
        (Site(title="Other"), Jekyll("p"), False),
        (Site(), None, False),
        (Site(language="zh-CN"), Jekyll("p"), True),
        (Site(timezone="Asia/Shanghai"), Jekyll("p"), True),
        (Site(), Jekyll("p", layout="x"), True),
        (Site(), Jekyll("q"), True),
    ],
)
def test_settings_that_files_are_made_with(world, site, site_, jekyll, waits):
    """An edit of what stands in every file makes all of them wait; another edit none."""
    world.sync(source(A), output=Output(jekyll=Jekyll("p")))
    world.poll(A, New(post("one")))
    site.write()
    world.sync(source(A), site=site_, output=Output(jekyll=jekyll))
    assert site.waiting() == (ids("one") if waits else {})
    if jekyll is None:  # off and on again
        world.sync(source(A), output=Output(jekyll=Jekyll("p")))
        assert site.waiting() == {}


def test_a_category_that_is_renamed(world, site):
    """The files of its stories wait, for they name it; those of others do not."""
    world.sync(source(A), categories=("news", "world"))
    world.poll(A, New(post("one")), New(post("two", categories=("world",))))
    site.write()
    world.sync(source(A), categories=("news", Category("world", "The world")))
    assert site.waiting() == ids("two")


def test_marking_all(world, site):
    """Every story waits again, whoever tells it."""
    world.sync(source(A))
    world.poll(A, New(post("one")), New(post("two")))
    site.write()
    assert world.store.jekyll.mark_all() == 2
    assert site.waiting() == ids("one", "two")


def test_retention_leaves_files(world, site):
    """A post that loses its content for its age keeps its file, also when all are written again."""
    world.sync(source(A), output=Output(entries=1), categories=())
    world.poll(A, New(post("old", categories=())), New(post("new", minutes=5, categories=())))
    site.write()
    assert world.store.revisions.purge(NOW.replace(year=2030), 9, 0) == 1
    world.store.jekyll.mark_all()
    assert site.write() == {"old": "", "new": ""}
    assert site.waiting() == {}
    world.sync()  # whatever becomes of its source
    assert site.write() == {"new": "2026-11-23-new.md"}
