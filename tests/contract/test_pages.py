"""`ports.PageStore`: which stories wait for a page, and what the address of each is made of."""

from datetime import timedelta

from aggregator.model import Category, Changed, Duplicate, Founder, New, Output
from tests.contract.made import HOUR, NOW, A, B, post, source


def waiting(world, limit=99, after=""):
    """What waits, with the guids of who tells it (None: nobody)."""
    return {
        one.story: one.told and [member.guid for member in one.told.members]
        for one in world.store.pages.changed(limit, after)
    }


def settle(world):
    world.store.pages.settle(world.store.pages.changed(99, ""))


def ids(*names):
    return {post(name).id: [name] for name in names}


def test_a_story_waits_until_its_page_is_rendered(world):
    """A store that never had pages gives all of them; what is settled waits no more, also after a restart."""
    world.sync(source(A))
    world.poll(A, New(post("one")), New(post("two")))
    assert waiting(world) == ids("one", "two")
    assert waiting(world, 1) == ids("one")
    assert waiting(world, 99, post("one").id) == ids("two")
    settle(world)
    world.restart()
    assert waiting(world) == {}
    assert world.store.jekyll.changed(99, ""), "files of a Jekyll site wait for themselves"


def test_what_changes_waits_again(world):
    """An edit, another member; what changed while a page was rendered waits still."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one")))
    under_way = world.store.pages.changed(99, "")
    world.poll(B, Duplicate(post("copy", B), post("one").id, "link"))
    world.store.pages.settle(under_way)
    assert waiting(world) == {post("one").id: ["one", "copy"]}
    settle(world)
    edited = post("one", title="Another", digest="another")
    world.poll(A, Changed(edited), now=NOW + 2 * HOUR)
    assert waiting(world) == {post("one").id: ["one", "copy"]}


def test_the_address_is_made_of_the_founder(world):
    """Slug and date are of the post that founded the story, also when it is shown no more."""
    world.sync(source(A), source(B))
    world.poll(A, New(post("one")))
    world.poll(B, Duplicate(post("copy", B, -60), post("one").id, "link"))
    world.sync(source(B))
    [one] = world.store.pages.changed(99, "")
    assert (one.story, one.founder) == (post("one").id, Founder("one", post("one").published))
    assert [member.guid for member in one.told.members] == ["copy"]
    found = {post("one").id: Founder("one", post("one").published)}
    assert world.store.pages.founders([post("one").id, post("copy", B).id, "tag:nobody"]) == found
    world.sync()
    assert waiting(world) == {post("one").id: None}


def test_other_settings_make_every_page_again(world):
    """So does the command `publish`; the same settings do not."""
    world.sync(source(A))
    world.poll(A, New(post("one")), New(post("two")))
    world.store.pages.made_with("blue")
    settle(world)
    world.store.pages.made_with("blue")
    assert waiting(world) == {}
    world.store.pages.made_with("green")
    assert waiting(world) == ids("one", "two")
    settle(world)
    world.store.documents.mark_all()
    assert waiting(world) == ids("one", "two")


def test_retention_takes_pages(world):
    """A story whose content has gone waits, with nobody to tell it."""
    world.sync(source(A), output=Output(entries=1), categories=[Category("news", "News", entries=1)])
    world.poll(A, New(post("old", minutes=-9)), New(post("new")))
    settle(world)
    assert world.store.revisions.purge(NOW + timedelta(days=400), 99, 0) == 1
    assert waiting(world) == {post("old").id: None}
