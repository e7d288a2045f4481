"""`ports.PollStore`: errands for articles, what sites let robots fetch, and posts that wait for theirs."""

from dataclasses import replace
from datetime import timedelta

from aggregator.model import (
    Article,
    Category,
    Changed,
    Committed,
    Errand,
    LeaseLost,
    New,
    Output,
    Polling,
    Revision,
    Robots,
    Sought,
)
from tests.contract.made import HOUR, NOW, SECOND, A, B, outcome, post, source

DAY = timedelta(days=1)
PATIENCE = timedelta(minutes=10)
LINK = "https://a.example/1"
FULL = "<p>all of it</p>"
SITE = Robots("https://a.example", NOW + DAY, ((False, "/no"),))
LATER = NOW + SECOND  # the gap of the host


def new(name="1", url=A, **said):
    return post(name, url, **{"content": "<p>a part</p>", "link": LINK, "whole": True, **said})


def errand(name="1", link=LINK, **said):
    return Errand("article", link, NOW, post=new(name).id, **said)


def polled(world):
    """A source at A whose poll has brought a post that wants its article."""
    world.sync(source(A, full_text=True))
    return world.poll(A, New(new()), errands=[errand()], due=DAY)


def lease(world, now=LATER):
    (found,) = world.store.polls.lease_due(now, 9)
    return found


def commit(world, held, now=LATER, **said):
    return world.store.polls.commit([outcome(held, at=now, **said)], now)[0]


def told(world):
    """The only post, as documents get it; None while it is not shown."""
    stories = world.store.posts.newest(None, 9)
    return stories[0].members[0] if stories else None


def stored(world, name="1"):
    [story] = world.store.finder.find(Sought(new(name).id), 9)
    return story.members[0]


def test_a_new_post_waits_for_its_article(world):
    """It is shown nowhere until the page has been asked for, and then with what that gave."""
    polled(world)
    assert (told(world), world.shown("news"), stored(world).awaits) == (None, [], NOW + PATIENCE)
    world.dirty()
    held = lease(world)
    assert commit(world, held, article=Article(new().id, FULL, "extracted")) == Committed(frozenset({"news"}))
    assert (told(world).article, told(world).content) == (FULL, "<p>a part</p>")
    assert (stored(world).article_said, stored(world).awaits) == ("extracted", None)
    assert world.dirty() == ["news", None]


def test_it_waits_for_ten_minutes_at_most(world):
    polled(world)
    world.dirty()
    held = lease(world)
    world.store.polls.lease_due(NOW + PATIENCE - SECOND, 9)
    assert told(world) is None
    world.store.polls.lease_due(NOW + PATIENCE, 9)
    assert told(world).article == ""
    assert world.dirty() == ["news", None]
    commit(world, held, article=Article(new().id, FULL, "extracted"))
    assert told(world).article == FULL


def test_it_is_shown_when_the_page_could_not_be_had(world):
    """Although it is asked for again later."""
    polled(world)
    world.dirty()
    held = replace(lease(world), robots=SITE)
    commit(world, held, errands=[replace(held.errand, due=NOW + HOUR, attempts=1)])
    assert (told(world).article, world.dirty()) == ("", ["news", None])


def test_what_a_site_says_of_robots_is_kept_as_long_as_it_holds(world):
    """The first errand asks; it goes on at once, and knows then, as do others of that site."""
    polled(world)
    held = lease(world)
    assert (held.robots, held.url, held.wants) == (None, "https://a.example/robots.txt", "robots")
    commit(world, held, errands=[held.errand], robots=SITE)
    assert told(world) is None
    world.restart()
    world.sync(source(A, full_text=True))
    after = lease(world, LATER + SECOND)
    assert (after.robots, after.url, after.wants) == (SITE, LINK, "page")
    assert after.post == replace(stored(world).post)
    world.store.polls.give_back(after, LATER + SECOND)
    assert lease(world, NOW + DAY - SECOND).robots == SITE
    world.restart()
    world.sync(source(A, full_text=True))
    world.store.housekeep(NOW + DAY)
    leases = world.store.polls.lease_due(NOW + DAY, 9)
    assert [one.robots for one in leases if one.errand] in ([], [None])


