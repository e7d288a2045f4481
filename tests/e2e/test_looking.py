"""Commands that only look: what an edit would do, and what publishers see of us."""

from aggregator.daemon import differing
from aggregator.daemon.file import read_config
from aggregator.report.differing import lines
from tests.e2e.source import rss


def test_what_an_edit_would_do(place):
    """`check --diff` says it source by source, and changes nothing."""
    feed = place.directory / "a.xml"
    feed.write_text(
        "<rss version='2.0'><channel><title>Letters</title><link>https://a.example/</link>"
        "<item><guid>1</guid><title>One</title></item></channel></rss>"
    )
    place.write("feeds: [{url: 'file:a.xml', category: one}]\n", head="")
    assert place.run("once").returncode == 0
    assert "no source is added, edited or removed" in place.run("check", "--diff").stdout
    place.write("feeds: [{url: 'file:a.xml', category: two}, 'https://new.example/feed']\n", head="")
    said = place.run("check", "--diff").stdout
    assert "+ https://new.example/feed: new" in said
    assert "~ Letters (confidential source 1): edited; posts that are classified again: 1" in said
    place.write("feeds: ['https://new.example/feed']\n", head="")
    said = place.run("check", "--diff").stdout
    assert "- Letters: not in the file any more; posts that leave the documents: 1" in said


def test_what_an_edit_would_do_to_posts(place):
    """A file beside the one in force: where posts go, which polls move, what takes a restart."""
    items = "".join(
        f"<item><guid>{n}</guid><title>Entry {n}</title><description>{n} words {n * 7}</description></item>"
        for n in range(4)
    )
    for name in ("a", "b"):
        (place.directory / f"{name}.xml").write_text(
            f"<rss version='2.0'><channel><title>Of {name}</title><link>https://{name}.example/</link>"
            f"{items.replace('Entry', f'Entry {name}')}</channel></rss>"
        )
    rule = "rules: [{if: {title: 'a 3'}, then: drop}]"
    place.write(
        f"feeds: [{{url: 'file:a.xml', category: one, {rule}}}, {{url: 'file:b.xml', category: one}}]\n",
        head="",
    )
    assert place.run("once").returncode == 0
    documents = place.documents()
    rule = rule.replace("a 3", "a 0")
    feeds = (
        f"{{url: 'file:a.xml', category: two, every: 2m, {rule}}}, {{url: 'file:c.xml', was: 'file:b.xml'}}"
    )
    head = "site: {title: Other}\nserver: {admin: 'off'}\n"
    (place.directory / "next.yaml").write_text(f"{head}feeds: [{feeds}]\n")
    done = place.run("-c", "next.yaml", "check", "--diff")
    assert done.returncode == 0
    told = {line.strip() for line in done.stdout.splitlines()}
    assert 'from one to two: 2, "Entry a 1", "Entry a 2"' in told
    assert 'back in two: 1, "Entry a 3"' in told
    assert any(line.startswith("hidden by ") and line.endswith(', in one: 1, "Entry a 0"') for line in told)
    assert any(line.startswith("next poll brought forward from ") for line in told)
    assert any(
        line.startswith("> Of b") and "has another URL, and keeps its posts: 4" in line for line in told
    )
    assert "category two: +3 posts" in told
    assert "changed, in force at once: site.title, site.author" in told
    assert "changed, in force after a restart: server.admin" in told
    assert place.run("publish").returncode == 0
    assert place.documents() == documents
    (place.directory / "next.yaml").rename(place.file)
    assert place.run("publish").returncode == 0
    shown = place.documents()["category/two/feed.atom"].decode()
    assert {n for n in range(4) if f"Entry a {n}" in shown} == {1, 2, 3}


def test_no_more_is_looked_at_than_said(place):
    """A large store is looked at in part, the newest posts of each source, and the answer says so."""
    items = "".join(
        f"<item><guid>{n}</guid><title>Entry {n}</title><description>{n} words {n * 7}</description></item>"
        for n in range(9)
    )
    (place.directory / "a.xml").write_text(
        f"<rss version='2.0'><channel><title>A</title><link>https://a.example/</link>{items}</channel></rss>"
    )
    place.write("feeds: [{url: 'file:a.xml', category: one}]\n", head="")
    assert place.run("once").returncode == 0
    place.write("feeds: [{url: 'file:a.xml', category: two}]\n", head="")
    _, given = read_config(place.file)
    found = differing.difference(given, given, most=4)
    assert (found.looked, found.concerned, found.gains) == (4, 9, {"two": 4})
    assert "note: of 9 posts of these sources, 4 were looked at" in "\n".join(lines(found, None))


def test_what_publishers_see(place, sources):
    """One request without a validator, the rest with what the server gave."""
    sources.put("a.xml", rss("a", "one"))
    feed = f"{{url: '{sources.url('a.xml')}', private: true, title: A, every: 1s}}"
    place.write(f"feeds: [{feed}]\n")
    for _ in range(3):
        assert place.run("once", "--all").returncode == 0
    said = place.run("status", "--politeness").stdout
    row = next(line for line in said.splitlines() if line.startswith("A "))
    requests, conditional, unconditional, *rest = map(int, row.split()[1:])
    assert (requests, conditional, unconditional) == (3, 2, 1)
    assert rest == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0]  # the source of these tests gives an ETag alone


def test_a_file_that_is_not_there_is_not_taken_for_a_host(place):
    """`preview` of a name that is misspelt says so, and asks nobody."""
    done = place.run("preview", "nothere.xml")
    assert done.returncode == 1
    assert "cannot be read: No such file" in done.stdout + done.stderr
