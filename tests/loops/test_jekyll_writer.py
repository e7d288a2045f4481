"""Loop two, Jekyll files: within a round of the change, a batch at a time, and none holds up another."""

import logging
import threading
from dataclasses import replace

import pytest

from aggregator.errors import PublishError, StoreError
from aggregator.model import Category, Changed, Config, Jekyll, New, Output, Rejected, Site
from aggregator.publisher import Publisher
from aggregator.stories import AFTER_FAILURE, BATCH, SAID
from tests.contract import made
from tests.fakes import FixedClock, MemoryStore
from tests.loops.scene import Hooked

DIRECTORY = "/site/_posts"


class Desk:
    """A publisher over a store in memory whose configuration wants Jekyll files."""

    def __init__(self, **jekyll):
        self.clock, self.store = FixedClock(made.NOW), MemoryStore(made.NOW)
        self.adopt(
            Config(
                site=Site(title="T", url="https://news.example.org/"),
                categories=(Category("news", "News"),),
                sources=(made.source(),),
                output=Output(jekyll=Jekyll(DIRECTORY, **jekyll)),
            )
        )
        self.refused = {}
        self.files = Hooked(self.store.jekyll)
        self.documents = Hooked(self.store.documents)
        self.publisher = Publisher(
            self.store.posts, self.store.sources, self.documents, self.clock, self.config, self
        )

    def adopt(self, config):
        """Put a configuration in force."""
        self.config = config
        self.store.polls.sync(config, self.clock.now())
        if hasattr(self, "publisher"):
            self.publisher.config = config

    def poll(self, *verdicts):
        self.clock.advance(hours=2)
        [lease] = self.store.polls.lease_due(self.clock.now(), 9)
        self.store.polls.commit([made.outcome(lease, *verdicts, at=self.clock.now())], self.clock.now())

    def changed(self, *given):
        return self.files.changed(*given)

    def put(self, files, directory):
        """As the store does, but for the stories that are refused."""
        refused = {file.story for file in files if file.story.rpartition(":")[2] in self.refused}
        done = iter(self.files.put([file for file in files if file.story not in refused], directory))
        return [PublishError(f"no: {f.story}") if f.story in refused else next(done) for f in files]

    def publish(self, whole=True, **later):
        self.clock.advance(**later)
        return self.publisher.publish(whole=whole)

    def written(self):
        """The files in the directory, by name."""
        there = self.store.data.post_files.items()
        return {name: body.decode() for (where, name), body in there if body and where == DIRECTORY}


def test_a_story_is_a_file_in_the_round_after_its_change():
    """Written, written again under the same name when its title changes, and gone with its post."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    assert desk.publish().files == ("2026-11-23-one.md",)
    assert 'title: "One"\n' in desk.written()["2026-11-23-one.md"]
    assert desk.publish().files == ()
    desk.poll(Changed(made.post("one", title="Other", slug="other")))
    assert desk.publish().files == ("2026-11-23-one.md",)
    assert 'title: "Other"\n' in desk.written()["2026-11-23-one.md"]
    desk.poll(Rejected(made.post("one", dropped="r"), "r", again=True))
    assert desk.publish().files == ("2026-11-23-one.md",)
    assert desk.written() == {}


def test_not_only_the_newest_of_a_document():
    """Every story has its file, also past what a document shows."""
    desk = Desk()
    desk.adopt(replace(desk.config, output=replace(desk.config.output, entries=1)))
    desk.poll(*(New(made.post(f"p{n}", minutes=n)) for n in range(5)))
    assert len(desk.publish().files) == 5


def test_settings_write_all_again_under_the_same_names():
    """Another time zone, a category that is renamed, another way back."""
    desk = Desk(category_url="/c/{category}", home_url="/")
    desk.poll(New(made.post("one")))
    desk.publish()
    site = replace(desk.config.site, timezone="Pacific/Auckland", language="zh-CN")
    desk.adopt(replace(desk.config, site=site, categories=(Category("news", "新闻"),)))
    assert desk.publish().files == ("2026-11-23-one.md",)
    said = desk.written()["2026-11-23-one.md"]
    assert "date: 2026-11-23 23:00:00 +1300\n" in said
    assert said.endswith("[返回新闻](/c/news)｜[返回首页](/)")


def test_off():
    """Nothing is written and nothing asked; what is there stays; switched on, all that waited is written."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    desk.publish()
    on = desk.config
    desk.adopt(replace(on, output=Output()))
    desk.poll(Changed(made.post("one", title="Other")), New(made.post("two")))
    asked = len(desk.files.called)
    assert desk.publish().files == ()
    assert len(desk.files.called) == asked
    assert desk.written().keys() == {"2026-11-23-one.md"}
    desk.adopt(on)
    assert set(desk.publish().files) == {"2026-11-23-one.md", "2026-11-23-two.md"}


