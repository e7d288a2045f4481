"""Loop two, pages of posts: in place before what links to them, a batch at a time, gone when unwanted."""

import logging
from dataclasses import replace

from aggregator.errors import PublishError, StoreError
from aggregator.model import Category, Changed, Config, New, Output, Rejected, Site
from aggregator.publisher import Publisher
from aggregator.stories import AFTER_FAILURE, BATCH, SAID
from tests.contract import made
from tests.fakes import FixedClock, MemoryStore
from tests.loops.scene import Hooked

WITH = ("atom", "html", "posts")


class Desk:
    """A publisher over a store in memory whose configuration wants a page for each post."""

    def __init__(self, formats=WITH):
        self.clock, self.store = FixedClock(made.NOW), MemoryStore(made.NOW)
        self.pages, self.documents = Hooked(self.store.pages), Hooked(self.store.documents)
        config = Config(
            site=Site(title="T", url="https://news.example.org/"),
            categories=(Category("news", "News"),),
            sources=(made.source(),),
            output=Output(formats=formats),
        )
        self.adopt(config)
        self.publisher = self.start()

    def start(self):
        """A publisher as a process has it that starts now."""
        parts = (self.store.posts, self.store.sources, self.documents, self.clock, self.config)
        return Publisher(*parts, pages=self.pages)

    def adopt(self, config):
        """Put a configuration in force."""
        self.config = config
        self.store.polls.sync(config, self.clock.now())
        if hasattr(self, "publisher"):
            self.publisher.config = config

    def output(self, **said):
        self.adopt(replace(self.config, output=replace(self.config.output, **said)))

    def poll(self, *verdicts):
        self.clock.advance(hours=2)
        [lease] = self.store.polls.lease_due(self.clock.now(), 9)
        self.store.polls.commit([made.outcome(lease, *verdicts, at=self.clock.now())], self.clock.now())

    def publish(self, whole=True, **later):
        """Publish; the paths of pages whose bytes are new, or that went."""
        self.clock.advance(**later)
        self.last = self.publisher.publish(whole=whole)
        return [path for path in self.last.written if path.startswith("post/")]

    def there(self):
        """The pages in the output directory, by what they are called."""
        files = self.store.data.files
        return {
            path.rpartition("/")[2].rpartition("-")[0]: document.body.decode()
            for path, document in files.items()
            if path.startswith("post/")
        }


def test_a_story_is_a_page_in_the_round_of_its_change():
    """Written, written again at the same path when its title changes, and gone with its post."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    [path] = desk.publish()
    assert path.startswith("post/2026/11/one-")
    assert ">One</a></h1>" in desk.there()["one"]
    assert desk.publish() == []
    desk.poll(Changed(made.post("one", title="Other")))
    assert desk.publish() == [path]
    assert ">Other</a></h1>" in desk.there()["one"]
    desk.poll(Rejected(made.post("one", dropped="r"), "r", again=True))
    assert desk.publish() == [path]
    assert desk.there() == {}


def test_pages_are_there_before_what_links_to_them():
    """And the links lead there; without pages they lead to the original."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    [path] = desk.publish()
    puts = [given[0].path for name, given in desk.documents.called if name == "put"]
    assert puts.index(path) < puts.index("category/news/index.html")
    files = desk.store.data.files
    assert f'href="../../{path}"'.encode() in files["category/news/index.html"].body
    assert f'href="{path}"'.encode() in files["index.html"].body
    desk.output(formats=("atom", "html"))
    desk.publish()
    assert path.encode() not in files["category/news/index.html"].body
    assert made.post("one").link.encode() in files["category/news/index.html"].body


def test_never_wanted():
    """Nothing is written, and after the first round nothing is asked."""
    desk = Desk(("atom", "html"))
    desk.poll(New(made.post("one")))
    assert desk.publish() == []
    asked = len(desk.pages.called)
    desk.poll(New(made.post("two")))
    assert desk.publish() == []
    assert len(desk.pages.called) == asked
    assert desk.documents.times("held") == 1