def test_an_errand_for_an_article_is_forgotten_when_it_is_over(world):
    """What came of it is with its post, and there may be thousands."""
    polled(world)
    held = lease(world)
    commit(world, held, article=Article(new().id, "", "no"))
    assert world.store.sources.sources()[0].errands == ()
    assert commit(world, held) == LeaseLost()


def test_a_later_poll_does_not_undo_it(world):
    """An edit of the entry leaves the article until the new one has come."""
    polled(world)
    commit(world, lease(world), article=Article(new().id, FULL, "extracted"))
    edited = replace(new(), content="<p>another part</p>", digest="other")
    world.sync(source(A, full_text=True))
    world.store.polls.lease_due(NOW + DAY, 0)
    world.poll(A, Changed(edited), now=NOW + DAY, errands=[errand()], due=2 * DAY)
    assert (told(world).content, told(world).article) == ("<p>another part</p>", FULL)
    again = lease(world, NOW + DAY + SECOND)
    assert again.post.content == "<p>another part</p>"
    commit(world, again, NOW + DAY + SECOND, article=Article(new().id, "", "no"))
    assert told(world).article == ""


def test_what_is_not_to_be_shown_is_not_fetched(world):
    """Its errand is leased without the post: it was taken down, dropped, deleted."""
    polled(world)
    world.store.takedowns.take_down(
        [new().id], NOW, reason="r", new_id=lambda *_: "tag:x,2026:n", page=lambda *_: "post/x.html"
    )
    held = lease(world)
    assert held.post is None
    assert commit(world, held, result="not wanted any more") == Committed(frozenset())


def test_an_edit_of_the_file_reaches_it(world):
    """A feed that is not to show its articles any more does not, and keeps them for its return."""
    polled(world)
    commit(world, lease(world), article=Article(new().id, FULL, "extracted"))
    world.sync(source(A, definition="other"))
    [outdated] = world.store.revisions.outdated(9)
    less = tuple(replace(one, whole=False, label_digest="l2") for one in outdated.posts)
    assert world.store.revisions.revise([Revision(outdated.source, less)], LATER) == 1
    assert (told(world).whole, told(world).article) == (False, FULL)


def test_retention_takes_it_along(world):
    """What a post loses then, its article loses."""
    old = new(first_seen=NOW - 400 * DAY, minutes=-5)
    few = {"output": Output(entries=1), "categories": (Category("news", "News", entries=1),)}
    world.sync(source(A, full_text=True), **few)
    world.poll(A, New(post("2", first_seen=NOW - DAY)), New(old), errands=[errand()], due=DAY)
    commit(world, lease(world), article=Article(old.id, FULL, "extracted"))
    assert stored(world).post.article == FULL
    assert world.store.revisions.purge(NOW - 365 * DAY, 9, 0) == 1
    assert (stored(world).post.article, stored(world).post.content) == ("", "")


def test_another_source_cannot_write_it(world):
    """An errand writes to posts of its own source alone."""
    world.sync(source(A), source(B))
    world.poll(A, New(new(whole=False)), due=DAY)
    world.poll(B, errands=[replace(errand(), url="https://b.example/1")], due=DAY)
    commit(world, lease(world), article=Article(new().id, FULL, "extracted"))
    assert told(world).article == ""


def test_posts_that_wait_can_be_shown_at_once(world):
    """For `once`, which goes without waiting for long."""
    polled(world)
    world.dirty()
    world.store.polls.show_waiting()
    assert (told(world).article, world.dirty()) == ("", ["news", None])


def test_articles_of_a_host_are_fetched_one_at_a_time(world):
    """Although polls of it may go side by side: else each would ask for robots.txt."""
    side_by_side = Polling(per_host=3, per_host_gap=timedelta(0))
    world.sync(source(A, full_text=True), polling=side_by_side)
    other = errand("2", "https://a.example/2")
    world.poll(A, New(new()), New(new("2", link=other.url)), errands=[errand(), other], due=DAY)
    held = lease(world)
    assert (world.store.polls.lease_due(LATER, 9), world.store.polls.next_due(LATER)) == ([], NOW + DAY)
    commit(world, held, errands=[held.errand], robots=SITE)
    assert lease(world).robots == SITE