def test_many_in_batches():
    """A daemon's round writes one batch, so that documents do not wait; a command writes all of them."""
    desk = Desk()
    desk.poll(*(New(made.post(f"p{n:03}")) for n in range(BATCH * 2 + 1)))
    assert len(desk.publish(whole=False).files) == BATCH
    assert len(desk.publish(whole=False).files) == BATCH
    assert len(desk.publish(whole=False).files) == 1
    assert desk.publish(whole=False).files == ()
    desk.store.jekyll.mark_all()
    assert desk.publish().files == ()
    assert desk.store.jekyll.changed(9, "") == []


def test_what_cannot_be_written_holds_up_nobody(caplog):
    """It is said once, tried again after a while, and documents and other files go on meanwhile."""
    caplog.set_level(logging.INFO)
    desk = Desk()
    desk.poll(New(made.post("one")), New(made.post("two")))
    desk.refused = {"one"}
    first = desk.publish()
    assert (first.files, first.failures) == (("2026-11-23-two.md",), (f"no: {made.post('one').id}",))
    desk.store.documents.mark_all()
    tried = desk.files.times("put")
    again = desk.publish(seconds=1)
    assert (again.scopes, again.files, again.failures) == (2, (), first.failures)
    assert desk.files.times("put") == tried
    assert caplog.messages == [f"publish failed: no: {made.post('one').id}"]
    desk.refused = {}
    last = desk.publish(seconds=AFTER_FAILURE.total_seconds())
    assert (last.files, last.failures) == (("2026-11-23-one.md",), ())
    assert caplog.messages[1:] == ["publish works again"]


def test_many_that_cannot_be_written_are_counted():
    """A full disk fills no log."""
    desk = Desk()
    names = [f"p{n}" for n in range(SAID + 4)]
    desk.poll(*(New(made.post(name)) for name in names))
    desk.refused = set(names)
    failures = desk.publish().failures
    assert failures == (
        *(f"no: {made.post(name).id}" for name in names[:SAID]),
        "4 more Jekyll files could not be written",
    )


def test_a_document_that_fails_holds_up_no_file():
    """A full output directory is waited for; files that lie elsewhere are written, in that time too."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    desk.documents.before("put", PublishError("full"))
    first = desk.publish()
    assert (first.files, first.failures) == (("2026-11-23-one.md",), ("full",))
    desk.adopt(replace(desk.config, site=replace(desk.config.site, timezone="Asia/Shanghai")))
    again = desk.publish(seconds=1)
    assert (again.scopes, again.files, again.failures) == (0, ("2026-11-23-one.md",), ())


@pytest.mark.parametrize("method", ["changed", "put"])
def test_trouble_with_the_store(method):
    """It is a failure of the round, and the next one does what is left."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    desk.files.before(method, StoreError("the disk is full"))
    assert desk.publish().failures == ("the disk is full",)
    assert desk.publish(seconds=1).files == ("2026-11-23-one.md",)


def test_a_post_that_cannot_be_rendered_takes_no_other_with_it(caplog):
    """A fault of ours is said, with the post, and the others are written."""
    desk = Desk()
    desk.poll(New(made.post("one", title=None)), New(made.post("two")))
    desk.store.documents.claim = lambda now: None
    done = desk.publish()
    assert done.files == ("2026-11-23-two.md",)
    [said] = done.failures
    assert said.startswith(f"{made.post('one').id}: AttributeError: ")


def test_a_configuration_is_put_in_force_between_two_batches():
    """Else files of the old one could settle marks that the new one has made."""
    desk = Desk()
    desk.poll(*(New(made.post(f"p{n:03}")) for n in range(BATCH + 1)))
    renamed = replace(desk.config, site=replace(desk.config.site, timezone="Asia/Shanghai"))

    def adopt():
        with desk.publisher.paused():
            desk.adopt(renamed)

    adopting = threading.Thread(target=adopt)
    held = []
    desk.files.before("put", lambda *_: held.append(desk.publisher.paused().locked()) or adopting.start())
    desk.publish()
    adopting.join()
    assert held == [True]
    desk.publish()
    assert len(desk.written()) == BATCH + 1
    assert all("+0800" in body for body in desk.written().values())