def test_taken_out_of_the_file_and_put_back():
    """Pages of ours go, also those of a former process, and come back."""
    desk = Desk()
    desk.poll(New(made.post("one")), New(made.post("two")))
    pages = desk.publish()
    before = desk.there()
    on = desk.config
    # The store is told nothing, as it may have marks for reasons of its own.
    desk.config = replace(on, output=replace(on.output, formats=("atom", "html")))
    desk.publisher = desk.start()
    assert sorted(desk.publish()) == sorted(pages)
    assert desk.there() == {}
    desk.publisher.config = on
    assert sorted(desk.publish()) == sorted(pages)
    assert desk.there() == before


def test_a_page_that_cannot_be_removed():
    """It is named, and the others go."""
    desk = Desk()
    desk.poll(New(made.post("one")), New(made.post("two")))
    desk.publish()
    desk.output(formats=("atom",))
    desk.documents.before("remove", PublishError("it was changed since"))
    assert len(desk.publish()) == 1
    assert desk.last.failures == ("it was changed since",)
    desk.publish()
    assert desk.last.failures == ("it was changed since",)
    assert len(desk.there()) == 1


def test_settings_make_all_again_and_only_they():
    """What is on every page; not what is on none, nor a start of the program."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    [path] = desk.publish()
    desk.output(index=True)
    assert desk.publish() == [path]
    assert "noindex" not in desk.there()["one"]
    desk.publisher = desk.start()
    assert desk.publish() == []
    told = desk.pages.times("made_with")
    desk.adopt(replace(desk.config, site=replace(desk.config.site, formerly=("/all.xml",))))
    assert desk.publish() == []
    assert desk.pages.times("made_with") == told


def test_many_in_batches():
    """A daemon's round writes one batch, so that documents do not wait; a command writes all of them."""
    desk = Desk()
    desk.poll(*(New(made.post(f"p{n:03}")) for n in range(BATCH * 2 + 1)))
    assert len(desk.publish(whole=False)) == BATCH
    assert len(desk.publish(whole=False)) == BATCH
    assert len(desk.publish(whole=False)) == 1
    assert desk.publish(whole=False) == []
    desk.output(formats=("atom",))
    assert len(desk.publish(whole=False)) == BATCH
    assert len(desk.publish()) == BATCH + 1
    assert desk.there() == {}


def test_what_cannot_be_written_holds_up_nobody(caplog):
    """It is said once, tried again after a while, and documents and other pages go on meanwhile."""
    caplog.set_level(logging.INFO)
    desk = Desk()
    desk.poll(New(made.post("one")), New(made.post("two")))
    desk.documents.before("put", PublishError("the disk is full"))
    assert len(desk.publish()) == 1
    assert desk.last.failures == ("the disk is full",)
    assert "feed.atom" in desk.last.written
    assert desk.publish(seconds=1) == []
    assert caplog.messages == ["publish failed: the disk is full"]
    assert len(desk.publish(seconds=AFTER_FAILURE.total_seconds())) == 1
    assert desk.last.failures == ()
    assert caplog.messages[1:] == ["publish works again"]


def test_many_failures_are_counted():
    """Three are named."""
    desk = Desk()
    desk.poll(*(New(made.post(f"p{n}")) for n in range(SAID + 2)))
    desk.documents.before("put", *(PublishError(f"no {n}") for n in range(SAID + 2)))
    desk.publish()
    assert desk.last.failures == ("no 0", "no 1", "no 2", "2 more post pages could not be written")


def test_trouble_with_the_store():
    """It is a failure of the round; what was put is put again, to the same bytes."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    desk.pages.before("settle", StoreError("locked"))
    assert len(desk.publish()) == 1
    assert desk.last.failures == ("locked",)
    assert desk.publish() == []
    assert desk.last.failures == ()
    assert desk.store.pages.changed(9, "") == []


def test_another_process_writes_the_pages():
    """Then this one renders what is of one scope alone; once the pages are its own to write, it does."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    desk.publisher.alone = False
    assert desk.publish() == []
    assert "category/news/feed.atom" in desk.last.written
    desk.publisher.alone = True
    assert len(desk.publish()) == 1


def test_a_page_is_put_with_what_it_was_rendered_from():
    """So that the store can refuse one of a process that comes late."""
    desk = Desk()
    desk.poll(New(made.post("one")))
    [path] = desk.publish()
    bases = {given[0].path: said for name, given, said in desk.documents.said if name == "put"}
    assert bases[path]["basis"].mark == desk.store.data.story_marks[made.post("one").id][0]
    assert bases["category/news/feed.atom"]["basis"].scope == "news"
