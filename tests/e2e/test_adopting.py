"""A Jekyll site that was there before us: its posts are adopted, and nothing is written twice."""

from tests.e2e.source import rss
from tests.e2e.test_jekyll import HEAD


def ended(done, status=0):
    """A command that ended as expected, and without a traceback."""
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done


def post(link, title="x"):
    """A file as another program wrote it."""
    head = f'---\nlayout: post\ntitle: "{title}"\ndate: 2026-01-06 09:03:29 +0800\n---\n'
    return f"{head}<p>x</p>\n\n{link}\n\n[back](//x)"


def test_nothing_is_written_twice(place, sources):
    """What a file links to is not written, however its address is spelled; all else is, and files stay."""
    posts = place.directory / "site/_posts"
    (posts / "2025").mkdir(parents=True)
    (posts / "2026-01-06-old.md").write_text(post("<http://example.org/A/One?utm_source=x>"))
    (posts / "2025/2025-01-06-guid.markdown").write_text("---\nguid: 'tag:example.org,2026:A/1'\n---\nText")
    (posts / "2026-01-06-mine.md").write_text("---\ntitle: About <https://example.org/A/Three>\n---\nMine")
    (place.directory / "site/index.md").write_text("<https://example.org/A/Three>")
    before = {path: path.read_bytes() for path in posts.rglob("*.m*")}
    sources.put("a.xml", rss("A", "One", "Two", "Three"))
    place.write(f"feeds: [{{url: '{sources.url('a.xml')}', every: 1s}}]\n", HEAD)
    done = ended(place.run("import", "site"))
    assert "site: 2 files adopted, 2 of them new; 0 are ours, 1 without a link, 0 not readable" in done.stdout
    assert "no link line, so not adopted: _posts/2026-01-06-mine.md" in done.stderr
    assert "1 Jekyll file written" in ended(place.run("once")).stdout
    written = {path: path.read_bytes() for path in posts.rglob("*.m*")}
    assert written.keys() - before.keys() == {posts / "2026-11-03-three.md"}
    assert before.items() <= written.items()
    feed = (place.public / "feed.atom").read_text()
    assert "Three" in feed  # what readers of feeds get is another matter

    sources.put("a.xml", rss("A", "One", "Two: edited", "Three"))
    ended(place.run("once", "--all"))
    ended(place.run("publish"))
    done = ended(place.run("import", "site/_posts"))
    assert "2 files adopted, 0 of them new; 1 is ours, 1 without a link" in done.stdout
    place.write("feeds: []\n", HEAD)
    ended(place.run("once"))
    assert {path: path.read_bytes() for path in posts.rglob("*.m*")} == before


def test_adopted_files_are_named(place, sources):
    """By `explain`, with the page of the post, and by `takedown`, since it cannot remove them."""
    (place.directory / "site/_posts").mkdir(parents=True)
    old = place.directory / "site/_posts/2026-01-06-old.md"
    old.write_text(post("<http://example.org/A/One>"))
    sources.put("a.xml", rss("A", "One", "Two"))
    place.write(
        f"feeds: [{{url: '{sources.url('a.xml')}', every: 1s}}]\noutput: {{formats: [atom, posts]}}\n"
    )
    ended(place.run("import", "site"))
    ended(place.run("once"))
    told = ended(place.run("explain", "https://example.org/A/One")).stdout
    assert f"{old}: was there before us and tells it" in told
    [page] = [line.split(":")[0].strip() for line in told.splitlines() if line.endswith(": its own page")]
    assert (place.public / page).is_file()
    assert "was there before us" not in ended(place.run("explain", "https://example.org/A/Two")).stdout
    went = ended(place.run("takedown", "https://example.org/A/One")).stdout
    assert f"not ours, so it stays until you remove it: {old}" in went
    assert old.is_file()
    assert "its own page" not in ended(place.run("explain", "https://example.org/A/One")).stdout
    went = ended(place.run("takedown", "--source", sources.url("a.xml"))).stdout
    assert f"not ours, so it stays until you remove it: {old}" in went


def test_what_has_no_posts(place):
    """An empty directory, and a configuration that writes no posts, are told in words."""
    (place.directory / "empty").mkdir()
    place.write("feeds: []\n")
    assert "no posts are in it" in ended(place.run("import", "empty"), 1).stderr
    assert not place.store.exists()
    (place.directory / "empty/a.md").write_text(post("<https://example.org/1>"))
    assert "`output.jekyll` is not set" in ended(place.run("import", "empty")).stderr
